/** Ops as users call them: on tensors they draw, on symbolic tensors they add a node to the functional graph. */

import { FerrogradError, withDetails } from '../errors.js'
import type { TensorLike } from '../types.js'
import { isNamed } from './structure.js'
import { recordCall } from './symbolic-call.js'
import { isSymbolic, type SymbolicTensor, type Target } from './symbolic-tensor.js'
import { Tensor, tensor } from './tensor.js'

/** What an op takes where symbolic tensors may stand for tensors: alone, in lists, among options (which may all be left out). */
type Widened<T> = T extends Tensor
  ? T | SymbolicTensor
  : T extends readonly (infer E)[]
    ? Tensor extends E
      ? readonly (E | SymbolicTensor)[]
      : T
    : Partial<T> extends T
      ? WidenedOptions<T>
      : T

type WidenedOptions<O> = O extends object
  ? { readonly [K in keyof O]: Tensor extends O[K] ? O[K] | SymbolicTensor : O[K] }
  : O

type WidenedAll<A extends readonly unknown[]> = { [K in keyof A]: Widened<A[K]> }

/** A result with symbolic tensors for tensors. */
export type Symbolic<R> = R extends Tensor
  ? SymbolicTensor
  : R extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { [K in keyof R]: Symbolic<R[K]> }
    : R

/** An op: of tensors a tensor, of symbolic tensors a symbolic tensor. */
export interface Op<A extends readonly unknown[], R = Tensor> {
  (...args: A): R
  (...args: WidenedAll<A>): Symbolic<R>
}

/** One call of an op in a functional graph. */
export class Operation implements Target {
  name: string
  named = false
  className: string
  /** The op's name in `ops`. */
  readonly op: string
  readonly run: (...args: readonly unknown[]) => unknown

  constructor(op: string, run: (...args: readonly unknown[]) => unknown) {
    this.op = op
    this.run = run
    this.name = op.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    this.className = op[0]!.toUpperCase() + op.slice(1)
  }
}

/** The op `name`: `draw` on tensors. */
export function op<A extends readonly unknown[], R>(name: string, draw: (...args: A) => R): Op<A, R> {
  const run = draw as Run
  // As many parameters as an op has at most: a rest would make a list at every call.
  const call = (a: unknown, b: unknown, c: unknown, d: unknown): unknown => {
    if (isSymbolic(a) || isSymbolic(b) || isSymbolic(c)) return record(name, run, [a, b, c, d])
    try {
      return run(a, b, c, d)
    } catch (error) {
      // Looked at no sooner: most calls of millions have tensors for options.
      if (holdsSymbols([b, c, d])) return record(name, run, [a, b, c, d])
      throw aboutOperand(name, [a, b, c], error)
    }
  }
  return named(name, call)
}

/** Whether options are among arguments of which one is symbolic. */
function holdsSymbols(args: readonly unknown[]): boolean {
  return args.some((arg) => isNamed(arg) && Object.values(arg).some(isSymbolic))
}

/** As {@link op}, where the first argument is a list of tensors. */
export function opOfList<A extends readonly unknown[], R>(name: string, draw: (...args: A) => R): Op<A, R> {
  const run = draw as Run
  const call = (list: unknown, b: unknown): unknown => {
    if (Array.isArray(list) && list.some(isSymbolic)) return record(name, run, [list, b])
    try {
      return run(list, b)
    } catch (error) {
      throw Array.isArray(list) ? aboutOperand(name, list, error, (at) => `tensors[${at}]`) : error
    }
  }
  return named(name, call)
}

/** As {@link op}, for any number of arguments. */
export function opOfMany<A extends readonly unknown[], R>(name: string, draw: (...args: A) => R): Op<A, R> {
  const run = draw as Run
  const call = (...args: unknown[]): unknown => {
    if (args.some(isSymbolic)) return record(name, run, args)
    try {
      return run(...args)
    } catch (error) {
      throw aboutOperand(name, args, error)
    }
  }
  return named(name, call)
}

/** An error about what is no tensor, with the op and the argument; any other as it is. */
function aboutOperand(
  name: string,
  args: readonly unknown[],
  error: unknown,
  titled = (at: number): string => `argument ${at + 1}`,
): unknown {
  if (!(error instanceof FerrogradError) || error.where !== DATA) return error
  const wrong = (arg: unknown): boolean => !(arg instanceof Tensor) && !isData(arg)
  // A text may be what an op wants there, and what is undefined was not given.
  const first = args.findIndex((arg) => typeof arg !== 'string' && arg !== undefined && wrong(arg))
  const at = first >= 0 ? first : args.findIndex(wrong)
  return withDetails(error, { where: `${name}, ${titled(at)}` })
}

/** Where `tensor` says that its errors happened. */
const DATA = 'tensor data'

function isData(value: unknown): boolean {
  if (typeof value === 'object' && value !== null && 'read' in value) return true
  try {
    tensor(value as TensorLike)
    return true
  } catch {
    return false
  }
}

type Run = (...args: readonly unknown[]) => unknown

function record(name: string, run: Run, args: readonly unknown[]): unknown {
  const given = args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1)
  return recordCall(new Operation(name, run), given, {}, () => run)
}

function named<A extends readonly unknown[], R>(name: string, call: (...args: never[]) => unknown): Op<A, R> {
  return Object.defineProperty(call, 'name', { value: name }) as Op<A, R>
}

/** Functions of tensors, compiled: traced once for each kind of arguments, then run in Rust. */

import { floatx } from './config.js'
import { flatten, isShaped } from './core/flatten.js'
import { runInline } from './core/inline-runs.js'
import { KeptPrograms } from './core/kept-programs.js'
import { checkPrecision, precision as configured, type Precision } from './core/precision.js'
import { aborted, compile, type Program } from './core/program.js'
import { isRecording } from './core/recording.js'
import { sameShape } from './core/shapes.js'
import { isNamed, leavesOf, packAs, type Structure } from './core/structure.js'
import { Tensor, tensor } from './core/tensor.js'
import { placeholder, trace } from './core/trace.js'
import { currentTrace, type Settings } from './core/trace-stack.js'
import { Variable } from './core/variable.js'
import { checkWhole } from './data/copy.js'
import { FerrogradError, fail } from './errors.js'
import type { Kinds, Named, OptionsOf } from './options/fields.js'
import { primitiveKinds } from './options/kinds.js'
import { optionsReader } from './options/reader.js'
import type { DType, NestedData, Shape, TensorLike } from './types.js'

/** What a compiled function may be called with: data, which becomes a tensor, and variables, which stay what they are. */
export type JitArgument = TensorLike | Variable

/** What a compiled function may return: tensors, alone, in lists or by name; or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that only assigns variables returns nothing
export type JitResult = Structure<Tensor> | void

/** What calls of the compiled function may pass for its parameters. */
export type Passed<A extends readonly unknown[]> = { [K in keyof A]: A[K] extends Variable ? A[K] : JitArgument }

/** A compiled function. */
export interface Jitted<A extends readonly unknown[], R> {
  (...args: Passed<A>): Promise<R>
  /** Calls the function itself, as part of the surrounding traced or recorded function. */
  draw(...args: Passed<A>): R
}

/** Functions whose arguments are never alike fill no memory: the programs used least recently are forgotten. */
const ROOM = { programs: 64, bytes: 64 << 20 }

const fields = {
  /** How exact products of float32 matrices are; by default what is configured now. */
  precision: { type: 'precision', default: null },
  /**
   * Ends an `ops.whileLoop` that goes on and on: once it aborts, calls reject with ERR_ABORTED, those that run too.
   * Variables stay as they were before such a call. Default null.
   */
  signal: { type: 'signal', default: null },
} as const

const kinds: Kinds = {
  ...primitiveKinds,
  precision: { check: (value, where) => checkPrecision(where, value) },
}

const readOptions = optionsReader('jit', fields, kinds)

/** Options of {@link jit}. */
export interface JitOptions extends OptionsOf<typeof fields>, Named {}

/**
 * A compiled `fn`: traced once for each combination of shapes and dtypes of its arguments, then run by Rust off the
 * event loop (short programs where they are called). Variables that `fn` assigns change with each run; runs keep the
 * order of calls. Errors, also of the arguments and of the tracing, reject the promise.
 *
 * `fn` takes as many arguments as it names: one too many is an error where its text has no defaults or rests.
 * `fn` runs only while it is traced. JavaScript values that it closes over are constants of the program, and so is an
 * `if` on one: pass a number as an argument to make it an input, and branch on tensors with `ops.where`. Inside
 * another traced function, or while a tape records, a call is part of that: it is the same as `draw`, which gives
 * tensors and no promise.
 *
 * @example
 * import { GradientTape, jit, losses, optimizers, Sequential, type Tensor, layers } from 'ferrograd'
 *
 * const model = new Sequential([new layers.Dense({ units: 1, inputShape: [3] })])
 * const optimizer = new optimizers.Adam({ learningRate: 0.01 })
 * const mse = new losses.MeanSquaredError()
 * const step = jit((x: Tensor, y: Tensor) => {
 *   const tape = new GradientTape()
 *   const loss = tape.record(() => mse.apply(y, model.apply(x)))
 *   optimizer.apply(tape.gradient(loss, model.trainableVariables), model.trainableVariables)
 *   return loss
 * })
 * const loss = await step([[1, 2, 3]], [[4]])
 * console.log(await loss.item())
 */
export function jit<A extends readonly (Tensor | Variable | undefined)[], R extends JitResult>(
  fn: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  if (typeof fn !== 'function') fail('ERR_CONFIG', 'jit', 'a function', fn)
  const { signal, precision: given } = readOptions(options)
  const level = given ?? configured()
  const programs = new Programs(fn as never, level)
  const call = (...given: Passed<A>): Promise<R> => {
    if (currentTrace() !== undefined || isRecording()) return draw(...given) as unknown as Promise<R>
    try {
      if (given.length > fn.length) checkCount(fn, given.length)
      const args = given.map(argument)
      const { program, assemble } = programs.of(args)
      if (signal === undefined) return runInline(program, args.filter(isTensor), assemble) as Promise<R>
      const run = (): Promise<R> => runInline(program, args.filter(isTensor), assemble) as Promise<R>
      return untilAborted(run, program, `jit ${fn.name}`.trim(), signal)
    } catch (error) {
      return Promise.reject(given.length < fn.length ? tooFew(fn, given.length, error) : error)
    }
  }
  const draw = (...given: Passed<A>): R => {
    if (given.length > fn.length) checkCount(fn, given.length)
    return fn(...(given.map(argument) as unknown as A))
  }
  return Object.assign(Object.defineProperty(call, 'name', { value: `jit ${fn.name}`.trim() }), { draw })
}

/** A run of a program, which the signal ends where it goes on without an end. */
async function untilAborted<R>(
  run: () => Promise<R>,
  program: Program,
  where: string,
  signal: AbortSignal,
): Promise<R> {
  if (signal.aborted) throw aborted(where, signal)
  const stop = (): void => program.stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await run()
  } catch (error) {
    throw error instanceof FerrogradError && error.code === 'ERR_ABORTED' ? aborted(where, signal) : error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** What a function has been compiled to. */
class Programs {
  readonly #fn: (...args: readonly (Tensor | Variable)[]) => unknown
  readonly #precision: Precision
  readonly #known = new KeptPrograms<Compiled>(ROOM)
  /** What the last call used: most often the next one does. */
  #last: Compiled | undefined

  constructor(fn: (...args: readonly (Tensor | Variable)[]) => unknown, precision: Precision) {
    this.#fn = fn
    this.#precision = precision
  }

  /** The program for such arguments and for settings such as `trainable` as they are, traced where there is none. */
  of(args: readonly (Tensor | Variable)[]): Compiled {
    if (this.#last !== undefined && fits(this.#last, args) && this.#last.settings.areCurrent) return this.#last
    this.#last = this.#find(args)
    return this.#last
  }

  #find(args: readonly (Tensor | Variable)[]): Compiled {
    const key = args.map(keyOf).join(';')
    return this.#known.of(key, () => traceCall(this.#fn, args, this.#precision))
  }
}

interface Compiled {
  readonly program: Program
  /** What it was traced with: stand-ins for data, and variables. */
  readonly symbols: readonly (Tensor | Variable)[]
  /** Puts the program's outputs in the shape that `fn` returned. */
  readonly assemble: (outputs: readonly Tensor[]) => unknown
  readonly settings: Settings
}

/** True where it was compiled for such arguments. */
function fits({ symbols }: Compiled, args: readonly (Tensor | Variable)[]): boolean {
  if (symbols.length !== args.length) return false
  for (let index = 0; index < args.length; index += 1) {
    const [symbol, arg] = [symbols[index], args[index]]
    if (symbol === arg) continue
    if (!(symbol instanceof Tensor && arg instanceof Tensor)) return false
    if (symbol.dtype !== arg.dtype || !sameShape(symbol.shape, arg.shape)) return false
  }
  return true
}

function isTensor(arg: unknown): arg is Tensor {
  return arg instanceof Tensor
}

/** A parameter list of plain names: without defaults, rests or anything else that leaves the count open. */
const PLAIN = /^(?:function)?\s*[\w$]*\s*\(\s*(?:[\w$]+\s*,?\s*)*\)\s*(?:=>|\{)|^[\w$]+\s*=>/

type AnyFunction = (...args: never) => unknown

/** Throws for too many arguments, where the function's text says how many it takes. */
function checkCount(fn: AnyFunction, given: number): void {
  const text = Function.prototype.toString.call(fn)
  if (PLAIN.test(text) && !text.includes('arguments'))
    throw wrongCount(fn, given, '. In a map: list.map((x) => step(x))')
}

/** What tracing threw where arguments are missing, which may have been left out on purpose. */
function tooFew(fn: AnyFunction, given: number, cause: unknown): FerrogradError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return wrongCount(fn, given, `. Without the others it failed: ${text}`, cause)
}

function wrongCount(fn: AnyFunction, given: number, rest: string, cause?: unknown): FerrogradError {
  const [name, wanted] = [`jit ${fn.name}`.trim(), fn.length]
  const message = `${name}: expected ${wanted} argument${wanted === 1 ? '' : 's'}, got ${given}${rest}`
  return new FerrogradError('ERR_DATA', message, cause === undefined ? undefined : { cause })
}

function argument(value: unknown, index: number): Tensor | Variable {
  if (value instanceof Tensor || value instanceof Variable) return value
  if (typeof value === 'number') return tensor(value, [], floatx())
  if (Array.isArray(value)) return nested(value, index)
  if (typeof value === 'boolean' || ArrayBuffer.isView(value) || isShaped(value)) return tensor(value as TensorLike)
  return fail('ERR_DATA', `jit argument ${index}`, 'a tensor, a variable, or data for a tensor', value)
}

/** Plain numbers; whole ones that float32 would round are refused: they may be ids. */
function nested(data: NestedData, index: number): Tensor {
  const { values, shape, dtype } = flatten(data)
  if (dtype === 'float32') checkWhole(`jit argument ${index}`, values as readonly number[], shape)
  return tensor(values as readonly number[], shape, dtype)
}

const identities = new WeakMap<Variable, number>()
let variables = 0

/** What a program is compiled for: shape and dtype of data, and which variable. */
function keyOf(arg: Tensor | Variable): string {
  if (arg instanceof Tensor) return `${arg.dtype}:${arg.shape}`
  let id = identities.get(arg)
  if (id === undefined) {
    variables += 1
    id = variables
    identities.set(arg, id)
  }
  return `#${id}`
}

function traceCall(
  fn: (...args: readonly (Tensor | Variable)[]) => unknown,
  args: readonly (Tensor | Variable)[],
  precision: Precision,
): Compiled {
  const stand = ({ shape, dtype }: { shape: Shape; dtype: DType }): Tensor => placeholder(shape, dtype)
  const symbols = args.map((arg) => (arg instanceof Tensor ? stand(arg) : arg))
  const { result, updates, reads, settings, guards, endless } = trace(() => fn(...symbols))
  const { outputs, assemble } = disassemble(result)
  const inputs = symbols.filter((symbol) => symbol instanceof Tensor)
  const program = compile({ inputs, outputs, updates, reads, guards, precision, endless })
  return { program, symbols, assemble, settings }
}

function disassemble(result: unknown): Pick<Compiled, 'assemble'> & { readonly outputs: readonly Tensor[] } {
  if (result instanceof Tensor) return { outputs: [result], assemble: ([output]) => output }
  if (result !== undefined) checkResult(result, '')
  return { outputs: leavesOf(result, isTensor), assemble: (outputs) => packAs(result, isTensor, outputs) }
}

function checkResult(value: unknown, where: string): void {
  if (Array.isArray(value)) value.forEach((one, index) => void checkResult(one, `${where}[${index}]`))
  else if (isNamed(value)) for (const [name, one] of Object.entries(value)) checkResult(one, `${where}.${name}`)
  else if (!(value instanceof Tensor)) refuse(where, value)
}

function refuse(where: string, value: unknown): never {
  const hint =
    value instanceof Promise
      ? 'A traced function is synchronous; inside it, call `draw` of another compiled function'
      : 'Other values exist only while the function is traced'
  return fail('ERR_DATA', `jit result${where}`, 'tensors, in a list or by name, or nothing', value, hint)
}

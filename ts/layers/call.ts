/** From the arguments that a call was given to what a layer's `call` takes. */

import { returnedTensors } from '../core/check-returned.js'
import { maskOn, setMask } from '../core/mask.js'
import { holds, isNamed, leavesOf, mapStructure } from '../core/structure.js'
import { isSymbolic } from '../core/symbolic-tensor.js'
import { Tensor, tensor } from '../core/tensor.js'
import { Variable } from '../core/variable.js'
import { fail, hintFor } from '../errors.js'
import { toIds } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { FloatDType, TensorLike } from '../types.js'
import type { InputKind } from './layer.js'
import type { Masks } from './typed-call.js'

/** The arguments of a call by place and by name, as Keras writes them. */
export interface Arguments {
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

/** The inputs of a call, and its other arguments. */
export interface Bound {
  readonly x: unknown
  readonly context: Readonly<Record<string, unknown>>
}

/**
 * What `apply(x, context)` means by place and by name: inputs that have names (`parameters`) are arguments of their own,
 * the first by place.
 */
export function argumentsOf(
  title: string,
  parameters: readonly string[],
  x: unknown,
  context: Bound['context'],
): Arguments {
  if (parameters.length === 0) return { args: [x], kwargs: context }
  const inputs = isNamed(x) ? x : byPlace(title, parameters, x)
  for (const name of Object.keys(inputs))
    if (!parameters.includes(name))
      fail('ERR_DATA', `${title} input`, 'names it knows', name, hintFor(name, parameters))
  const [first = '', ...others] = parameters
  const named = others.filter((name) => inputs[name] !== undefined).map((name) => [name, inputs[name]])
  return { args: [inputs[first]], kwargs: { ...Object.fromEntries(named), ...context } }
}

function byPlace(title: string, parameters: readonly string[], x: unknown): Record<string, unknown> {
  const list = Array.isArray(x) && holds(x, isTensorLike) ? (x as unknown[]) : [x]
  if (list.length > parameters.length)
    fail('ERR_SHAPE', `${title} input`, inputNames(parameters), { text: `${list.length}` })
  return Object.fromEntries(list.map((one, i) => [parameters[i]!, one]))
}

/** The inputs as `call` wants them: the one argument; or, of a layer with `parameters`, all inputs by their names. */
export function bind(title: string, parameters: readonly string[], { args, kwargs }: Arguments): Bound {
  if (parameters.length === 0) {
    if (args.length > 1)
      fail('ERR_DATA', title, 'one input', { text: `${args.length}` }, 'Several inputs go into a list: apply([a, b])')
    return { x: args[0], context: kwargs }
  }
  const x: Record<string, unknown> = {}
  const context: Record<string, unknown> = {}
  for (const [i, arg] of args.entries()) x[parameters[i] ?? fail('ERR_DATA', title, inputNames(parameters), arg)] = arg
  for (const [name, value] of Object.entries(kwargs)) (parameters.includes(name) ? x : context)[name] = value
  const [first = ''] = parameters
  if (x[first] === undefined) fail('ERR_DATA', `${title} ${first}`, 'a tensor or numbers', undefined)
  return { x, context }
}

function inputNames(parameters: readonly string[]): string {
  return `at most ${parameters.length} inputs (${parameters.join(', ')})`
}

/** Whether something in the inputs is symbolic. */
export function hasSymbols(x: unknown, context: Bound['context'] | undefined): boolean {
  if (isSymbolic(x)) return true
  if (x instanceof Tensor && context === undefined) return false
  return holds(x, isSymbolic) || (context !== undefined && holds(context, isSymbolic))
}

/** What the inputs of a layer are: one tensor, several in a list, or whatever its `call` declares. */
export type Takes = 'one' | 'several' | 'any'

/** Throws where there are more inputs than a layer takes, or fewer. */
export function checkCount(title: string, takes: Takes, x: unknown): void {
  if (takes === 'any') return
  if (takes === 'one' ? isOne(x) : Array.isArray(x) && x.length > 1 && x.every(isOne)) return
  const shapes = mapStructure(x, (one) => (isTensor(one) || isSymbolic(one) ? one.shape : one))
  if (takes === 'several') fail('ERR_SHAPE', `${title} input`, 'a list of at least two tensors', shapes)
  const hint = Array.isArray(x) ? 'Join several with Concatenate or Add first' : undefined
  fail('ERR_SHAPE', `${title} input`, 'one tensor', shapes, hint)
}

/** Neither a list nor by name; numbers in nested arrays are one tensor. */
function isOne(x: unknown): boolean {
  return !isNamed(x) && !(Array.isArray(x) && holds(x, isTensorLike))
}

/** How a layer reads its inputs. */
export interface Reads {
  /** The layer's element type. */
  readonly dtype: FloatDType
  /** Whether floats are cast to it. */
  readonly casts: boolean
  /** What the layer makes of the input at a position. */
  kind(position: number): InputKind
}

/** Inputs as tensors in their structure; floats in the layer's element type, other types as they are. */
export function toInputs(title: string, x: unknown, reads: Reads, position = 0): unknown {
  if (x instanceof Tensor) return inType(x, reads)
  if (x === undefined || x === null) fail('ERR_DATA', `${title} input`, 'a tensor or numbers', x)
  if (isNamed(x)) return named(title, x, reads)
  if (Array.isArray(x) && holds(x, isTensorLike))
    return x.map((one, i) => (one === undefined ? one : toInputs(title, one, reads, i)))
  return inType(toTensor(title, x, reads.dtype, reads.kind(position)), reads)
}

function named(title: string, x: Readonly<Record<string, unknown>>, reads: Reads): unknown {
  const entries = Object.entries(x).filter(([, one]) => one !== undefined)
  return Object.fromEntries(entries.map(([name, one], i) => [name, toInputs(`${title} ${name}`, one, reads, i)]))
}

/** Plain data as a tensor of the type that the layer reads. */
function toTensor(title: string, x: unknown, dtype: FloatDType, kind: InputKind): Tensor {
  if (x instanceof Variable) return x.read()
  if (kind === 'ids') return toIds(`${title} input`, x as TensorLike)
  // Plain numbers take the layer's element type; typed arrays of integers keep theirs.
  const plain = typeof x === 'number' || Array.isArray(x)
  return tensor(x as TensorLike, undefined, plain ? (kind === 'exact' ? 'float64' : dtype) : undefined)
}

function inType(x: Tensor, { dtype, casts }: Reads): Tensor {
  return !casts || x.dtype === dtype || x.dtype === 'int32' || x.dtype === 'bool' ? x : ops.cast(x, dtype)
}

/** The masks that came with inputs, in their structure; undefined where the only input has none. */
export function masksOf(x: unknown): Masks {
  return x instanceof Tensor
    ? maskOn(x)
    : (mapStructure(x, (one) => (isTensor(one) ? maskOn(one) : undefined)) as Masks)
}

/** Lets masks travel with results: one with all of them, or each with its own. */
export function giveMasks(results: unknown, masks: Masks): void {
  if (masks === undefined) return
  if (results instanceof Tensor) {
    const own = Array.isArray(masks) ? (masks as readonly unknown[])[0] : masks
    if (own instanceof Tensor) setMask(results, own)
  } else if (masks instanceof Tensor) for (const one of leavesOf(results, isTensor)) setMask(one, masks)
  else if (Array.isArray(results))
    for (const [i, one] of results.entries()) giveMasks(one, (masks as readonly Masks[])[i])
  else if (isNamed(results))
    for (const [name, one] of Object.entries(results)) giveMasks(one, (masks as Readonly<Record<string, Masks>>)[name])
}

/** The shapes of inputs, in their structure. */
export function shapesOf(x: unknown): unknown {
  return mapStructure(x, (one) => (isTensor(one) ? one.shape : one))
}

/** What `call` returned: a tensor (or what becomes one), a list, or by name. */
export function returnedStructure(value: unknown, where: string): unknown {
  if (value instanceof Tensor) return value
  const isStructure =
    isNamed(value) || (Array.isArray(value) && value.some((one) => Array.isArray(one) || isNamed(one)))
  if (!isStructure || leavesOf(value, isTensor).length === 0) return returnedTensors(value, where)
  return mapStructure(value, (one) => (one === undefined ? one : returnedTensors(one, where)))
}

export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}

/** Plain numbers are data; a list with one of these in it is a list of inputs. */
function isTensorLike(value: unknown): boolean {
  return value instanceof Tensor || value instanceof Variable || isSymbolic(value)
}

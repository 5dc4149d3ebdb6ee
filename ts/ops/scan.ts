/** Loops with a carried state. */

import { Operation, type Symbolic } from '../core/operation.js'
import { holds, isNamed, leavesOf, mapStructure, packAs } from '../core/structure.js'
import { recordCall } from '../core/symbolic-call.js'
import { isSymbolic, type SymbolicTensor } from '../core/symbolic-tensor.js'
import { Tensor } from '../core/tensor.js'
import { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { axisOf, checked, full, type Operand, toTensor } from './operand.js'
import { slice, squeeze, stack, transpose } from './shape.js'

/** A structure with a tensor for everything that becomes one. */
export type TensorsOf<S> = S extends Operand | SymbolicTensor
  ? Tensor
  : S extends null | undefined
    ? S
    : { readonly [K in keyof S]: TensorsOf<S[K]> }

/** What a loop gives: symbolic tensors where it was given such. */
export type Scanned<C, X, O> =
  Holds<C | X> extends true ? [Symbolic<TensorsOf<C>>, Symbolic<TensorsOf<O>>] : [TensorsOf<C>, TensorsOf<O>]

/** True where there is a symbolic tensor in a structure. */
type Holds<S> = true extends HoldsAny<S> ? true : false
type HoldsAny<S> = S extends SymbolicTensor
  ? true
  : S extends Operand | null | undefined
    ? false
    : { [K in keyof S]: HoldsAny<S[K]> }[keyof S & (S extends readonly unknown[] ? number : keyof S)]

/** Along which axis, from which end, how far. */
export interface ScanSequenceOptions {
  /** True begins at the end; outputs keep the order of the sequence. Default false. */
  readonly reverse?: boolean
  /** The axis of `xs` that is walked along, and on which the outputs lie. Default 0. */
  readonly axis?: number
  /** How many steps. Needed without `xs`; else it has to be their length. */
  readonly length?: number
}

/**
 * Walks along a sequence with a carried state: `(carryₜ, outₜ) = step(carryₜ₋₁, xₜ)`, `carry₀ = init`.
 *
 * `init`, `xs` and what `step` gives are structures: a tensor, a list, or by name, nested as deep as wanted. `xₜ` has the
 * axis no more; without `xs` it is `xs` itself (null or undefined), and `length` says how many steps there are. Tensors and
 * variables that `step` uses from outside are constants of the loop, with gradients of their own. The carry keeps its
 * shapes and dtypes. Derivatives of any order go through all steps.
 *
 * The loop is drawn out: `step` is called once for each element, so the graph, and the time to compile it, grow with the
 * length. Of a sequence of no elements `step` is called once, on zeros, for the shapes of its outputs: these are then of
 * length 0, and the carry is `init`.
 *
 * @returns The carry of the last step, and the outputs of all steps along a new axis, in the structure that `step` gave.
 * @throws `ERR_SHAPE`, `ERR_DTYPE` where a step changes the carry, or lengths differ; `ERR_CONFIG` where `step` is no
 * function or there is no length. As `keras.ops.scan`.
 * @example
 * import { ops } from 'ferrograd'
 *
 * // A savings account: deposits, and one per cent of interest.
 * const deposit = [100, 100, 100]
 * const [last, all] = ops.scan(
 *   (saved, x) => {
 *     const now = ops.add(ops.multiply(saved, 1.01), x)
 *     return [now, now]
 *   },
 *   0,
 *   deposit,
 * )
 * console.log(last.itemSync(), all.shape) // 303.01 [3]
 */
export function scan<const C, const X = undefined, O = unknown>(
  step: (carry: NoInfer<TensorsOf<C>>, x: NoInfer<TensorsOf<X>>) => readonly [NoInfer<TensorsOf<C>>, O],
  init: C,
  xs?: X,
  options?: ScanSequenceOptions,
): Scanned<C, X, O>
export function scan(step: Step, init: unknown, xs?: unknown, options: ScanSequenceOptions = {}): unknown {
  if (!holds([init, xs], isSymbolic)) return run(step, init, xs, options)
  return recordCall(new Operation('scan', run as never), [step, init, xs, options], {}, () => run as never)
}

type Step = (carry: unknown, x: unknown) => readonly [unknown, unknown]

function run(step: Step, init: unknown, xs: unknown, options: ScanSequenceOptions): [unknown, unknown] {
  const { axis = 0, reverse = false, length } = checked('scan', options, ['axis', 'reverse', 'length'])
  if (typeof step !== 'function') fail('ERR_CONFIG', 'scan step', 'a function', step)
  const [carry, sequences] = [tensorsIn(init), tensorsIn(xs)]
  const rows = leavesOf(sequences, isTensor).map((x) => inFront(x, axis))
  const count = countOf(rows, axis, length)
  const [last, outputs] = drawOut({ step, carry, sequences, rows, reverse }, count)
  return [last, mapStructure(outputs, (out) => (isTensor(out) ? moved(out, 0, axisOf('scan', axis, out.rank)) : out))]
}

/** A loop over the first axis of `rows`, the tensors of `sequences`. */
interface Loop {
  readonly step: Step
  readonly carry: unknown
  readonly sequences: unknown
  readonly rows: readonly Tensor[]
  readonly reverse: boolean
}

/** Step after step; the outputs lie along a new first axis. */
function drawOut(loop: Loop, count: number): [carry: unknown, outputs: unknown] {
  if (count === 0) return [loop.carry, ofNone(loop)]
  const outputs: Tensor[][] = new Array<Tensor[]>(count)
  let [carry, output]: readonly [unknown, unknown] = [loop.carry, undefined]
  for (let turn = 0; turn < count; turn += 1) {
    const index = loop.reverse ? count - 1 - turn : turn
    const x = loop.rows.map((row) => element(row, index))
    ;[carry, output] = called(loop, carry, x)
    outputs[index] = leavesOf(output, isTensor)
  }
  return [
    carry,
    packAs(
      output,
      isTensor,
      outputs[0]!.map((_, i) => stack(outputs.map((row) => row[i]!))),
    ),
  ]
}

/** The outputs of no steps, whose shapes a step on zeros tells. */
function ofNone(loop: Loop): unknown {
  const zeros = loop.rows.map((row) => full(row.shape.slice(1), 0, row.dtype))
  const outputs = called(loop, loop.carry, zeros)[1]
  return mapStructure(outputs, (out) => (isTensor(out) ? full([0, ...out.shape], 0, out.dtype) : out))
}

/** One step, checked. */
function called({ step, carry: init, sequences }: Loop, carry: unknown, x: readonly Tensor[]): [unknown, unknown] {
  const given: unknown = step(carry, packAs(sequences, isTensor, x))
  if (!Array.isArray(given) || given.length !== 2) fail('ERR_CONFIG', 'scan step', 'a pair [carry, output]', given)
  const [next, output] = given.map((one) => tensorsIn(one))
  checkCarry(init, next)
  return [next, output]
}

function checkCarry(before: unknown, after: unknown): void {
  const [expected, got] = [describe(before), describe(after)]
  if (expected === got) return
  const [shapes, gotShapes] = [expected, got].map((text) => text.replace(/(?:float|int)\d+|bool/g, ''))
  const hint = 'A step gives the carry as it got it: ops.reshape, ops.cast, or another init'
  fail(shapes === gotShapes ? 'ERR_DTYPE' : 'ERR_SHAPE', 'scan carry', expected, { text: got }, hint)
}

/** `float32[2]`, `[float32[2], int32[]]`, `{ h: float32[2] }` */
function describe(structure: unknown): string {
  if (isTensor(structure)) return `${structure.dtype}[${structure.shape.join(', ')}]`
  if (Array.isArray(structure)) return `[${structure.map(describe).join(', ')}]`
  if (!isNamed(structure)) return String(structure ?? 'nothing')
  const names = Object.keys(structure).sort()
  return `{ ${names.map((name) => `${name}: ${describe(structure[name])}`).join(', ')} }`
}

/** A structure with its data as tensors: a list is data unless there is a tensor, a variable or a name in it. */
function tensorsIn(value: unknown): unknown {
  if (value === undefined || value === null) return value
  if (isNamed(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, tensorsIn(one)]))
  if (Array.isArray(value) && holds(value, isThing)) return value.map(tensorsIn)
  return toTensor(value as Operand)
}

function isThing(value: unknown): boolean {
  return isTensor(value) || value instanceof Variable || isNamed(value)
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}

function inFront(x: Tensor, axis: number): Tensor {
  return moved(x, axisOf('scan', axis, x.rank), 0)
}

/** Axis `from` at `to`, the others in their order. */
function moved(x: Tensor, from: number, to: number): Tensor {
  if (from === to) return x
  const perm = x.shape.map((_, i) => i).filter((i) => i !== from)
  perm.splice(to, 0, from)
  return transpose(x, perm)
}

/** How many steps: what all sequences and `length` agree on. */
function countOf(rows: readonly Tensor[], axis: number, length: number | undefined): number {
  if (length !== undefined && !(Number.isInteger(length) && length >= 0)) {
    fail('ERR_CONFIG', 'scan length', 'an integer >= 0', length)
  }
  const lengths = rows.map((row) => row.shape[0]!)
  const count = length ?? lengths[0]
  if (count === undefined) fail('ERR_CONFIG', 'scan', 'xs, or a length', { text: 'neither' })
  if (lengths.some((one) => one !== count)) {
    const all = `${lengths.join(', ')}${length === undefined ? '' : ` and length ${length}`}`
    fail('ERR_SHAPE', 'scan', `sequences of one length along axis ${axis}`, { text: all })
  }
  return count
}

function element(row: Tensor, index: number): Tensor {
  const begin = row.shape.map((_, i) => (i === 0 ? index : 0))
  return squeeze(slice(row, { begin, size: [1, ...row.shape.slice(1)] }), 0)
}

/** Loops with a carried state. */

import { drawLoop } from '../core/loop-body.js'
import { Operation, type Symbolic } from '../core/operation.js'
import { holds, leavesOf, packAs } from '../core/structure.js'
import { recordCall } from '../core/symbolic-call.js'
import { isSymbolic, type SymbolicTensor } from '../core/symbolic-tensor.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import { checkCarried, isTensor, tensorsIn } from './carried.js'
import { axisOf, type Operand } from './operand.js'
import { opOptions } from './options.js'
import { transpose } from './shape.js'

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
export type Holds<S> = true extends HoldsAny<S> ? true : false
type HoldsAny<S> = S extends SymbolicTensor
  ? true
  : S extends Operand | null | undefined
    ? false
    : { [K in keyof S]: HoldsAny<S[K]> }[keyof S & (S extends readonly unknown[] ? number : keyof S)]

const sequenceFields = {
  /** True begins at the end; outputs keep the order of the sequence. Default false. */
  reverse: { type: 'boolean', default: false },
  /** The axis of `xs` that is walked along, and on which the outputs lie. Default 0. */
  axis: { type: 'oneAxis', default: 0 },
  /** How many steps. Needed without `xs`; the length of these unless given. */
  length: { type: 'integer', default: null, min: 0 },
  /**
   * Steps of a segment that the way back walks once more, instead of keeping what it reads of every step; nothing is
   * walked twice unless given.
   */
  checkpoint: { type: 'integer', default: null, min: 1 },
} as const

/** Along which axis, from which end, how far, and what is kept for the way back. */
export interface ScanSequenceOptions extends FunctionOptions<typeof sequenceFields>, Named {}

const read = opOptions('scan', sequenceFields)

/**
 * Walks along a sequence with a carried state: `(carryₜ, outₜ) = step(carryₜ₋₁, xₜ)`, `carry₀ = init`.
 *
 * `init`, `xs` and what `step` gives are structures: a tensor, a list, or by name, nested as deep as wanted. `xₜ` has the
 * axis no more; without `xs` it is `xs` itself (null or undefined), and `length` says how many steps there are. Tensors and
 * variables that `step` uses from outside are constants of the loop, with gradients of their own. The carry keeps its
 * shapes and dtypes. Derivatives of any order go through all steps.
 *
 * `step` is called once, while the loop is drawn, on tensors without numbers; the loop is one op, and compiles as fast for ten
 * elements as for ten thousand. What does not change from step to step is computed before it, and so are products of the
 * elements with such (`x·W` for all steps at once). Of no elements the carry is `init`, and the outputs have length 0. A step
 * assigns no variables: what changes is carried. A signal ends a loop that is long, by its steps
 * (ten thousand), its operations (a billion) or what it writes (64 MiB), between two of them.
 *
 * A gradient reads something of every step, which is kept: memory for T steps. With `checkpoint: n` only the carries between
 * segments of n steps are kept, and the way back walks each segment once more before it goes through it: memory for T/n carries
 * and n steps, least where n is about √T, for about a third more time. Numbers are the same, but for the order in which products
 * add up over the steps.
 *
 * @returns The carry of the last step, and the outputs of all steps along a new axis, in the structure that `step` gave.
 * @throws `ERR_SHAPE`, `ERR_DTYPE` where a step changes the carry, or lengths differ; `ERR_CONFIG` where `step` is no
 * function or there is no length; `ERR_STATE` where a step assigns a variable, which random numbers with a generator do.
 * As `keras.ops.scan`.
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
export function scan(step: Step, init: unknown, xs?: unknown, options?: ScanSequenceOptions): unknown {
  if (!holds([init, xs], isSymbolic)) return run(step, init, xs, options)
  return recordCall(new Operation('scan', run as never), [step, init, xs, options], {}, () => run as never)
}

type Step = (carry: unknown, x: unknown) => readonly [unknown, unknown]

function run(step: Step, init: unknown, xs: unknown, options?: ScanSequenceOptions): [unknown, unknown] {
  const { axis, reverse, length, checkpoint } = read(options)
  if (typeof step !== 'function') fail('ERR_CONFIG', 'scan step', 'a function', step)
  const [carry, sequences] = [tensorsIn(init), tensorsIn(xs)]
  const rows = leavesOf(sequences, isTensor).map((x) => inFront(x, axis))
  const count = countOf(rows, axis, length)
  let output: unknown
  const loop = { init: leavesOf(carry, isTensor), sequences: rows, length: count, reverse, segment: checkpoint }
  const all = drawLoop('scan', loop, (carries, elements) => {
    const given = called(step, packAs(carry, isTensor, carries), packAs(sequences, isTensor, elements))
    checkCarried('scan', carry, given[0])
    output = given[1]
    return { next: leavesOf(given[0], isTensor), outputs: leavesOf(output, isTensor) }
  })
  const stacked = all.slice(loop.init.length).map((out) => moved(out, 0, axisOf('scan', axis, out.rank)))
  return [packAs(carry, isTensor, all), packAs(output, isTensor, stacked)]
}

/** What a step gives, as tensors. */
function called(step: Step, carry: unknown, x: unknown): readonly [unknown, unknown] {
  const given: unknown = step(carry, x)
  if (!Array.isArray(given) || given.length !== 2) fail('ERR_CONFIG', 'scan step', 'a pair [carry, output]', given)
  return [tensorsIn(given[0]), tensorsIn(given[1])]
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
  const lengths = rows.map((row) => row.shape[0]!)
  const count = length ?? lengths[0]
  if (count === undefined) fail('ERR_CONFIG', 'scan', 'xs, or a length', { text: 'neither' })
  if (lengths.some((one) => one !== count)) {
    const all = `${lengths.join(', ')}${length === undefined ? '' : ` and length ${length}`}`
    fail('ERR_SHAPE', 'scan', `sequences of one length along axis ${axis}`, { text: all })
  }
  return count
}

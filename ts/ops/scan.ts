/** Loops with a carried state. */

import { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { axisOf, checked, lengthOf, type Operand, toTensor } from './operand.js'
import { slice, squeeze, stack } from './shape.js'

/** What a loop carries from one step to the next: one tensor, or several. */
export type Carry = Tensor | readonly Tensor[]

/** Along which axis, and from which end. */
export interface ScanSequenceOptions {
  /** The axis that is walked along, the first by default. */
  readonly axis?: number
  /** True begins at the end; outputs keep the order of the sequence. */
  readonly reverse?: boolean
}

/** What a loop leaves. */
export interface Scanned<C extends Carry> {
  /** What was carried out of the last step. */
  readonly carry: C
  /** The outputs of all steps along a new first axis. */
  readonly outputs: Tensor
}

/**
 * Walks along a sequence: `(carryₜ, outputₜ) = step(carryₜ₋₁, xₜ)`. Every length of `carry` stays as it is.
 *
 * The loop is drawn out: `step` is called once for each element, so the graph, and the time to compile it, grow with
 * the length. Derivatives go through all steps, of any order.
 *
 * @example
 * import { ops, type Tensor, tensor } from 'ferrograd'
 *
 * // A savings account: deposits, and one per cent of interest.
 * const { carry, outputs } = ops.scan(
 *   (saved: Tensor, deposit) => {
 *     const now = ops.add(ops.multiply(saved, 1.01), deposit)
 *     return { carry: now, output: now }
 *   },
 *   tensor(0),
 *   [100, 100, 100],
 * )
 * console.log(carry.itemSync(), outputs.shape) // 303.01 [3]
 */
export function scan<C extends Carry>(
  step: (carry: C, x: Tensor, index: number) => { readonly carry: C; readonly output: Tensor },
  initial: C,
  sequence: Operand,
  options: ScanSequenceOptions = {},
): Scanned<C> {
  const { axis = 0, reverse = false } = checked('scan', options, ['axis', 'reverse'])
  if (typeof step !== 'function') fail('ERR_CONFIG', 'scan step', 'a function', step)
  const xs = toTensor(sequence)
  const at = axisOf('scan', axis, xs.rank)
  const length = lengthOf(xs, at)
  if (length === 0) fail('ERR_SHAPE', 'scan', 'a sequence of at least one element', xs.shape)
  const outputs: Tensor[] = new Array<Tensor>(length)
  let carry = initial
  for (let turn = 0; turn < length; turn += 1) {
    const index = reverse ? length - 1 - turn : turn
    const next = step(carry, element(xs, at, index), index)
    if (!(next?.output instanceof Tensor)) fail('ERR_DATA', 'scan output', 'a tensor', next?.output)
    carry = checkedCarry(carry, next.carry)
    outputs[index] = next.output
  }
  return { carry, outputs: stack(outputs) }
}

function element(xs: Tensor, axis: number, index: number): Tensor {
  const begin = xs.shape.map((_, i) => (i === axis ? index : 0))
  const size = xs.shape.map((length, i) => (i === axis ? 1 : length))
  return squeeze(slice(xs, { begin, size }), axis)
}

function checkedCarry<C extends Carry>(before: C, after: C): C {
  const [old, now] = [before, after].map((carry) => (Array.isArray(carry) ? carry : [carry]) as readonly Tensor[])
  if (old!.length !== now!.length) fail('ERR_SHAPE', 'scan carry', `${old!.length} tensors`, { text: `${now!.length}` })
  for (const [i, tensor] of now!.entries()) {
    const expected = describe(old![i]!)
    const got = tensor instanceof Tensor ? { text: describe(tensor) } : tensor
    if (!(tensor instanceof Tensor) || describe(tensor) !== expected) fail('ERR_SHAPE', 'scan carry', expected, got)
  }
  return after
}

function describe({ shape, dtype }: Tensor): string {
  return `${dtype}[${shape.join(', ')}]`
}

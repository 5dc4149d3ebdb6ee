/** The loop of a recurrent layer over the steps of a sequence. */

import { leavesOf, mapStructure } from '../../core/structure.js'
import { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'

/** One step: from what is carried and the entry of the sequence to what is carried on, and an output. */
export type Step<C, X> = (carry: C, x: X) => readonly [carry: C, output: Tensor]

/** What the last step carried, and the outputs of all steps along a new first axis. */
export interface Walked<C> {
  readonly carry: C
  readonly outputs: Tensor
}

/** Walks along the first axis of a structure of tensors, as `ops.scan`. */
export function walk<C, X>(step: Step<C, X>, initial: C, xs: X): Walked<C> {
  const [carry, outputs] = (ops.scan as unknown as Scan<C, X>)(step, initial, xs)
  return { carry, outputs }
}

type Scan<C, X> = (step: Step<C, X>, initial: C, xs: X) => readonly [carry: C, outputs: Tensor]

/** The same with a copy of the step for each entry: there is no loop left, and the graph grows with the length. */
export function walkUnrolled<C, X>(step: Step<C, X>, initial: C, xs: X): Walked<C> {
  const [{ shape }] = leavesOf(xs, isTensor) as [Tensor]
  let carry = initial
  const outputs = Array.from({ length: shape[0]! }, (_, index) => {
    const [next, output] = step(carry, mapStructure(xs, (one) => ops.getItem(one as Tensor, index)) as X)
    carry = next
    return output
  })
  return { carry, outputs: ops.stack(outputs) }
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}

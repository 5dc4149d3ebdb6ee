/** What a traced step of an optimizer has to show before it counts: so little that nothing is stored for it. */

import type { Guard } from '../core/program.js'
import type { Tensor } from '../core/tensor.js'
import { currentTrace, noteGuards } from '../core/trace-stack.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'

/**
 * How far the rule of an optimizer goes in a step, whatever its state: at most the learning rate times the gradient
 * (`proportional`), or some moderate number times the learning rate however large the gradient is (`bounded`). Then finite
 * gradients leave finite weights. Of other rules nothing is known, and their new values are looked at.
 */
export type Reach = 'proportional' | 'bounded' | 'unknown'

/** A gradient and what it moves. */
export interface Move {
  readonly gradient: Tensor
  readonly weight: Variable
}

/** What is done with gradients before and after the rule. */
export interface Handling {
  readonly rate: Tensor
  /** Whether the rate is computed anew at each step. */
  readonly scheduled: boolean
  readonly lossScaleFactor: number | null
  readonly clips: boolean
  readonly accumulates: boolean
}

/** Notes what must be finite of the gradients, before the rule is drawn. */
export function guardGradients(moves: readonly Move[], reach: Reach, handling: Handling): void {
  const [first] = moves
  const factor = factorOf(reach, handling)
  const scaled = (gradient: Tensor): Tensor =>
    factor ? ops.multiply(gradient, ops.cast(factor, gradient.dtype)) : gradient
  const gradients = moves.map(({ gradient, weight }): Guard => ({ tensor: scaled(gradient), of: weight }))
  const rate: Guard = { tensor: handling.rate, of: first?.weight, what: 'the learning rate' }
  noteGuards(handling.scheduled ? [rate, ...gradients] : gradients)
}

/** What a gradient is multiplied by at most before it is added to something. */
function factorOf(reach: Reach, { rate, lossScaleFactor, clips, accumulates }: Handling): Tensor | undefined {
  if (!accumulates && (clips || reach !== 'proportional')) return undefined
  const unscaled = lossScaleFactor === null ? rate : ops.divide(rate, Math.min(1, lossScaleFactor))
  return accumulates ? ops.maximum(unscaled, 1) : unscaled
}

/** Notes that the values just assigned to variables must be finite. */
export function guardValues(variables: readonly Variable[]): void {
  const frame = currentTrace()
  const values = variables.flatMap((variable): Guard[] => {
    const tensor = frame?.updates.get(variable)
    return tensor === undefined ? [] : [{ tensor, of: variable, what: 'the new value' }]
  })
  noteGuards(values)
}

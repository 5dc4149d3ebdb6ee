/** Gradients over the root of their mean square. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { bounded, boundedBy } from './bounded.js'
import type { Reach } from './guards.js'
import { Optimizer, type OptimizerOptions, type Slots } from './optimizer.js'

const fields = {
  /** How slowly the mean of squares moves. Default 0.9. */
  rho: { type: 'number', default: 0.9, min: 0, max: 1 },
  /** How much of the last move stays. Default 0. */
  momentum: { type: 'number', default: 0, min: 0, max: 1 },
  /** Keeps the divisor from 0; inside the root. Default 1e-7. */
  epsilon: { type: 'number', default: 1e-7, min: 0 },
  /** Divides by the variance instead of the mean square. Default false. */
  centered: { type: 'boolean', default: false },
} as const

/** Options of {@link RMSprop}. */
export interface RMSpropOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const RMSpropBase: With<typeof Optimizer, typeof fields, RMSpropOptions> = Optimizer.with(fields)

/**
 * `v = ρv + (1 − ρ)g²; w −= lr · g / √(v + ε)`; centered: `√(v − mean(g)² + ε)`; with momentum μ, `m = μm + step; w −= m`.
 *
 * Defaults: learning rate 0.001, ρ 0.9, ε 1e-7 (Hinton, 2012; Graves, 2013).
 *
 * @see keras.optimizers.RMSprop
 *
 * @example
 * import { RMSprop } from 'ferrograd/optimizers'
 *
 * const optimizer = new RMSprop({ rho: 0.95, momentum: 0.9 })
 */
export class RMSprop extends RMSpropBase {
  static override readonly className = 'RMSprop'

  protected override slotGroups(): readonly (readonly string[])[] {
    const { momentum, centered } = this.options
    return [['velocity'], ...(momentum > 0 ? [['momentum']] : []), ...(centered ? [['average_gradient']] : [])]
  }

  protected override get reach(): Reach {
    return boundedBy(this.options.epsilon)
  }

  protected override update(given: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const { momentum, epsilon } = this.options
    const gradient = bounded(given)
    const v = this.#blend(slots('velocity'), ops.square(gradient))
    const spread = this.options.centered ? this.#centred(v, gradient, slots) : v
    const step = ops.divide(ops.multiply(rate, gradient), ops.sqrt(ops.add(spread, epsilon)))
    const move = momentum > 0 ? ops.add(ops.multiply(slots('momentum'), momentum), step) : step
    if (momentum > 0) this.assign(slots('momentum'), move)
    this.assign(weight, ops.subtract(weight, move))
  }

  /** `v − mean(g)²`: rounding must not make a negative variance of it. */
  #centred(v: Tensor, gradient: Tensor, slots: Slots): Tensor {
    return ops.maximum(ops.subtract(v, ops.square(this.#blend(slots('average_gradient'), gradient))), 0)
  }

  /** `slot = ρ · slot + (1 − ρ) · x`. */
  #blend(slot: Variable, x: Tensor): Tensor {
    const { rho } = this.options
    const blended = ops.add(ops.multiply(slot, rho), ops.multiply(x, 1 - rho))
    this.assign(slot, blended)
    return blended
  }
}

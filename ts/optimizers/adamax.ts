/** Adam by the largest gradient. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { towards } from './adam.js'
import { bounded, boundedBy } from './bounded.js'
import type { Reach } from './guards.js'
import { Optimizer, type OptimizerOptions, type Slots } from './optimizer.js'

const fields = {
  /** How slowly the mean of gradients moves. Default 0.9. */
  beta1: { type: 'number', default: 0.9, min: 0, below: 1, config: 'beta_1' },
  /** How slowly the largest gradient is forgotten. Default 0.999. */
  beta2: { type: 'number', default: 0.999, min: 0, below: 1, config: 'beta_2' },
  /** Keeps the divisor from 0. Default 1e-7. */
  epsilon: { type: 'number', default: 1e-7, min: 0 },
} as const

/** Options of {@link Adamax}. */
export interface AdamaxOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const AdamaxBase: With<typeof Optimizer, typeof fields, AdamaxOptions> = Optimizer.with(fields)

/**
 * `m += (g − m)(1 − β₁); u = max(β₂u, |g|); w −= lr · m / ((1 − β₁ᵗ)(u + ε))`.
 *
 * Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7 (Kingma & Ba, 2014, section 7).
 *
 * @see keras.optimizers.Adamax
 *
 * @example
 * import { Adamax } from 'ferrograd/optimizers'
 *
 * const optimizer = new Adamax()
 */
export class Adamax extends AdamaxBase {
  static override readonly className = 'Adamax'

  protected override slotGroups(): readonly (readonly string[])[] {
    return [['momentum', 'norm']]
  }

  protected override get reach(): Reach {
    return boundedBy(this.options.epsilon)
  }

  protected override update(given: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const { beta1, beta2, epsilon } = this.options
    const gradient = bounded(given)
    const m = towards(slots('momentum'), gradient, 1 - beta1)
    const u = ops.maximum(ops.multiply(slots('norm'), beta2), ops.abs(gradient))
    this.assign(slots('momentum'), m)
    this.assign(slots('norm'), u)
    const correction = ops.subtract(1, ops.power(beta1, this.updateNumber(weight.dtype)))
    const move = ops.divide(ops.multiply(rate, m), ops.multiply(correction, ops.add(u, epsilon)))
    this.assign(weight, ops.subtract(weight, move))
  }
}

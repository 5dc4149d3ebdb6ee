/** Steps by the sign alone. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Reach } from './guards.js'
import { Optimizer, type OptimizerOptions, type Slots } from './optimizer.js'

const fields = {
  /** How much of the momentum decides the sign. Default 0.9. */
  beta1: { type: 'number', default: 0.9, above: 0, max: 1, config: 'beta_1' },
  /** How slowly the momentum moves. Default 0.99. */
  beta2: { type: 'number', default: 0.99, min: 0, max: 1, config: 'beta_2' },
} as const

/** Options of {@link Lion}. */
export interface LionOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const LionBase: With<typeof Optimizer, typeof fields, LionOptions> = Optimizer.with(fields)

/**
 * `w −= lr · sign(β₁m + (1 − β₁)g); m = β₂m + (1 − β₂)g`.
 *
 * Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.99 (Chen et al., 2023).
 *
 * @see keras.optimizers.Lion
 *
 * @example
 * import { Lion } from 'ferrograd/optimizers'
 *
 * const optimizer = new Lion({ learningRate: 1e-4, weightDecay: 0.1 })
 */
export class Lion extends LionBase {
  static override readonly className = 'Lion'

  protected override slotGroups(): readonly (readonly string[])[] {
    return [['momentum']]
  }

  /** The sign is bounded; the momentum is a mean of gradients. */
  protected override get reach(): Reach {
    return 'bounded'
  }

  protected override update(gradient: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const { beta1, beta2 } = this.options
    const m = slots('momentum')
    const direction = ops.sign(ops.add(ops.multiply(m, beta1), ops.multiply(gradient, 1 - beta1)))
    this.assign(weight, ops.subtract(weight, ops.multiply(rate, direction)))
    this.assign(m, ops.add(ops.multiply(m, beta2), ops.multiply(gradient, 1 - beta2)))
  }
}

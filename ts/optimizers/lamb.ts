/** Adam with steps in proportion to the weights. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { towards } from './adam.js'
import { bounded } from './bounded.js'
import { Optimizer, type OptimizerOptions, type Slots } from './optimizer.js'

const fields = {
  /** How slowly the mean of gradients moves. Default 0.9. */
  beta1: { type: 'number', default: 0.9, min: 0, below: 1, config: 'beta_1' },
  /** How slowly the mean of squares moves. Default 0.999. */
  beta2: { type: 'number', default: 0.999, min: 0, below: 1, config: 'beta_2' },
  /** Keeps the divisor from 0. Default 1e-7. */
  epsilon: { type: 'number', default: 1e-7, min: 0 },
} as const

/** Options of {@link Lamb}. */
export interface LambOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const LambBase: With<typeof Optimizer, typeof fields, LambOptions> = Optimizer.with(fields)

/**
 * With `r = m̂ / (√v̂ + ε)`: `w −= lr · (‖w‖ / ‖r‖) · r`; the ratio is 1 where a norm is 0.
 *
 * Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7 (You et al., 2019).
 *
 * @see keras.optimizers.Lamb
 *
 * @example
 * import { Lamb } from 'ferrograd/optimizers'
 *
 * const optimizer = new Lamb({ learningRate: 0.01 })
 */
export class Lamb extends LambBase {
  static override readonly className = 'Lamb'

  protected override slotGroups(): readonly (readonly string[])[] {
    return [['momentum', 'velocity']]
  }

  protected override update(given: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const { beta1, beta2, epsilon } = this.options
    const t = this.updateNumber(weight.dtype)
    const gradient = bounded(given)
    const m = towards(slots('momentum'), gradient, 1 - beta1)
    const v = towards(slots('velocity'), ops.square(gradient), 1 - beta2)
    this.assign(slots('momentum'), m)
    this.assign(slots('velocity'), v)
    const spread = ops.sqrt(ops.divide(v, ops.subtract(1, ops.power(beta2, t))))
    const direction = ops.divide(ops.divide(m, ops.subtract(1, ops.power(beta1, t))), ops.add(spread, epsilon))
    const move = ops.multiply(ops.multiply(trust(weight, direction), rate), direction)
    this.assign(weight, ops.subtract(weight, move))
  }
}

/** `‖w‖ / ‖r‖`, 1 where either is 0. */
function trust(weight: Variable, direction: Tensor): Tensor {
  const [long, short] = [ops.norm(weight), ops.norm(direction)]
  const known = ops.logicalAnd(ops.greater(long, 0), ops.greater(short, 0))
  return ops.where(known, ops.divide(long, ops.where(known, short, 1)), 1)
}

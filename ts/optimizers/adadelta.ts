/** Steps in the units of the weights. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { bounded } from './bounded.js'
import { Optimizer, type OptimizerOptions, type Slots } from './optimizer.js'

const fields = {
  /** How slowly the means of squares move. Default 0.95. */
  rho: { type: 'number', default: 0.95, min: 0, max: 1 },
  /** Keeps the divisor from 0; inside the roots. Default 1e-7. */
  epsilon: { type: 'number', default: 1e-7, min: 0 },
} as const

/** Options of {@link Adadelta}. */
export interface AdadeltaOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const AdadeltaBase: With<typeof Optimizer, typeof fields, AdadeltaOptions> = Optimizer.with(fields)

/**
 * `a = ρa + (1 − ρ)g²; Δ = −√(d + ε) · g / √(a + ε); d = ρd + (1 − ρ)Δ²; w += lr · Δ`.
 *
 * Defaults: learning rate 0.001 (1 in the paper), ρ 0.95, ε 1e-7 (Zeiler, 2012).
 *
 * @see keras.optimizers.Adadelta
 *
 * @example
 * import { Adadelta } from 'ferrograd/optimizers'
 *
 * const optimizer = new Adadelta({ learningRate: 1 })
 */
export class Adadelta extends AdadeltaBase {
  static override readonly className = 'Adadelta'

  protected override slotGroups(): readonly (readonly string[])[] {
    return [['accumulated_grad', 'accumulated_delta_var']]
  }

  protected override update(given: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const { epsilon } = this.options
    const gradient = bounded(given)
    const root = (x: Tensor | Variable): Tensor => ops.sqrt(ops.add(x, epsilon))
    const a = this.#blend(slots('accumulated_grad'), gradient)
    const delta = ops.negative(ops.divide(ops.multiply(root(slots('accumulated_delta_var')), gradient), root(a)))
    this.#blend(slots('accumulated_delta_var'), delta)
    this.assign(weight, ops.add(weight, ops.multiply(rate, delta)))
  }

  /** `slot = ρ · slot + (1 − ρ) · x²`. */
  #blend(slot: Variable, x: Tensor): Tensor {
    const { rho } = this.options
    const blended = ops.add(ops.multiply(slot, rho), ops.multiply(ops.square(x), 1 - rho))
    this.assign(slot, blended)
    return blended
  }
}

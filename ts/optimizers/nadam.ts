/** Adam that looks ahead. */

import { floatx } from '../config.js'
import { type Tensor, tensor } from '../core/tensor.js'
import { type Variable, variable } from '../core/variable.js'
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
  /** How slowly the mean of squares moves. Default 0.999. */
  beta2: { type: 'number', default: 0.999, min: 0, below: 1, config: 'beta_2' },
  /** Keeps the divisor from 0. Default 1e-7. */
  epsilon: { type: 'number', default: 1e-7, min: 0 },
} as const

/** Options of {@link Nadam}. */
export interface NadamOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const NadamBase: With<typeof Optimizer, typeof fields, NadamOptions> = Optimizer.with(fields)

/**
 * With `uₜ = β₁(1 − ½ · 0.96ᵗ)` and its running product Πₜ: `m̂ = uₜ₊₁m / (1 − Πₜ₊₁) + (1 − uₜ)g / (1 − Πₜ)`,
 * `w −= lr · m̂ / (√(v / (1 − β₂ᵗ)) + ε)`.
 *
 * Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7 (Dozat, 2015).
 *
 * @see keras.optimizers.Nadam
 *
 * @example
 * import { Nadam } from 'ferrograd/optimizers'
 *
 * const optimizer = new Nadam()
 */
export class Nadam extends NadamBase {
  static override readonly className = 'Nadam'
  /** The product of all u so far. */
  readonly uProduct: Variable = variable(tensor(1, [], floatx()), {
    name: 'u_product',
    dtype: floatx(),
    trainable: false,
  })

  protected override get extraVariables(): readonly Variable[] {
    return [this.uProduct]
  }

  protected override slotGroups(): readonly (readonly string[])[] {
    return [['momentum', 'velocity']]
  }

  protected override beforeUpdates(): void {
    this.assign(this.uProduct, ops.multiply(this.uProduct, this.#u(this.updateNumber(floatx()))))
  }

  protected override get reach(): Reach {
    return boundedBy(this.options.epsilon)
  }

  protected override update(given: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const { beta1, beta2, epsilon } = this.options
    const gradient = bounded(given)
    const m = towards(slots('momentum'), gradient, 1 - beta1)
    const v = towards(slots('velocity'), ops.square(gradient), 1 - beta2)
    this.assign(slots('momentum'), m)
    this.assign(slots('velocity'), v)
    const spread = ops.divide(v, ops.subtract(1, ops.power(beta2, this.updateNumber(weight.dtype))))
    const move = ops.multiply(this.#ahead(m, gradient), rate)
    this.assign(weight, ops.subtract(weight, ops.divide(move, ops.add(ops.sqrt(spread), epsilon))))
  }

  /** The mean as it will be after the next step. */
  #ahead(m: Tensor, gradient: Tensor): Tensor {
    const t = this.updateNumber(m.dtype)
    const [now, next] = [this.#u(t), this.#u(ops.add(t, 1))]
    const product = ops.cast(this.uProduct, m.dtype)
    const kept = ops.divide(ops.multiply(next, m), ops.subtract(1, ops.multiply(product, next)))
    return ops.add(kept, ops.divide(ops.multiply(ops.subtract(1, now), gradient), ops.subtract(1, product)))
  }

  #u(t: Tensor): Tensor {
    return ops.multiply(ops.subtract(1, ops.multiply(ops.power(0.96, t), 0.5)), this.options.beta1)
  }
}

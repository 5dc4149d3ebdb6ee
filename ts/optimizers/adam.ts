/** Adam and its variant with decoupled weight decay. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
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
  /** Divides by the largest mean of squares so far. Default false. */
  amsgrad: { type: 'boolean', default: false },
} as const

/** `a + (b − a) · part`. */
export function towards(a: Variable | Tensor, b: Tensor, part: number): Tensor {
  return ops.add(a, ops.multiply(ops.subtract(b, a), part))
}

/** Options of {@link Adam}. */
export interface AdamOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const AdamBase: With<typeof Optimizer, typeof fields, AdamOptions> = Optimizer.with(fields)

/** Adam's rule, with whatever options on top. */
abstract class AdamRule extends AdamBase {
  protected override slotGroups(): readonly (readonly string[])[] {
    return this.options.amsgrad ? [['momentum', 'velocity'], ['velocity_hat']] : [['momentum', 'velocity']]
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
    const move = ops.multiply(m, this.#alpha(rate, weight))
    this.assign(weight, ops.subtract(weight, ops.divide(move, ops.add(ops.sqrt(this.#largest(v, slots)), epsilon))))
  }

  /** `lr · √(1 − β₂ᵗ) / (1 − β₁ᵗ)`, a scalar. */
  #alpha(rate: Tensor, weight: Variable): Tensor {
    const { beta1, beta2 } = this.options
    const t = this.updateNumber(weight.dtype)
    const grown = ops.sqrt(ops.subtract(1, ops.power(beta2, t)))
    return ops.divide(ops.multiply(rate, grown), ops.subtract(1, ops.power(beta1, t)))
  }

  #largest(v: Tensor, slots: Slots): Tensor {
    if (!this.options.amsgrad) return v
    const hat = ops.maximum(slots('velocity_hat'), v)
    this.assign(slots('velocity_hat'), hat)
    return hat
  }
}

/**
 * Adaptive moments: `m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂); w −= m · lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) / (√v + ε)`.
 *
 * Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7 (Kingma & Ba, 2014; amsgrad: Reddi et al., 2018).
 *
 * @see keras.optimizers.Adam
 *
 * @example
 * import { Adam } from 'ferrograd/optimizers'
 *
 * const optimizer = new Adam({ learningRate: 3e-4, clipnorm: 1 })
 */
export class Adam extends AdamRule {
  static override readonly className = 'Adam'
}

const adamWFields = {
  /** Shrinks weights by `w · weightDecay · learningRate` before each update. Default 0.004. */
  weightDecay: { type: 'number', default: 0.004, min: 0 },
} as const

/** Options of {@link AdamW}. */
export interface AdamWOptions extends OptionsOf<typeof adamWFields>, Omit<AdamOptions, 'weightDecay'> {}

const AdamWBase: With<typeof AdamRule, typeof adamWFields, AdamWOptions> = AdamRule.with(adamWFields)

/**
 * Adam with weight decay 0.004 beside the gradient (Loshchilov & Hutter, 2017).
 *
 * `w ← w − w·weightDecay·learningRate`, then the step of Adam.
 *
 * @see keras.optimizers.AdamW
 *
 * @example
 * import { AdamW } from 'ferrograd/optimizers'
 *
 * const optimizer = new AdamW({ weightDecay: 0.01 })
 * optimizer.excludeFromWeightDecay({ names: ['bias'] })
 */
export class AdamW extends AdamWBase {
  static override readonly className = 'AdamW'
}

/** Adaptive steps with memory for rows and columns only. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { bounded } from './bounded.js'
import { Optimizer, type OptimizerOptions, type Slots } from './optimizer.js'

const fields = {
  /** Exponent of the decay of the means of squares. Default -0.8. */
  beta2Decay: { type: 'number', default: -0.8, max: 0, config: 'beta_2_decay' },
  /** Added to the squares. Default 1e-30. */
  epsilon1: { type: 'number', default: 1e-30, min: 0, config: 'epsilon_1' },
  /** The least scale of a weight. Default 1e-3. */
  epsilon2: { type: 'number', default: 1e-3, min: 0, config: 'epsilon_2' },
  /** The largest root mean square of an update. Default 1. */
  clipThreshold: { type: 'number', default: 1, above: 0 },
  /** Kept for Keras's configurations; the rate falls as 1/√t in any case. Default true. */
  relativeStep: { type: 'boolean', default: true },
} as const

/** Options of {@link Adafactor}. */
export interface AdafactorOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const AdafactorBase: With<typeof Optimizer, typeof fields, AdafactorOptions> = Optimizer.with(fields)

/**
 * Scales by the product of row and column means of `g² + ε₁`, clips the update's root mean square to `clipThreshold`,
 * and moves by `max(ε₂, rms(w)) · min(lr, 1/√t)`.
 *
 * Defaults: learning rate 0.001 (Shazeer & Stern, 2018).
 *
 * @see keras.optimizers.Adafactor
 *
 * @example
 * import { Adafactor } from 'ferrograd/optimizers'
 *
 * const optimizer = new Adafactor({ learningRate: 0.01 })
 */
export class Adafactor extends AdafactorBase {
  static override readonly className = 'Adafactor'

  protected override slotGroups(): readonly (readonly string[])[] {
    return [['r', 'c', 'velocity']]
  }

  protected override initialSlot(slot: string, weight: Variable): Tensor {
    const { shape, dtype } = weight
    if (slot === 'velocity') return ops.zeros(shape, dtype)
    if (shape.length < 2) return ops.zeros([], dtype)
    return ops.zeros(slot === 'r' ? shape.slice(0, -1) : [...shape.slice(0, -2), shape.at(-1)!], dtype)
  }

  protected override update(given: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const gradient = bounded(given, { summed: true })
    const t = this.updateNumber(weight.dtype)
    const v = this.#spread(ops.add(ops.square(gradient), this.options.epsilon1), weight, t, slots)
    // Products of rows and columns may round to 0, where the gradient is 0 as well.
    const update = ops.divide(gradient, ops.sqrt(ops.maximum(v, 1e-37)))
    const clipped = ops.divide(update, ops.maximum(ops.divide(rms(update), this.options.clipThreshold), 1))
    // With or without relativeStep: Keras takes the lower of the two rates either way.
    const limited = ops.minimum(rate, ops.rsqrt(t))
    const scale = ops.multiply(ops.maximum(rms(weight), this.options.epsilon2), limited)
    this.assign(weight, ops.subtract(weight, ops.multiply(scale, clipped)))
  }

  /** The mean of squares: of rows times columns for a matrix, of each element else. */
  #spread(squares: Tensor, weight: Variable, t: Tensor, slots: Slots): Tensor {
    const kept = ops.subtract(1, ops.power(t, this.options.beta2Decay))
    const blend = (slot: Variable, x: Tensor): Tensor => {
      const blended = ops.add(ops.multiply(slot, kept), ops.multiply(x, ops.subtract(1, kept)))
      this.assign(slot, blended)
      return blended
    }
    if (weight.shape.length < 2) return blend(slots('velocity'), squares)
    const rows = blend(slots('r'), ops.mean(squares, { axis: -1 }))
    const columns = blend(slots('c'), ops.mean(squares, { axis: -2 }))
    const shares = ops.divide(rows, ops.mean(rows, { axis: -1, keepdims: true }))
    const v = ops.multiply(ops.expandDims(shares, -1), ops.expandDims(columns, -2))
    this.assign(slots('velocity'), v)
    return v
  }
}

function rms(x: Tensor | Variable): Tensor {
  return ops.divide(ops.norm(x), Math.sqrt(x.shape.reduce((size, length) => size * length, 1)))
}

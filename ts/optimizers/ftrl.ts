/** Follow the regularized leader. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { bounded, finiteSum } from './bounded.js'
import { Optimizer, type OptimizerOptions, type Slots } from './optimizer.js'

const fields = {
  /** Exponent of the per-coordinate rate; −½ or less steep. Default -0.5. */
  learningRatePower: { type: 'number', default: -0.5, max: 0 },
  /** First value of the sums of squares. Default 0.1. */
  initialAccumulatorValue: { type: 'number', default: 0.1, min: 0 },
  /** Pulls weights to exactly 0. Default 0. */
  l1RegularizationStrength: { type: 'number', default: 0, min: 0, config: 'l1_regularization_strength' },
  /** Pulls weights towards 0. Default 0. */
  l2RegularizationStrength: { type: 'number', default: 0, min: 0, config: 'l2_regularization_strength' },
  /** As l2, on the gradient. Default 0. */
  l2ShrinkageRegularizationStrength: {
    type: 'number',
    default: 0,
    min: 0,
    config: 'l2_shrinkage_regularization_strength',
  },
  /** β of the paper. Default 0. */
  beta: { type: 'number', default: 0 },
} as const

/** Options of {@link Ftrl}. */
export interface FtrlOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const FtrlBase: With<typeof Optimizer, typeof fields, FtrlOptions> = Optimizer.with(fields)

/**
 * With `n` the sum of squares and `p` = −learningRatePower:
 * `z += g + 2·shrinkage·w − (n'ᵖ − nᵖ)/lr · w; w = (clip(z, ±l1) − z) / (n'ᵖ/lr + 2·l2 + β/lr)`. A row
 * (of a weight with two axes or more) that never had a gradient stays as it is: no batch touched it.
 *
 * Defaults: learning rate 0.001, power −0.5, n starts at 0.1 (McMahan et al., 2013).
 *
 * @see keras.optimizers.Ftrl
 *
 * @example
 * import { Ftrl } from 'ferrograd/optimizers'
 *
 * const optimizer = new Ftrl({ learningRate: 0.1, l1RegularizationStrength: 0.01 })
 */
export class Ftrl extends FtrlBase {
  static override readonly className = 'Ftrl'

  protected override slotGroups(): readonly (readonly string[])[] {
    return [['accumulator', 'linear']]
  }

  protected override initialSlot(slot: string, weight: Variable): Tensor {
    return ops.full(weight.shape, slot === 'accumulator' ? this.options.initialAccumulatorValue : 0, weight.dtype)
  }

  protected override update(given: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const { learningRatePower, l1RegularizationStrength: l1, l2RegularizationStrength: l2, beta } = this.options
    const gradient = bounded(given)
    const raised = (n: Tensor | Variable): Tensor => ops.power(n, -learningRatePower)
    const [before, linear] = [slots('accumulator').read(), slots('linear').read()]
    const n = finiteSum(ops.add(before, ops.square(gradient)))
    const started = this.#started(before, linear, gradient)
    const shrunk = ops.add(gradient, ops.multiply(weight, 2 * this.options.l2ShrinkageRegularizationStrength))
    const learned = ops.divide(ops.subtract(raised(n), raised(before)), rate)
    const z = ops.add(linear, ops.subtract(shrunk, ops.multiply(learned, weight)))
    const curvature = ops.add(ops.divide(ops.add(raised(n), beta), rate), 2 * l2)
    this.assign(slots('linear'), ops.where(started, z, linear))
    const moved = ops.divide(ops.subtract(ops.clip(z, -l1, l1), z), curvature)
    this.assign(weight, ops.where(started, moved, weight.read()))
    this.assign(slots('accumulator'), n)
  }

  /** The rows that have a gradient, or had one: the rule would set all others to 0. */
  #started(n: Tensor, linear: Tensor, gradient: Tensor): Tensor | boolean {
    if (gradient.rank < 2) return true
    const moved = ops.logicalOr(ops.notEqual(gradient, 0), ops.notEqual(linear, 0))
    const known = ops.logicalOr(moved, ops.notEqual(n, this.options.initialAccumulatorValue))
    return ops.any(known, { axis: Array.from({ length: gradient.rank - 1 }, (_, i) => i + 1), keepdims: true })
  }
}

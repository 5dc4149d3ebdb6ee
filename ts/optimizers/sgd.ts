/** Gradient descent. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Reach } from './guards.js'
import { Optimizer, type OptimizerOptions, type Slots } from './optimizer.js'

const fields = {
  /** How far a step goes. Default 0.01. */
  learningRate: { type: 'learningRate', default: 0.01 },
  /** How much of the last move stays. Default 0. */
  momentum: { type: 'number', default: 0, min: 0, max: 1 },
  /** Looks ahead by the momentum. Default false. */
  nesterov: { type: 'boolean', default: false },
} as const

/** Options of {@link SGD}. */
export interface SGDOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const SGDBase: With<typeof Optimizer, typeof fields, SGDOptions> = Optimizer.with(fields)

/**
 * Gradient descent, `w −= lr · g`; with momentum μ, `m = μm − lr·g; w += m`; with Nesterov, `w += μm − lr·g`.
 *
 * Defaults: learning rate 0.01, momentum 0 (Sutskever et al., 2013).
 *
 * @see keras.optimizers.SGD
 *
 * @example
 * import { SGD } from 'ferrograd/optimizers'
 *
 * const optimizer = new SGD({ learningRate: 0.1, momentum: 0.9, nesterov: true })
 */
export class SGD extends SGDBase {
  static override readonly className = 'SGD'

  protected override slotGroups(): readonly (readonly string[])[] {
    return this.options.momentum === 0 ? [] : [['momentum']]
  }

  protected override get reach(): Reach {
    return 'proportional'
  }

  protected override update(gradient: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const { momentum, nesterov } = this.options
    const move = ops.multiply(gradient, rate)
    if (momentum === 0) {
      this.assign(weight, ops.subtract(weight, move))
      return
    }
    const m = ops.subtract(ops.multiply(slots('momentum'), momentum), move)
    this.assign(slots('momentum'), m)
    this.assign(weight, ops.add(weight, nesterov ? ops.subtract(ops.multiply(m, momentum), move) : m))
  }
}

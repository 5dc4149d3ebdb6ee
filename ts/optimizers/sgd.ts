/** Gradient descent. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import { Optimizer, type Slots } from './optimizer.js'

const fields = {
  /** How far a step goes. */
  learningRate: { type: 'learningRate', default: 0.01 },
  /** How much of the last move stays. */
  momentum: { type: 'number', default: 0, min: 0, max: 1 },
  /** Looks ahead by the momentum. */
  nesterov: { type: 'boolean', default: false },
} as const

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
export class SGD extends Optimizer<typeof fields> {
  static override readonly className = 'SGD'
  static override readonly fields: typeof fields = fields

  protected override slotGroups(): readonly (readonly string[])[] {
    return this.options.momentum === 0 ? [] : [['momentum']]
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

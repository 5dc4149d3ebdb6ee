/** Gradients over the root of their summed squares. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import { bounded, finiteSum } from './bounded.js'
import { Optimizer, type Slots } from './optimizer.js'

const fields = {
  /** First value of the sums. */
  initialAccumulatorValue: { type: 'number', default: 0.1, min: 0 },
  /** Keeps the divisor from 0; inside the root. */
  epsilon: { type: 'number', default: 1e-7, min: 0 },
} as const

/**
 * `a += g²; w −= lr · g / √(a + ε)`.
 *
 * Defaults: learning rate 0.001, a starts at 0.1, ε 1e-7 (Duchi et al., 2011).
 *
 * @see keras.optimizers.Adagrad
 *
 * @example
 * import { Adagrad } from 'ferrograd/optimizers'
 *
 * const optimizer = new Adagrad({ learningRate: 0.05 })
 */
export class Adagrad extends Optimizer<typeof fields> {
  static override readonly className = 'Adagrad'
  static override readonly fields: typeof fields = fields

  protected override slotGroups(): readonly (readonly string[])[] {
    return [['accumulator']]
  }

  protected override initialSlot(_slot: string, weight: Variable): Tensor {
    return ops.full(weight.shape, this.options.initialAccumulatorValue, weight.dtype)
  }

  protected override update(given: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const gradient = bounded(given)
    const a = finiteSum(ops.add(slots('accumulator'), ops.square(gradient)))
    this.assign(slots('accumulator'), a)
    const move = ops.divide(ops.multiply(rate, gradient), ops.sqrt(ops.add(a, this.options.epsilon)))
    this.assign(weight, ops.subtract(weight, move))
  }
}

/** Gradients over the root of their summed squares. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { bounded, boundedBy, finiteSum } from './bounded.js'
import type { Reach } from './guards.js'
import { Optimizer, type OptimizerOptions, type Slots } from './optimizer.js'

const fields = {
  /** First value of the sums. Default 0.1. */
  initialAccumulatorValue: { type: 'number', default: 0.1, min: 0 },
  /** Keeps the divisor from 0; inside the root. Default 1e-7. */
  epsilon: { type: 'number', default: 1e-7, min: 0 },
} as const

/** Options of {@link Adagrad}. */
export interface AdagradOptions extends OptionsOf<typeof fields>, OptimizerOptions {}

const AdagradBase: With<typeof Optimizer, typeof fields, AdagradOptions> = Optimizer.with(fields)

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
export class Adagrad extends AdagradBase {
  static override readonly className = 'Adagrad'

  protected override slotGroups(): readonly (readonly string[])[] {
    return [['accumulator']]
  }

  protected override initialSlot(_slot: string, weight: Variable): Tensor {
    return ops.full(weight.shape, this.options.initialAccumulatorValue, weight.dtype)
  }

  protected override get reach(): Reach {
    return boundedBy(this.options.epsilon)
  }

  protected override update(given: Tensor, weight: Variable, rate: Tensor, slots: Slots): void {
    const gradient = bounded(given)
    const a = finiteSum(ops.add(slots('accumulator'), ops.square(gradient)))
    this.assign(slots('accumulator'), a)
    const move = ops.divide(ops.multiply(rate, gradient), ops.sqrt(ops.add(a, this.options.epsilon)))
    this.assign(weight, ops.subtract(weight, move))
  }
}

/** The loss of an epoch: a mean over samples, so that a short last batch counts for what it is. */
import { floatx } from '../config.js'
import type { Tensor } from '../core/tensor.js'
import { type Variable, variable } from '../core/variable.js'
import * as ops from '../ops.js'

/** `Σ loss·samples / Σ samples` over the batches since the last reset; in float64, so that millions of samples count. */
export class LossTracker {
  /** Its key in logs. */
  readonly name: string
  readonly total: Variable
  readonly count: Variable

  constructor(name: string) {
    this.name = name
    const state = { trainable: false, dtype: 'float64' } as const
    this.total = variable(ops.zeros([], 'float64'), { name: `${name}_total`, ...state })
    this.count = variable(ops.zeros([], 'float64'), { name: `${name}_count`, ...state })
  }

  /** Takes the mean loss of a batch in. */
  update(loss: Tensor, samples: number): void {
    this.total.assignAdd(ops.multiply(ops.cast(ops.reshape(loss, []), 'float64'), samples))
    this.count.assignAdd(ops.full([], samples, 'float64'))
  }

  result(): Tensor {
    return ops.cast(ops.divide(this.total, ops.maximum(this.count, 1)), floatx())
  }

  reset(): void {
    for (const state of [this.total, this.count]) state.set(new Float64Array(1))
  }
}

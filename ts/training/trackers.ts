/** The loss of an epoch: a mean over samples, so that a short last batch counts for what it is. */
import { floatx } from '../config.js'
import type { Tensor } from '../core/tensor.js'
import { type Variable, variable } from '../core/variable.js'
import * as ops from '../ops.js'

/** `Σ loss·samples / Σ samples` over the batches since the last reset. */
export class LossTracker {
  /** Its key in logs. */
  readonly name: string
  readonly total: Variable
  readonly count: Variable

  constructor(name: string) {
    this.name = name
    const dtype = floatx()
    this.total = variable(ops.zeros([], dtype), { name: `${name}_total`, trainable: false, dtype })
    this.count = variable(ops.zeros([], dtype), { name: `${name}_count`, trainable: false, dtype })
  }

  /** Takes the mean loss of a batch in. */
  update(loss: Tensor, samples: number): void {
    const { dtype } = this.total
    this.total.assignAdd(ops.multiply(ops.cast(ops.reshape(loss, []), dtype), samples))
    this.count.assignAdd(ops.full([], samples, dtype))
  }

  result(): Tensor {
    return ops.divide(this.total, ops.maximum(this.count, 1))
  }

  reset(): void {
    for (const state of [this.total, this.count])
      state.set(state.dtype === 'float64' ? new Float64Array(1) : new Float32Array(1))
  }
}

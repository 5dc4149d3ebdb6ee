/** How often predictions are right. */

import type { Tensor } from '../core/tensor.js'
import { alignLabels, alignTargets } from '../losses/align.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { MeanMetric } from './mean.js'
import type { MetricOptions } from './metric.js'

/**
 * The fraction of predictions equal to their targets. What is NaN is never right, as in all accuracies here.
 *
 * `Σ w·[yᵢ = ŷᵢ] / Σ w`, targets and predictions of one shape.
 *
 * @see keras.metrics.Accuracy
 *
 * @example
 * import { Accuracy } from 'ferrograd/metrics'
 *
 * const metric = new Accuracy()
 */
export class Accuracy extends MeanMetric {
  static override readonly className = 'Accuracy'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return ops.equal(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

const binaryFields = {
  /** Predictions above it count as 1. Default 0.5. */
  threshold: { type: 'number', default: 0.5 },
} as const

/** Options of {@link BinaryAccuracy}. */
export interface BinaryAccuracyOptions extends OptionsOf<typeof binaryFields>, MetricOptions {}

const BinaryAccuracyBase: With<typeof MeanMetric, typeof binaryFields, BinaryAccuracyOptions> =
  MeanMetric.with(binaryFields)

/**
 * The fraction of predictions on the right side of `threshold` (0.5, exclusive).
 *
 * `Σ w·[y = [ŷ > threshold]] / Σ w`, targets and predictions of one shape.
 *
 * @see keras.metrics.BinaryAccuracy
 *
 * @example
 * import { BinaryAccuracy } from 'ferrograd/metrics'
 *
 * const metric = new BinaryAccuracy({ threshold: 0.6 })
 */
export class BinaryAccuracy extends BinaryAccuracyBase {
  static override readonly className = 'BinaryAccuracy'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    const positive = decided(yPred, this.options.threshold)
    return ops.equal(alignTargets(yTrue, yPred, this.title), positive)
  }
}

/** 1 above a limit, else 0; NaN, which no target is, where the prediction is. */
function decided(yPred: Tensor, limit: Tensor | number): Tensor {
  return ops.where(ops.isNan(yPred), yPred, ops.cast(ops.greater(yPred, limit), yPred.dtype))
}

/** Whether labels are the places of the largest in each row; none is where there is a NaN in it. */
function atLargest(labels: Tensor, yPred: Tensor): Tensor {
  const hasLargest = ops.logicalNot(ops.isNan(ops.max(yPred, { axis: -1 })))
  return ops.logicalAnd(hasLargest, ops.equal(labels, ops.argmax(yPred, { axis: -1 })))
}

/** Whether all targets are 1 or −1, and one of them −1. */
function oneOrMinusOne(target: Tensor): Tensor {
  return ops.logicalAnd(ops.all(ops.equal(ops.abs(target), 1)), ops.any(ops.less(target, 0)))
}

/**
 * What `accuracy` means for one prediction a sample: {@link BinaryAccuracy}; targets of −1 and 1, and predictions of a
 * hinge loss, are told apart by their sign.
 */
export class SignedAccuracy extends BinaryAccuracy {
  static override readonly className = 'BinaryAccuracy'
  readonly #bySign: boolean

  constructor(bySign: boolean) {
    super()
    this.#bySign = bySign
  }

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    const target = alignTargets(yTrue, yPred, this.title)
    const signed = this.#bySign ? true : oneOrMinusOne(target)
    const limit = ops.where(signed, 0, this.options.threshold)
    const positive = ops.where(signed, ops.cast(ops.greater(target, 0), target.dtype), target)
    return ops.equal(positive, decided(yPred, ops.cast(limit, yPred.dtype)))
  }
}

/**
 * The fraction of samples whose largest prediction is at their one-hot target.
 *
 * `Σ w·[argmax y = argmax ŷ] / Σ w`, targets and predictions (batch, …, classes).
 *
 * @see keras.metrics.CategoricalAccuracy
 *
 * @example
 * import { CategoricalAccuracy } from 'ferrograd/metrics'
 *
 * const metric = new CategoricalAccuracy()
 */
export class CategoricalAccuracy extends MeanMetric {
  static override readonly className = 'CategoricalAccuracy'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    const target = alignTargets(yTrue, yPred, this.title)
    return atLargest(ops.argmax(target, { axis: -1 }), yPred)
  }
}

/**
 * The fraction of samples whose largest prediction is at their integer label.
 *
 * `Σ w·[y = argmax ŷ] / Σ w`, targets (batch, …), predictions (batch, …, classes).
 *
 * @see keras.metrics.SparseCategoricalAccuracy
 *
 * @example
 * import { SparseCategoricalAccuracy } from 'ferrograd/metrics'
 *
 * const metric = new SparseCategoricalAccuracy()
 */
export class SparseCategoricalAccuracy extends MeanMetric {
  static override readonly className = 'SparseCategoricalAccuracy'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return atLargest(alignLabels(yTrue, yPred, this.title), yPred)
  }
}

const topKFields = {
  /** How many of the largest predictions count. Default 5. */
  k: { type: 'integer', default: 5, min: 1 },
} as const

/** True where fewer than `k` predictions are larger than the one at the label: a tie counts as in. A NaN among them is larger than all. */
function inTopK(labels: Tensor, yPred: Tensor, k: number): Tensor {
  const own = ops.takeAlongAxis(yPred, ops.expandDims(labels, -1), { axis: -1 })
  const notLarger = ops.sum(ops.cast(ops.lessEqual(yPred, own), 'int32'), { axis: -1 })
  return ops.greater(notLarger, Math.max(0, yPred.shape.at(-1)! - k))
}

/** 1 where one of the first `k` ids of a row is the label. */
function amongFirst(labels: Tensor, ids: Tensor, k: number): Tensor {
  const first = ops.slice(ids, { begin: ids.shape.map(() => 0), size: [...ids.shape.slice(0, -1), k] })
  return ops.any(ops.equal(first, ops.expandDims(labels, -1)), { axis: -1 })
}

/** Options of {@link TopKCategoricalAccuracy}. */
export interface TopKCategoricalAccuracyOptions extends OptionsOf<typeof topKFields>, MetricOptions {}

const TopKCategoricalAccuracyBase: With<typeof MeanMetric, typeof topKFields, TopKCategoricalAccuracyOptions> =
  MeanMetric.with(topKFields)

/**
 * The fraction of samples whose one-hot target is among the `k` (5) largest predictions.
 *
 * `Σ w·[ŷ of the target ≥ the k-th largest ŷ] / Σ w`, targets and predictions (batch, classes).
 *
 * @see keras.metrics.TopKCategoricalAccuracy
 *
 * @example
 * import { TopKCategoricalAccuracy } from 'ferrograd/metrics'
 *
 * const metric = new TopKCategoricalAccuracy({ k: 3 })
 */
export class TopKCategoricalAccuracy extends TopKCategoricalAccuracyBase {
  static override readonly className = 'TopKCategoricalAccuracy'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    const labels = ops.argmax(alignTargets(yTrue, yPred, this.title), { axis: -1 })
    return inTopK(labels, yPred, this.options.k)
  }
}

const sparseTopKFields = {
  /** How many of the largest predictions count. Default 5. */
  k: { type: 'integer', default: 5, min: 1 },
  /** Whether predictions are class numbers, best first, rather than scores. Default false. */
  fromSortedIds: { type: 'boolean', default: false, quiet: true },
} as const

/** Options of {@link SparseTopKCategoricalAccuracy}. */
export interface SparseTopKCategoricalAccuracyOptions extends OptionsOf<typeof sparseTopKFields>, MetricOptions {}

const SparseTopKCategoricalAccuracyBase: With<
  typeof MeanMetric,
  typeof sparseTopKFields,
  SparseTopKCategoricalAccuracyOptions
> = MeanMetric.with(sparseTopKFields)

/**
 * The fraction of samples whose integer label is among the `k` (5) largest predictions.
 *
 * `Σ w·[ŷ of the label ≥ the k-th largest ŷ] / Σ w`, labels (batch), predictions (batch, classes).
 *
 * @see keras.metrics.SparseTopKCategoricalAccuracy
 *
 * @example
 * import { SparseTopKCategoricalAccuracy } from 'ferrograd/metrics'
 *
 * const metric = new SparseTopKCategoricalAccuracy({ k: 3 })
 */
export class SparseTopKCategoricalAccuracy extends SparseTopKCategoricalAccuracyBase {
  static override readonly className = 'SparseTopKCategoricalAccuracy'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    const { k, fromSortedIds } = this.options
    if (fromSortedIds) return amongFirst(alignLabels(yTrue, yPred, this.title), ops.cast(yPred, 'int32'), k)
    return inTopK(alignLabels(yTrue, yPred, this.title), yPred, k)
  }
}

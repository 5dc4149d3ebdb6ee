/** Overlap of predicted and true classes: intersection over union, from a confusion matrix. */

import { epsilon } from '../config.js'
import { sameShape } from '../core/shapes.js'
import { type Tensor, tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { alignWeights } from '../losses/align.js'
import type { Weighting } from '../losses/loss.js'
import { type Operand, toTensor } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { FieldTable, OptionsOf } from '../options/fields.js'
import { accumulate, Metric, type MetricOptions } from './metric.js'

/** Keras counts in integers and says so in its configurations; here the state is of a float type. */
const countedFields = {
  /** Keras's type of the counts; not used. Default null. */
  dtype: { type: 'string', default: null, config: false },
} as const

/** Counts pairs of classes and predictions that are of none; its subclasses say which classes, and how labels are read. */
abstract class Overlap extends Metric {
  static override readonly fields: FieldTable = countedFields
  /** Rows: true classes; columns: predicted ones. */
  readonly totals: Variable
  /** Samples of each true class whose prediction is NaN: of no class, and so missed. */
  readonly missed: Variable

  constructor(options?: MetricOptions) {
    super(options)
    this.totals = this.addSum('total_confusion_matrix', [this.classCount(), this.classCount()])
    this.missed = this.addSum('missed', [this.classCount()])
  }

  protected abstract classCount(): number
  protected abstract get targets(): readonly number[]
  /** Integer classes out of what the user passes. */
  protected abstract labelsOf(y: Tensor, side: 'true' | 'pred'): Tensor
  /** The axis of scores, of which one prediction has several; none where it has one number. */
  protected get scores(): number | undefined {
    return undefined
  }
  protected get ignored(): number | null {
    return null
  }

  override update(targets: Operand, predictions: Operand, { sampleWeight, mask }: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    const [actual, predicted] = [this.labelsOf(yTrue, 'true'), this.labelsOf(yPred, 'pred')]
    if (!sameShape(actual.shape, predicted.shape))
      fail('ERR_SHAPE', `${this.title} targets`, `the predictions' shape [${predicted.shape.join(', ')}]`, actual.shape)
    const weights = [sampleWeight, mask]
      .filter((w) => w !== undefined)
      .map((w) => alignWeights(w, this.cast(actual), this.title))
    const counted = this.cast(this.ignored === null ? ops.onesLike(actual) : ops.notEqual(actual, this.ignored))
    const weight = weights.reduce((a, b) => ops.multiply(a, b), counted)
    // A label out of range has a one-hot row of zeros, and so counts nowhere.
    const rows = ops.multiply(this.#hot(actual), ops.reshape(weight, [actual.size, 1]))
    const lost = ops.reshape(this.#isNan(yPred), [actual.size, 1])
    const columns = ops.where(lost, 0, this.#hot(predicted))
    accumulate(this.totals, ops.matmul(rows, columns, { transposeA: true }))
    accumulate(this.missed, ops.sum(ops.where(lost, rows, 0), { axis: 0 }))
  }

  #isNan(predictions: Tensor): Tensor {
    const found = ops.isNan(predictions)
    return this.scores === undefined ? found : ops.any(found, { axis: this.scores })
  }

  /** The mean over the wanted classes that occur. */
  override result(): Tensor {
    const right = ops.sum(ops.multiply(this.totals, ops.eye(this.classCount(), { dtype: 'float64' })), { axis: 0 })
    const [found, counted] = [0, 1].map((axis) => ops.sum(this.totals, { axis })) as [Tensor, Tensor]
    const either = ops.subtract(ops.add(ops.add(found, counted), this.missed), right)
    const occurs = ops.cast(ops.logicalAnd(ops.greater(either, 1e-9), ops.greater(this.#wanted(), 0)), 'float64')
    const overlap = ops.multiply(ops.divide(right, ops.add(either, epsilon())), occurs)
    return this.cast(ops.divide(ops.sum(overlap), ops.add(ops.sum(occurs), epsilon())))
  }

  #hot(labels: Tensor): Tensor {
    return ops.oneHot(ops.reshape(labels, [labels.size]), this.classCount(), this.dtype)
  }

  #wanted(): Tensor {
    const wanted = Array.from({ length: this.classCount() }, (_, i) => (this.targets.includes(i) ? 1 : 0))
    return tensor(wanted, [this.classCount()], this.dtype)
  }
}

/** Options of all whose classes are numbered. */
const classFields = {
  /** How many classes there are. */
  numClasses: { type: 'integer', min: 1 },
  /** A true class that is not counted. Default null. */
  ignoreClass: { type: 'integer', default: null, min: -2_147_483_648 },
  /** The axis of the classes. Default -1. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

const targetFields = {
  /** The classes whose overlap is wanted. */
  targetClassIds: { type: 'integers' },
} as const

const sparseFields = {
  /** Whether targets are integers rather than one-hot. Default true. */
  sparseYTrue: { type: 'boolean', default: true, config: 'sparse_y_true' },
  /** Whether predictions are integers rather than probabilities. Default true. */
  sparseYPred: { type: 'boolean', default: true, config: 'sparse_y_pred' },
} as const

const hotFields = {
  /** Whether predictions are integers rather than probabilities. Default false. */
  sparseYPred: { type: 'boolean', default: false, config: 'sparse_y_pred' },
} as const

/** What some of them have besides; all classes are wanted and targets are one-hot unless said. */
interface Numbered {
  readonly targetClassIds?: readonly number[]
  readonly sparseYTrue?: boolean
  readonly sparseYPred?: boolean
}

const NumberedBase: With<typeof Overlap, typeof classFields> = Overlap.with(classFields)

/** Classes counted by number. */
abstract class NumberedOverlap extends NumberedBase {
  protected override classCount(): number {
    return this.options.numClasses
  }
  protected override get targets(): readonly number[] {
    const { targetClassIds } = this.options as Numbered
    return targetClassIds ?? Array.from({ length: this.classCount() }, (_, i) => i)
  }
  protected override get ignored(): number | null {
    return this.options.ignoreClass
  }
  protected override get scores(): number | undefined {
    return (this.options as Numbered).sparseYPred ? undefined : this.options.axis
  }
  protected override labelsOf(y: Tensor, side: 'true' | 'pred'): Tensor {
    const { sparseYTrue, sparseYPred } = this.options as Numbered
    const sparse = side === 'true' ? sparseYTrue : sparseYPred
    return ops.cast(sparse ? y : ops.argmax(y, { axis: this.options.axis }), 'int32')
  }
}

/** Options of {@link IoU}. */
export interface IoUOptions
  extends OptionsOf<typeof classFields & typeof targetFields & typeof sparseFields>,
    MetricOptions {}

const IoUBase: With<typeof NumberedOverlap, typeof targetFields & typeof sparseFields, IoUOptions> =
  NumberedOverlap.with({ ...targetFields, ...sparseFields })

/**
 * Intersection over union, `TP / (TP + FP + FN)`, the mean over `targetClassIds`.
 *
 * @see keras.metrics.IoU
 *
 * @example
 * import { IoU } from 'ferrograd/metrics'
 *
 * const metric = new IoU({ numClasses: 3, targetClassIds: [0, 2] })
 */
export class IoU extends IoUBase {
  static override readonly className = 'IoU'
}

/** Options of {@link MeanIoU}. */
export interface MeanIoUOptions extends OptionsOf<typeof classFields & typeof sparseFields>, MetricOptions {}

const MeanIoUBase: With<typeof NumberedOverlap, typeof sparseFields, MeanIoUOptions> =
  NumberedOverlap.with(sparseFields)

/**
 * Intersection over union, the mean over all classes.
 *
 * `(1/k) Σ TPₖ / (TPₖ + FPₖ + FNₖ)` over the classes that occur.
 *
 * @see keras.metrics.MeanIoU
 *
 * @example
 * import { MeanIoU } from 'ferrograd/metrics'
 *
 * const metric = new MeanIoU({ numClasses: 3 })
 */
export class MeanIoU extends MeanIoUBase {
  static override readonly className = 'MeanIoU'
}

/** Options of {@link OneHotIoU}. */
export interface OneHotIoUOptions
  extends OptionsOf<typeof classFields & typeof targetFields & typeof hotFields>,
    MetricOptions {}

const OneHotIoUBase: With<typeof NumberedOverlap, typeof targetFields & typeof hotFields, OneHotIoUOptions> =
  NumberedOverlap.with({ ...targetFields, ...hotFields })

/**
 * As {@link IoU}, for one-hot targets.
 *
 * `TP / (TP + FP + FN)` of each class in `targetClassIds`, then their mean; targets (batch, …, classes).
 *
 * @see keras.metrics.OneHotIoU
 *
 * @example
 * import { OneHotIoU } from 'ferrograd/metrics'
 *
 * const metric = new OneHotIoU({ numClasses: 3, targetClassIds: [0, 2] })
 */
export class OneHotIoU extends OneHotIoUBase {
  static override readonly className = 'OneHotIoU'
}

/** Options of {@link OneHotMeanIoU}. */
export interface OneHotMeanIoUOptions extends OptionsOf<typeof classFields & typeof hotFields>, MetricOptions {}

const OneHotMeanIoUBase: With<typeof NumberedOverlap, typeof hotFields, OneHotMeanIoUOptions> =
  NumberedOverlap.with(hotFields)

/**
 * As {@link MeanIoU}, for one-hot targets.
 *
 * `(1/k) Σ TPₖ / (TPₖ + FPₖ + FNₖ)` over the classes that occur; targets (batch, …, classes).
 *
 * @see keras.metrics.OneHotMeanIoU
 *
 * @example
 * import { OneHotMeanIoU } from 'ferrograd/metrics'
 *
 * const metric = new OneHotMeanIoU({ numClasses: 3 })
 */
export class OneHotMeanIoU extends OneHotMeanIoUBase {
  static override readonly className = 'OneHotMeanIoU'
}

const binaryFields = {
  /** The classes whose overlap is wanted. Default [0, 1]. */
  targetClassIds: { type: 'integers', default: [0, 1] },
  /** Predictions at or above it are class 1. Default 0.5. */
  threshold: { type: 'number', default: 0.5 },
} as const

/** Options of {@link BinaryIoU}. */
export interface BinaryIoUOptions extends OptionsOf<typeof binaryFields>, MetricOptions {}

const BinaryIoUBase: With<typeof Overlap, typeof binaryFields, BinaryIoUOptions> = Overlap.with(binaryFields)

/**
 * Intersection over union of yes/no predictions.
 *
 * `TP / (TP + FP + FN)` of each class in `targetClassIds`, then their mean.
 *
 * @see keras.metrics.BinaryIoU
 *
 * @example
 * import { BinaryIoU } from 'ferrograd/metrics'
 *
 * const metric = new BinaryIoU({ threshold: 0.6 })
 */
export class BinaryIoU extends BinaryIoUBase {
  static override readonly className = 'BinaryIoU'
  protected override classCount(): number {
    return 2
  }
  protected override get targets(): readonly number[] {
    return this.options.targetClassIds
  }
  protected override labelsOf(y: Tensor, side: 'true' | 'pred'): Tensor {
    return ops.cast(side === 'true' ? y : ops.greaterEqual(y, this.options.threshold), 'int32')
  }
}

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
import type { FieldTable } from '../options/fields.js'
import { accumulate, Metric } from './metric.js'

/** Keras counts in integers and says so in its configurations; here the state is of a float type. */
const countedFields = {
  /** Keras's type of the counts; not used. */
  dtype: { type: 'string', default: null, config: false },
} as const

/** Counts pairs of classes; its subclasses say which classes, and how labels are read. */
abstract class Overlap<F extends FieldTable> extends Metric<F> {
  static override readonly fields: FieldTable = countedFields
  /** Rows: true classes; columns: predicted ones. */
  readonly totals: Variable

  constructor(...args: ConstructorParameters<typeof Metric<F>>) {
    super(...args)
    this.totals = this.addSum('total_confusion_matrix', [this.classCount(), this.classCount()])
  }

  protected abstract classCount(): number
  protected abstract get targets(): readonly number[]
  /** Integer classes out of what the user passes. */
  protected abstract labelsOf(y: Tensor, side: 'true' | 'pred'): Tensor
  protected get ignored(): number | null {
    return null
  }

  override update(targets: Operand, predictions: Operand, { sampleWeight, mask }: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    const [actual, predicted] = [this.labelsOf(yTrue, 'true'), this.labelsOf(yPred, 'pred')]
    if (!sameShape(actual.shape, predicted.shape))
      fail('ERR_SHAPE', `${this.name} targets`, `the predictions' shape [${predicted.shape.join(', ')}]`, actual.shape)
    const weights = [sampleWeight, mask]
      .filter((w) => w !== undefined)
      .map((w) => alignWeights(w, this.cast(actual), this.name))
    const counted = this.cast(this.ignored === null ? ops.onesLike(actual) : ops.notEqual(actual, this.ignored))
    const weight = weights.reduce((a, b) => ops.multiply(a, b), counted)
    // A label out of range has a one-hot row of zeros, and so counts nowhere.
    const rows = this.#hot(actual)
    const columns = ops.multiply(this.#hot(predicted), ops.reshape(weight, [actual.size, 1]))
    accumulate(this.totals, ops.matmul(rows, columns, { transposeA: true }))
  }

  /** The mean over the wanted classes that occur. */
  override result(): Tensor {
    const right = ops.sum(ops.multiply(this.totals, ops.eye(this.classCount(), { dtype: 'float64' })), { axis: 0 })
    const either = ops.subtract(ops.add(ops.sum(this.totals, { axis: 0 }), ops.sum(this.totals, { axis: 1 })), right)
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
  /** A true class that is not counted. */
  ignoreClass: { type: 'integer', default: null, min: -2_147_483_648 },
  /** The axis of the classes. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

const targetFields = {
  /** The classes whose overlap is wanted. */
  targetClassIds: { type: 'integers' },
} as const

const sparseFields = {
  /** Whether targets are integers rather than one-hot. */
  sparseYTrue: { type: 'boolean', default: true, config: 'sparse_y_true' },
  /** Whether predictions are integers rather than probabilities. */
  sparseYPred: { type: 'boolean', default: true, config: 'sparse_y_pred' },
} as const

const hotFields = {
  /** Whether predictions are integers rather than probabilities. */
  sparseYPred: { type: 'boolean', default: false, config: 'sparse_y_pred' },
} as const

/** What the options of numbered classes may hold; all classes are wanted and targets are one-hot unless said. */
interface Numbered {
  readonly numClasses: number
  readonly targetClassIds?: readonly number[]
  readonly ignoreClass: number | null
  readonly sparseYTrue?: boolean
  readonly sparseYPred: boolean
  readonly axis: number
}

/** Classes counted by number. */
abstract class NumberedOverlap<F extends FieldTable> extends Overlap<typeof classFields & F> {
  static override readonly fields: FieldTable = classFields
  protected override classCount(): number {
    return numbered(this.options).numClasses
  }
  protected override get targets(): readonly number[] {
    return numbered(this.options).targetClassIds ?? Array.from({ length: this.classCount() }, (_, i) => i)
  }
  protected override get ignored(): number | null {
    return numbered(this.options).ignoreClass
  }
  protected override labelsOf(y: Tensor, side: 'true' | 'pred'): Tensor {
    const { sparseYTrue = false, sparseYPred, axis } = numbered(this.options)
    const sparse = side === 'true' ? sparseYTrue : sparseYPred
    return ops.cast(sparse ? y : ops.argmax(y, { axis }), 'int32')
  }
}

const numbered = (options: unknown): Numbered => options as Numbered

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
export class IoU extends NumberedOverlap<typeof targetFields & typeof sparseFields> {
  static override readonly className = 'IoU'
  static override readonly fields: FieldTable = { ...targetFields, ...sparseFields }
}

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
export class MeanIoU extends NumberedOverlap<typeof sparseFields> {
  static override readonly className = 'MeanIoU'
  static override readonly fields: FieldTable = sparseFields
}

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
export class OneHotIoU extends NumberedOverlap<typeof targetFields & typeof hotFields> {
  static override readonly className = 'OneHotIoU'
  static override readonly fields: FieldTable = { ...targetFields, ...hotFields }
}

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
export class OneHotMeanIoU extends NumberedOverlap<typeof hotFields> {
  static override readonly className = 'OneHotMeanIoU'
  static override readonly fields: FieldTable = hotFields
}

const binaryFields = {
  /** The classes whose overlap is wanted. */
  targetClassIds: { type: 'integers', default: [0, 1] },
  /** Predictions at or above it are class 1. */
  threshold: { type: 'number', default: 0.5 },
} as const

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
export class BinaryIoU extends Overlap<typeof binaryFields> {
  static override readonly className = 'BinaryIoU'
  static override readonly fields: FieldTable = binaryFields
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

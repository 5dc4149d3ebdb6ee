/** Counts of right and wrong yes/no decisions at thresholds, and what is made of them. */

import { type Tensor, tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { warnOnce } from '../core/warn.js'
import * as raw from '../generated/ops.js'
import { alignTargets, alignWeights } from '../losses/align.js'
import { divideNoNan, type Weighting } from '../losses/loss.js'
import { type Operand, toTensor } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { FloatDType } from '../types.js'
import { accumulate, Metric, type MetricOptions } from './metric.js'

/** Which entries are counted, and how. */
export interface Counting {
  readonly thresholds: readonly number[]
  readonly dtype: FloatDType
  /** Only the k largest predictions of a sample can be positive. */
  readonly topK?: number | null
  /** Only this class is counted. */
  readonly classId?: number | null
  /** Each label has its own counts. */
  readonly multiLabel?: boolean
  /** How much each label counts. */
  readonly labelWeights?: readonly number[] | null
  readonly where: string
}

/** Weighted counts by threshold (and label, where these are apart). */
export interface Counts {
  readonly truePositives: Tensor
  readonly falsePositives: Tensor
  readonly trueNegatives: Tensor
  readonly falseNegatives: Tensor
}

/** The four counts of a batch, (thresholds) or (thresholds, labels), as float64. */
export function count(yTrue: Tensor, yPred: Tensor, { sampleWeight, mask }: Weighting, how: Counting): Counts {
  const predicted = how.topK ? onlyTopK(ops.cast(yPred, how.dtype), how.topK) : ops.cast(yPred, how.dtype)
  const target = alignTargets(yTrue, predicted, how.where)
  const weights = [sampleWeight, mask].filter((w) => w !== undefined).map((w) => alignWeights(w, predicted, how.where))
  if (how.labelWeights && !how.multiLabel) {
    weights.push(tensor(how.labelWeights, undefined, how.dtype))
  }
  const weight = weights.reduce((a, b) => ops.multiply(a, b), ops.onesLike(predicted))
  const rows = (x: Tensor): Tensor => layOut(pickClass(x, how.classId), how.multiLabel === true)
  return countRows(ops.notEqual(rows(target), 0), rows(predicted), rows(weight), how)
}

/**
 * Each entry goes into the bucket of the thresholds that it is above; sums over the buckets from either end are the
 * counts. The work hardly depends on how many thresholds there are.
 */
function countRows(label: Tensor, predicted: Tensor, weight: Tensor, { thresholds, dtype }: Counting): Counts {
  const order = [...thresholds.keys()].sort((a, b) => thresholds[a]! - thresholds[b]!)
  const [steps, labels] = [order.length, predicted.shape[1] ?? 1]
  const limits = Float64Array.from(order, (i) => thresholds[i]!)
  const bucket = ops.searchSorted(tensor(limits, [steps], dtype), predicted)
  const place = ops.add(
    ops.add(bucket, ops.multiply(ops.cast(label, 'int32'), labels * (steps + 1))),
    labelOffsets(labels, steps + 1),
  )
  const sums = ops.reshape(histogram(place, weight, 2 * labels * (steps + 1)), [2, labels, steps + 1])
  const part = (x: Tensor, from: number): Tensor => ops.slice(x, { begin: [0, 0, from], size: [2, labels, steps] })
  const above = part(ops.cumsum(sums, { axis: -1, reverse: true }), 1)
  const below = part(ops.cumsum(sums, { axis: -1 }), 0)
  const side = (x: Tensor, positive: 0 | 1): Tensor =>
    inGivenOrder(ops.take(x, positive, { axis: 0 }), order, predicted)
  return {
    truePositives: side(above, 1),
    falsePositives: side(above, 0),
    trueNegatives: side(below, 0),
    falseNegatives: side(below, 1),
  }
}

/** Where the buckets of each label begin. */
function labelOffsets(labels: number, buckets: number): Tensor {
  return tensor(Int32Array.from({ length: labels }, (_, label) => label * buckets))
}

/** The sums of the weights in each of `size` places. */
function histogram(places: Tensor, weights: Tensor, size: number): Tensor {
  const flat = (x: Tensor): Tensor => ops.reshape(x, [x.size])
  return raw.scatterAdd(flat(ops.cast(weights, 'float64')), flat(places), { axis: 0, size })
}

/** (labels, ascending thresholds) as (thresholds, labels), or (thresholds), in the order they were given in. */
function inGivenOrder(counts: Tensor, order: readonly number[], predicted: Tensor): Tensor {
  const places = new Int32Array(order.length)
  order.forEach((given, i) => {
    places[given] = i
  })
  const sorted = order.every((given, i) => given === i)
  const laid = sorted ? counts : ops.take(counts, tensor(places), { axis: 1 })
  return predicted.rank === 2 ? ops.transpose(laid) : ops.reshape(laid, [order.length])
}

/** All entries, or (samples, labels) where labels are apart. */
function layOut(x: Tensor, multiLabel: boolean): Tensor {
  return ops.reshape(x, multiLabel ? [x.shape[0]!, x.size / x.shape[0]!] : [x.size])
}

function pickClass(x: Tensor, classId: number | null | undefined): Tensor {
  if (classId === null || classId === undefined) return x
  return ops.slice(x, { begin: [...x.shape.slice(0, -1).map(() => 0), classId], size: [...x.shape.slice(0, -1), 1] })
}

/** Below every threshold. */
const lowest = -1e10

function onlyTopK(x: Tensor, k: number): Tensor {
  const { indices } = ops.topK(x, k)
  const among = ops.sum(ops.oneHot(indices, x.shape.at(-1)!, x.dtype), { axis: -2 })
  return ops.where(ops.greater(among, 0), x, lowest)
}

const listOf = (value: number | readonly number[]): readonly number[] => (typeof value === 'number' ? [value] : value)

const countFields = {
  /** Predictions above it are positive: one number, or several to count at each. Default null. */
  thresholds: { type: 'numeric', default: null },
} as const

/** Options of the four counts. */
export interface CountOptions extends OptionsOf<typeof countFields>, MetricOptions {}

const CountBase: With<typeof Metric, typeof countFields, CountOptions> = Metric.with(countFields)

/** One of the four counts. */
abstract class Count extends CountBase {
  readonly #thresholds: readonly number[] = listOf(this.options.thresholds ?? 0.5)
  readonly accumulator: Variable = this.addSum('accumulator', [this.#thresholds.length])
  protected abstract readonly counted: keyof Counts

  override update(targets: Operand, predictions: Operand, weighting: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    const counts = count(yTrue, yPred, weighting, {
      thresholds: this.#thresholds,
      dtype: this.dtype,
      where: this.title,
    })
    accumulate(this.accumulator, counts[this.counted])
  }

  override result(): Tensor {
    return this.cast(scalarIfOne(this.accumulator.read()))
  }
}

/**
 * How many positives were predicted positive, weighted.
 *
 * `Σ w·[y = 1 and ŷ > threshold]`, for each threshold.
 *
 * @see keras.metrics.TruePositives
 *
 * @example
 * import { TruePositives } from 'ferrograd/metrics'
 *
 * const metric = new TruePositives({ thresholds: [0.3, 0.6] })
 */
export class TruePositives extends Count {
  static override readonly className = 'TruePositives'
  protected override readonly counted = 'truePositives'
}

/**
 * How many negatives were predicted negative, weighted.
 *
 * `Σ w·[y = 0 and ŷ ≤ threshold]`, for each threshold.
 *
 * @see keras.metrics.TrueNegatives
 *
 * @example
 * import { TrueNegatives } from 'ferrograd/metrics'
 *
 * const metric = new TrueNegatives()
 */
export class TrueNegatives extends Count {
  static override readonly className = 'TrueNegatives'
  protected override readonly counted = 'trueNegatives'
}

/**
 * How many negatives were predicted positive, weighted.
 *
 * `Σ w·[y = 0 and ŷ > threshold]`, for each threshold.
 *
 * @see keras.metrics.FalsePositives
 *
 * @example
 * import { FalsePositives } from 'ferrograd/metrics'
 *
 * const metric = new FalsePositives()
 */
export class FalsePositives extends Count {
  static override readonly className = 'FalsePositives'
  protected override readonly counted = 'falsePositives'
}

/**
 * How many positives were predicted negative, weighted.
 *
 * `Σ w·[y = 1 and ŷ ≤ threshold]`, for each threshold.
 *
 * @see keras.metrics.FalseNegatives
 *
 * @example
 * import { FalseNegatives } from 'ferrograd/metrics'
 *
 * const metric = new FalseNegatives()
 */
export class FalseNegatives extends Count {
  static override readonly className = 'FalseNegatives'
  protected override readonly counted = 'falseNegatives'
}

function scalarIfOne(x: Tensor): Tensor {
  return x.size === 1 ? ops.reshape(x, []) : x
}

const shareFields = {
  /** Predictions above it are positive: one number, or several for a result at each. Default null. */
  thresholds: { type: 'numeric', default: null },
  /** Only the k largest predictions of a sample can be positive. Default null. */
  topK: { type: 'integer', default: null, min: 1 },
  /** Only this class is counted. Default null. */
  classId: { type: 'integer', default: null, min: 0 },
} as const

/** Options of {@link Precision} and {@link Recall}. */
export interface PrecisionRecallOptions extends OptionsOf<typeof shareFields>, MetricOptions {}

const ShareBase: With<typeof Metric, typeof shareFields, PrecisionRecallOptions> = Metric.with(shareFields)

/** True positives over true positives and one kind of error. */
abstract class Share extends ShareBase {
  readonly #thresholds: readonly number[] = listOf(
    this.options.thresholds ?? (this.options.topK === null ? 0.5 : lowest),
  )
  readonly truePositives: Variable = this.addSum('true_positives', [this.#thresholds.length])
  readonly errors: Variable = this.addSum('errors', [this.#thresholds.length])
  protected abstract readonly counted: keyof Counts

  override update(targets: Operand, predictions: Operand, weighting: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    const { topK, classId } = this.options
    const counts = count(yTrue, yPred, weighting, {
      thresholds: this.#thresholds,
      dtype: this.dtype,
      topK,
      classId,
      where: this.title,
    })
    accumulate(this.truePositives, counts.truePositives)
    accumulate(this.errors, counts[this.counted])
  }

  override result(): Tensor {
    const right = this.truePositives.read()
    return this.cast(scalarIfOne(divideNoNan(right, ops.add(right, this.errors))))
  }
}

/**
 * How many of those predicted positive are: `TP / (TP + FP)`.
 *
 * @see keras.metrics.Precision
 *
 * @example
 * import { Precision } from 'ferrograd/metrics'
 *
 * const metric = new Precision({ thresholds: 0.7 })
 */
export class Precision extends Share {
  static override readonly className = 'Precision'
  protected override readonly counted = 'falsePositives'
}

/**
 * How many of the positives are predicted so: `TP / (TP + FN)`.
 *
 * @see keras.metrics.Recall
 *
 * @example
 * import { Recall } from 'ferrograd/metrics'
 *
 * const metric = new Recall({ thresholds: 0.3 })
 */
export class Recall extends Share {
  static override readonly className = 'Recall'
  protected override readonly counted = 'falseNegatives'
}

/** The four counts as state, for metrics that look at many thresholds. */
export abstract class CountingMetric extends Metric {
  /** Predictions that were no probabilities. */
  readonly #outside: Variable = this.addSum('outside')
  truePositives!: Variable
  trueNegatives!: Variable
  falsePositives!: Variable
  falseNegatives!: Variable

  /** Makes the state; one column per label where labels are apart. */
  protected addCounts(thresholds: number, labels?: number): void {
    const shape = labels === undefined ? [thresholds] : [thresholds, labels]
    this.truePositives = this.addSum('true_positives', shape)
    this.falsePositives = this.addSum('false_positives', shape)
    this.trueNegatives = this.addSum('true_negatives', shape)
    this.falseNegatives = this.addSum('false_negatives', shape)
  }

  /** Counts at thresholds in [0, 1]: predictions outside count as its ends, as in Keras, and are told of once. */
  protected addProbabilities(yTrue: Tensor, yPred: Tensor, weighting: Weighting, how: Counting): void {
    const outside = ops.logicalOr(ops.less(yPred, 0), ops.greater(yPred, 1))
    accumulate(this.#outside, ops.sum(ops.cast(outside, 'float64')))
    this.#addAll(count(yTrue, ops.clip(yPred, 0, 1), weighting, how))
  }

  override review(): void {
    if (this.#outside.dataSync()[0] === 0) return
    const what = `${this.className} '${this.name}': predictions outside [0, 1] counted as 0 or 1`
    warnOnce('FERROGRAD_NOT_PROBABILITIES', `${what}. ${this.advice}`)
  }

  /** What makes probabilities of predictions. */
  protected get advice(): string {
    return 'End the model in a sigmoid'
  }

  #addAll(counts: Counts): void {
    accumulate(this.truePositives, counts.truePositives)
    accumulate(this.falsePositives, counts.falsePositives)
    accumulate(this.trueNegatives, counts.trueNegatives)
    accumulate(this.falseNegatives, counts.falseNegatives)
  }

  /** `TP / (TP + FN)`. */
  protected get recall(): Tensor {
    return ratio(this.truePositives, this.falseNegatives)
  }

  /** `TP / (TP + FP)`. */
  protected get precision(): Tensor {
    return ratio(this.truePositives, this.falsePositives)
  }

  /** `TN / (TN + FP)`. */
  protected get specificity(): Tensor {
    return ratio(this.trueNegatives, this.falsePositives)
  }
}

/** `a / (a + b)`, 0 where both are. */
function ratio(a: Variable, b: Variable): Tensor {
  return divideNoNan(a.read(), ops.add(a, b))
}

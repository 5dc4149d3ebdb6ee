/** What every threshold of a score gives. */

import { type DataLike, toColumn } from '../data/marshal.js'
import { fail } from '../errors.js'

/** A curve of false and true positives. */
export interface RocCurve {
  /** The share of negatives that score at least the threshold. */
  readonly falsePositiveRate: readonly number[]
  /** The share of positives that do. */
  readonly truePositiveRate: readonly number[]
  /** From infinity (nobody) down to the smallest score (everybody). */
  readonly thresholds: readonly number[]
  /** The area below the curve, by trapezoids. */
  readonly area: number
}

/** A curve of precision and recall. */
export interface PrecisionRecallCurve {
  readonly precision: readonly number[]
  readonly recall: readonly number[]
  /** Rising; one fewer than points, whose last is precision 1 at recall 0. */
  readonly thresholds: readonly number[]
  /** `Σ (recall[i] − recall[i + 1]) · precision[i]`. */
  readonly averagePrecision: number
}

/**
 * The receiver operating characteristic of a binary score: a point for each different score, as scikit-learn's
 * `roc_curve(…, drop_intermediate=False)`.
 *
 * @example
 * ```ts
 * import { report } from 'ferrograd'
 *
 * console.log(report.rocCurve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).area) // 0.75
 * ```
 */
export function rocCurve(yTrue: DataLike, score: DataLike): RocCurve {
  const { thresholds, found, wrong, positives, negatives } = countsOf('report.rocCurve', yTrue, score)
  if (negatives === 0) fail('ERR_DATA', 'report.rocCurve.yTrue', 'samples of both classes', { text: 'one class' })
  const truePositiveRate = [0, ...found.map((count) => count / positives)]
  const falsePositiveRate = [0, ...wrong.map((count) => count / negatives)]
  let area = 0
  for (let i = 1; i < truePositiveRate.length; i++)
    area +=
      ((falsePositiveRate[i]! - falsePositiveRate[i - 1]!) * (truePositiveRate[i]! + truePositiveRate[i - 1]!)) / 2
  return { falsePositiveRate, truePositiveRate, thresholds: [Number.POSITIVE_INFINITY, ...thresholds], area }
}

/** Precision and recall of a binary score at each threshold, as scikit-learn's `precision_recall_curve`. */
export function precisionRecallCurve(yTrue: DataLike, score: DataLike): PrecisionRecallCurve {
  const { thresholds, found, wrong, positives } = countsOf('report.precisionRecallCurve', yTrue, score)
  const precision = [...found.map((count, i) => count / (count + wrong[i]!)).reverse(), 1]
  const recall = [...found.map((count) => count / positives).reverse(), 0]
  let averagePrecision = 0
  for (let i = 0; i + 1 < recall.length; i++) averagePrecision += (recall[i]! - recall[i + 1]!) * precision[i]!
  return { precision, recall, thresholds: [...thresholds].reverse(), averagePrecision }
}

interface Counts {
  /** Falling. */
  readonly thresholds: readonly number[]
  /** Positives that score at least each threshold. */
  readonly found: readonly number[]
  /** Negatives that do. */
  readonly wrong: readonly number[]
  readonly positives: number
  readonly negatives: number
}

function countsOf(where: string, yTrue: DataLike, score: DataLike): Counts {
  const [truth, scores] = [numbersOf(`${where}.yTrue`, yTrue), numbersOf(`${where}.score`, score)]
  if (truth.length !== scores.length)
    fail('ERR_SHAPE', `${where}.score`, `${truth.length} samples, as yTrue has`, scores.length)
  const odd = truth.findIndex((label) => label !== 0 && label !== 1)
  if (odd >= 0) fail('ERR_DATA', `${where}.yTrue[${odd}]`, '0 or 1', truth[odd])
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!)
  const [thresholds, found, wrong]: [number[], number[], number[]] = [[], [], []]
  let [positives, negatives] = [0, 0]
  order.forEach((sample, i) => {
    if (truth[sample] === 1) positives += 1
    else negatives += 1
    if (i + 1 < order.length && scores[order[i + 1]!] === scores[sample]) return
    thresholds.push(scores[sample]!)
    found.push(positives)
    wrong.push(negatives)
  })
  if (positives === 0) fail('ERR_DATA', `${where}.yTrue`, 'at least one positive sample', { text: 'none' })
  return { thresholds, found, wrong, positives, negatives }
}

function numbersOf(where: string, data: DataLike): ArrayLike<number> & { findIndex: Float64Array['findIndex'] } {
  const { values, shape } = toColumn(where, data, 'float64')
  if (values.length !== shape[0]) fail('ERR_SHAPE', where, 'one number a sample', shape)
  return values as Float64Array
}

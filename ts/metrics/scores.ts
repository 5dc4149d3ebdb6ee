/** F scores, explained variance, and correlations. */

import { epsilon } from '../config.js'
import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { alignTargets, alignWeights } from '../losses/align.js'
import { divideNoNan, type Weighting } from '../losses/loss.js'
import { type Operand, toTensor } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { MeanMetric } from './mean.js'
import { accumulate, Metric, type MetricOptions } from './metric.js'

const averagedFields = {
  /** One score per class, over all classes together, or their plain or weighted mean. Default null. */
  average: { type: 'choice', of: ['micro', 'macro', 'weighted'], default: null },
  /**
   * Predictions above it are positive; else the largest of each sample is (of one column, those above ½). Default null.
   */
  threshold: { type: 'number', default: null, above: 0, max: 1 },
} as const

/** Options of {@link F1Score}. */
export interface F1ScoreOptions extends OptionsOf<typeof averagedFields>, MetricOptions {}

const FScoreBase: With<typeof Metric, typeof averagedFields, F1ScoreOptions> = Metric.with(averagedFields)

/** The score of a beta. */
abstract class FScore extends FScoreBase {
  #truePositives: Variable | undefined
  #falsePositives!: Variable
  #falseNegatives!: Variable
  #actual!: Variable

  protected abstract get beta(): number

  override update(targets: Operand, predictions: Operand, { sampleWeight, mask }: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    if (yPred.rank !== 2) fail('ERR_SHAPE', this.title, 'predictions [batch, classes]', yPred.shape)
    this.#build(yPred.shape[1]!)
    const positive = this.#decide(this.cast(yPred))
    const label = alignTargets(yTrue, positive, this.title)
    const weights = [sampleWeight, mask]
      .filter((w) => w !== undefined)
      .map((w) => alignWeights(w, positive, this.title))
    const total = (x: Tensor): Tensor => this.#total(weights.reduce((product, w) => ops.multiply(product, w), x))
    accumulate(this.#truePositives!, total(ops.multiply(positive, label)))
    accumulate(this.#falsePositives, total(ops.multiply(positive, ops.subtract(1, label))))
    accumulate(this.#falseNegatives, total(ops.multiply(ops.subtract(1, positive), label)))
    accumulate(this.#actual, total(label))
  }

  override result(): Tensor {
    if (this.#truePositives === undefined) return ops.zeros([], this.dtype)
    const share = (errors: Variable): Tensor => {
      const right = this.#truePositives!.read()
      return ops.divide(right, ops.add(ops.add(right, errors), epsilon()))
    }
    const [precision, recall] = [share(this.#falsePositives), share(this.#falseNegatives)]
    const squared = this.beta ** 2
    const divisor = ops.add(ops.add(ops.multiply(precision, squared), recall), epsilon())
    return this.cast(this.#averaged(ops.multiply(ops.divide(ops.multiply(precision, recall), divisor), 1 + squared)))
  }

  #build(classes: number): void {
    if (this.#truePositives !== undefined) return
    const shape = this.options.average === 'micro' ? [] : [classes]
    this.#truePositives = this.addSum('true_positives', shape)
    this.#falsePositives = this.addSum('false_positives', shape)
    this.#falseNegatives = this.addSum('false_negatives', shape)
    this.#actual = this.addSum('intermediate_weights', shape)
  }

  #decide(yPred: Tensor): Tensor {
    // One column is a yes or a no: it would always be the largest of its sample.
    const threshold = this.options.threshold ?? (yPred.shape[1] === 1 ? 0.5 : null)
    if (threshold !== null) return this.cast(ops.greater(yPred, threshold))
    const largest = ops.greaterEqual(yPred, ops.max(yPred, { axis: -1, keepdims: true }))
    return this.cast(ops.logicalAnd(largest, ops.greater(ops.abs(yPred), 1e-9)))
  }

  #total(x: Tensor): Tensor {
    return this.options.average === 'micro' ? ops.sum(x) : ops.sum(x, { axis: 0 })
  }

  #averaged(scores: Tensor): Tensor {
    const { average } = this.options
    if (average === null) return scores
    if (average !== 'weighted') return ops.mean(scores)
    const weights = ops.divide(this.#actual, ops.add(ops.sum(this.#actual), epsilon()))
    return ops.sum(ops.multiply(scores, weights))
  }
}

const betaFields = {
  /** How much more recall counts than precision. Default 1. */
  beta: { type: 'number', default: 1, above: 0 },
} as const

/** Options of {@link FBetaScore}. */
export interface FBetaScoreOptions extends OptionsOf<typeof betaFields>, F1ScoreOptions {}

const FBetaScoreBase: With<typeof FScore, typeof betaFields, FBetaScoreOptions> = FScore.with(betaFields)

/**
 * `(1 + β²) · precision · recall / (β² · precision + recall)`, targets (batch, classes) of 0 and 1.
 *
 * @see keras.metrics.FBetaScore
 *
 * @example
 * import { FBetaScore } from 'ferrograd/metrics'
 *
 * const metric = new FBetaScore({ beta: 2, average: 'macro' })
 */
export class FBetaScore extends FBetaScoreBase {
  static override readonly className = 'FBetaScore'
  protected override get defaultName(): string {
    return 'fbeta_score'
  }
  protected override get beta(): number {
    return this.options.beta
  }
}

/**
 * `2 · precision · recall / (precision + recall)`, targets (batch, classes) of 0 and 1.
 *
 * @see keras.metrics.F1Score
 *
 * @example
 * import { F1Score } from 'ferrograd/metrics'
 *
 * const metric = new F1Score({ average: 'macro' })
 */
export class F1Score extends FScore {
  static override readonly className = 'F1Score'
  protected override readonly beta = 1
}

const r2Fields = {
  /**
   * How the scores of several outputs become one: their mean, their mean by variance, or not at all. Default
   * 'uniformAverage'.
   */
  classAggregation: {
    type: 'choice',
    of: ['uniformAverage', 'varianceWeightedAverage'],
    default: 'uniformAverage',
    nullable: true,
  },
  /** How many variables explain; above 0 the score is adjusted for them. Default 0. */
  numRegressors: { type: 'integer', default: 0, min: 0 },
} as const

/** Options of {@link R2Score}. */
export interface R2ScoreOptions extends OptionsOf<typeof r2Fields>, MetricOptions {}

const R2ScoreBase: With<typeof Metric, typeof r2Fields, R2ScoreOptions> = Metric.with(r2Fields)

/**
 * The explained share of the variance, `1 − Σ(y − ŷ)² / Σ(y − ȳ)²`; targets (batch, outputs).
 *
 * @see keras.metrics.R2Score
 *
 * @example
 * import { R2Score } from 'ferrograd/metrics'
 *
 * const metric = new R2Score({ numRegressors: 4 })
 */
export class R2Score extends R2ScoreBase {
  static override readonly className = 'R2Score'
  readonly #samples: Variable = this.addSum('num_samples')
  #mean: Variable | undefined
  /** `Σ w(y − ȳ)²`, about the mean so far. */
  #spread!: Variable
  #residual!: Variable
  #count!: Variable

  override update(targets: Operand, predictions: Operand, { sampleWeight, mask }: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    if (yPred.rank !== 2) fail('ERR_SHAPE', this.title, 'predictions [batch, outputs]', yPred.shape)
    this.#build(yPred.shape[1]!)
    const predicted = ops.cast(yPred, 'float64')
    const y = alignTargets(yTrue, predicted, this.title)
    const weights = [sampleWeight, mask].filter((w) => w !== undefined).map((w) => alignWeights(w, y, this.title))
    const w = weights.reduce((a, b) => ops.multiply(a, b), ops.onesLike(y))
    this.#follow(y, w)
    accumulate(this.#residual, ops.sum(ops.multiply(ops.square(ops.subtract(y, predicted)), w), { axis: 0 }))
    accumulate(this.#samples, y.size)
  }

  override result(): Tensor {
    if (this.#mean === undefined) return ops.zeros([], this.dtype)
    const spread = this.#spread.read()
    const flat = ops.equal(spread, 0)
    const raw = ops.subtract(1, ops.divide(this.#residual, ops.where(flat, 1, spread)))
    // Where the targets do not vary the score is 0, and 1 where they are met exactly.
    const met = ops.cast(ops.equal(this.#residual, 0), raw.dtype)
    return this.cast(this.#adjusted(this.#aggregated(ops.where(flat, met, raw), spread)))
  }

  /** Joins the batch's mean and spread to those so far (Chan et al., 1979): far from 0, sums of squares lose the spread. */
  #follow(y: Tensor, w: Tensor): void {
    const [count, mean] = [this.#count.read(), this.#mean!.read()]
    const added = ops.sum(w, { axis: 0 })
    const batchMean = divideNoNan(ops.sum(ops.multiply(y, w), { axis: 0 }), added)
    const batchSpread = ops.sum(ops.multiply(ops.square(ops.subtract(y, batchMean)), w), { axis: 0 })
    const total = ops.add(count, added)
    const [apart, share] = [ops.subtract(batchMean, mean), divideNoNan(added, total)]
    this.#mean!.assign(ops.add(mean, ops.multiply(apart, share)))
    accumulate(this.#spread, ops.add(batchSpread, ops.multiply(ops.multiply(ops.square(apart), count), share)))
    this.#count.assign(total)
  }

  #build(outputs: number): void {
    if (this.#mean !== undefined) return
    this.#mean = this.addSum('mean', [outputs])
    this.#spread = this.addSum('spread', [outputs])
    this.#residual = this.addSum('residual', [outputs])
    this.#count = this.addSum('count', [outputs])
  }

  #aggregated(scores: Tensor, spread: Tensor): Tensor {
    const { classAggregation } = this.options
    if (classAggregation === null) return scores
    if (classAggregation === 'uniformAverage') return ops.mean(scores)
    const total = ops.sum(spread)
    const weighted = ops.divide(ops.sum(ops.multiply(spread, scores)), ops.where(ops.equal(total, 0), 1, total))
    return ops.where(ops.equal(total, 0), ops.mean(scores), weighted)
  }

  /** `1 − (1 − R²)(n − 1) / (n − p − 1)`, where that divisor is positive. */
  #adjusted(score: Tensor): Tensor {
    const { numRegressors } = this.options
    if (numRegressors === 0) return score
    const free = ops.subtract(this.#samples, numRegressors + 1)
    const factor = ops.divide(ops.subtract(this.#samples, 1), ops.where(ops.greater(free, 0), free, 1))
    const adjusted = ops.subtract(1, ops.multiply(ops.subtract(1, score), factor))
    return ops.where(ops.greater(free, 0), adjusted, score)
  }
}

const axisFields = {
  /** The axis along which targets and predictions are compared. Default -1. */
  axis: { type: 'axis', default: -1 },
} as const

type Axis = { readonly axis: number | readonly number[]; readonly keepdims: true }

/** Options of {@link PearsonCorrelation}. */
export interface PearsonCorrelationOptions extends OptionsOf<typeof axisFields>, MetricOptions {}

const PearsonCorrelationBase: With<typeof MeanMetric, typeof axisFields, PearsonCorrelationOptions> =
  MeanMetric.with(axisFields)

/**
 * The mean of Pearson's correlation along an axis.
 *
 * `Σ (y − ȳ)(ŷ − ȳ̂) / √(Σ (y − ȳ)² · Σ (ŷ − ȳ̂)²)` along `axis`, then the mean; 0 where one of
 * the two does not vary.
 *
 * @see keras.metrics.PearsonCorrelation
 *
 * @example
 * import { PearsonCorrelation } from 'ferrograd/metrics'
 *
 * const metric = new PearsonCorrelation()
 */
export class PearsonCorrelation extends PearsonCorrelationBase {
  static override readonly className = 'PearsonCorrelation'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    const { axis } = this.options
    const unit = (x: Tensor): Tensor =>
      ops.normalize(ops.subtract(x, ops.mean(x, { axis, keepdims: true })), { axis, epsilon: 0 })
    return ops.sum(ops.multiply(unit(alignTargets(yTrue, yPred, this.title)), unit(yPred)), { axis })
  }
}

/** Options of {@link ConcordanceCorrelation}. */
export interface ConcordanceCorrelationOptions extends OptionsOf<typeof axisFields>, MetricOptions {}

const ConcordanceCorrelationBase: With<typeof MeanMetric, typeof axisFields, ConcordanceCorrelationOptions> =
  MeanMetric.with(axisFields)

/**
 * The mean of Lin's concordance, `2·cov / (var + var + (difference of means)² + ε)`, along an axis.
 *
 * @see keras.metrics.ConcordanceCorrelation
 *
 * @example
 * import { ConcordanceCorrelation } from 'ferrograd/metrics'
 *
 * const metric = new ConcordanceCorrelation()
 */
export class ConcordanceCorrelation extends ConcordanceCorrelationBase {
  static override readonly className = 'ConcordanceCorrelation'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    const along: Axis = { axis: this.options.axis, keepdims: true }
    // Squares that float32 does not hold are divided by one another.
    const p = ops.cast(yPred, 'float64')
    const y = alignTargets(yTrue, p, this.title)
    const [yMean, pMean] = [ops.mean(y, along), ops.mean(p, along)]
    const [dy, dp] = [ops.subtract(y, yMean), ops.subtract(p, pMean)]
    const spread = ops.add(ops.mean(ops.square(dy), along), ops.mean(ops.square(dp), along))
    const norm = ops.add(ops.add(spread, ops.square(ops.subtract(yMean, pMean))), epsilon())
    const covariance = ops.multiply(ops.subtract(y, pMean), dp)
    return ops.mean(ops.divide(ops.multiply(covariance, 2), norm), { axis: this.options.axis })
  }
}

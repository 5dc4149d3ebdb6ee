/** The closed set of metrics, the names they go by, and how `accuracy` is resolved. */

import { returnedTensor } from '../core/check-returned.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { laidAgainst } from '../losses/align.js'
import { Hinge as HingeLoss, SquaredHinge as SquaredHingeLoss } from '../losses/hinge.js'
import type { Loss } from '../losses/loss.js'
import * as ops from '../ops.js'
import { type ClassOf, type Family, isClass, resolveObject } from '../options/family.js'
import { orFunction } from '../options/functions.js'
import { canonical, type Spelling, snakeClass } from '../options/names.js'
import type { PartialShape } from '../types.js'
import {
  Accuracy,
  BinaryAccuracy,
  CategoricalAccuracy,
  SignedAccuracy,
  SparseCategoricalAccuracy,
  SparseTopKCategoricalAccuracy,
  TopKCategoricalAccuracy,
} from './accuracy.js'
import { AUC } from './auc.js'
import { FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives } from './confusion.js'
import { BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU } from './iou.js'
import { Mean, MeanMetric, Sum } from './mean.js'
import { Metric, Statistic } from './metric.js'
import { Perplexity } from './perplexity.js'
import {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  CategoricalHinge,
  Hinge,
  KLDivergence,
  Poisson,
  SparseCategoricalCrossentropy,
  SquaredHinge,
} from './probabilistic.js'
import {
  CosineSimilarity,
  LogCoshError,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  RootMeanSquaredError,
} from './regression.js'

import { ConcordanceCorrelation, F1Score, FBetaScore, PearsonCorrelation, R2Score } from './scores.js'
import {
  PrecisionAtRecall,
  RecallAtPrecision,
  SensitivityAtSpecificity,
  SpecificityAtSensitivity,
} from './trade-offs.js'

/** The names of the metrics of targets and predictions. */
export type MetricName =
  | 'accuracy'
  | 'acc'
  | 'binaryAccuracy'
  | 'categoricalAccuracy'
  | 'sparseCategoricalAccuracy'
  | 'topKCategoricalAccuracy'
  | 'sparseTopKCategoricalAccuracy'
  | 'meanSquaredError'
  | 'mse'
  | 'rootMeanSquaredError'
  | 'rmse'
  | 'meanAbsoluteError'
  | 'mae'
  | 'meanAbsolutePercentageError'
  | 'mape'
  | 'meanSquaredLogarithmicError'
  | 'msle'
  | 'logCoshError'
  | 'cosineSimilarity'
  | 'auc'
  | 'precision'
  | 'recall'
  | 'truePositives'
  | 'trueNegatives'
  | 'falsePositives'
  | 'falseNegatives'
  | 'f1Score'
  | 'fBetaScore'
  | 'r2Score'
  | 'pearsonCorrelation'
  | 'concordanceCorrelation'
  | 'binaryCrossentropy'
  | 'categoricalCrossentropy'
  | 'sparseCategoricalCrossentropy'
  | 'perplexity'
  | 'klDivergence'
  | 'poisson'
  | 'hinge'
  | 'squaredHinge'
  | 'categoricalHinge'
  | 'binaryIoU'
  | 'bce'
  | 'kld'

/** A function of targets and predictions; its mean is reported under its name. */
export type MetricFunction = (yTrue: Tensor, yPred: Tensor) => Tensor

/** A name in either spelling, an instance, or a function of ops. */
export type MetricLike = Spelling<MetricName> | Metric | MetricFunction

type Alias = 'bce' | 'kld' | 'acc' | 'mse' | 'rmse' | 'mae' | 'mape' | 'msle'

const classes = {
  accuracy: Accuracy,
  binaryAccuracy: BinaryAccuracy,
  categoricalAccuracy: CategoricalAccuracy,
  sparseCategoricalAccuracy: SparseCategoricalAccuracy,
  topKCategoricalAccuracy: TopKCategoricalAccuracy,
  sparseTopKCategoricalAccuracy: SparseTopKCategoricalAccuracy,
  meanSquaredError: MeanSquaredError,
  rootMeanSquaredError: RootMeanSquaredError,
  meanAbsoluteError: MeanAbsoluteError,
  meanAbsolutePercentageError: MeanAbsolutePercentageError,
  meanSquaredLogarithmicError: MeanSquaredLogarithmicError,
  logCoshError: LogCoshError,
  cosineSimilarity: CosineSimilarity,
  auc: AUC,
  precision: Precision,
  recall: Recall,
  truePositives: TruePositives,
  trueNegatives: TrueNegatives,
  falsePositives: FalsePositives,
  falseNegatives: FalseNegatives,
  f1Score: F1Score,
  fBetaScore: FBetaScore,
  r2Score: R2Score,
  pearsonCorrelation: PearsonCorrelation,
  concordanceCorrelation: ConcordanceCorrelation,
  binaryCrossentropy: BinaryCrossentropy,
  categoricalCrossentropy: CategoricalCrossentropy,
  sparseCategoricalCrossentropy: SparseCategoricalCrossentropy,
  perplexity: Perplexity,
  klDivergence: KLDivergence,
  poisson: Poisson,
  hinge: Hinge,
  squaredHinge: SquaredHinge,
  categoricalHinge: CategoricalHinge,
  binaryIoU: BinaryIoU,
  // With options that have no default: they have no short name.
  iou: IoU,
  meanIoU: MeanIoU,
  oneHotIoU: OneHotIoU,
  oneHotMeanIoU: OneHotMeanIoU,
  precisionAtRecall: PrecisionAtRecall,
  recallAtPrecision: RecallAtPrecision,
  sensitivityAtSpecificity: SensitivityAtSpecificity,
  specificityAtSensitivity: SpecificityAtSensitivity,
} satisfies Record<Exclude<MetricName, Alias>, ClassOf<Metric>> & Readonly<Record<string, ClassOf<Metric>>>

const aliases = {
  acc: 'accuracy',
  bce: 'binaryCrossentropy',
  kld: 'klDivergence',
  mse: 'meanSquaredError',
  rmse: 'rootMeanSquaredError',
  mae: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
  msle: 'meanSquaredLogarithmicError',
} satisfies Record<Alias, keyof typeof classes>

/** The closed set of metrics of targets and predictions. */
export const metricFamily: Family<Metric> = {
  noun: 'a metric: a name, an instance or a function',
  module: 'keras.metrics',
  classes,
  aliases,
  is: (value): value is Metric => value instanceof Metric,
}

/** All that a Keras configuration may call a metric. */
export const statisticFamily: Family<Statistic> = {
  ...metricFamily,
  classes: Object.defineProperties<Readonly<Record<string, ClassOf<Statistic>>>>(
    { mean: Mean, sum: Sum },
    Object.getOwnPropertyDescriptors(classes),
  ),
  is: (value): value is Statistic => value instanceof Statistic,
}

/** A plain function as a metric. */
class FunctionMetric extends MeanMetric {
  readonly #function: MetricFunction

  constructor(values: MetricFunction) {
    super({ name: values.name || 'metric' })
    this.#function = values
  }

  /** Targets as a loss function gets them: (n) against (n, 1) would broadcast to (n, n). */
  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    const target = ops.cast(laidAgainst(yTrue, yPred.shape), yPred.dtype)
    return returnedTensor(this.#function(target, yPred), `the metric ${this.title}`)
  }
}

/**
 * The metric of a name, a function or a serialized object; an instance is itself. `accuracy` is resolved from the
 * shapes: predictions of length 1 → binary (by their sign with a hinge loss); targets of another rank or of length 1 →
 * sparse; else categorical.
 */
export function getMetric(
  metric: MetricLike,
  yTrue: PartialShape,
  yPred: PartialShape,
  where = 'metrics',
  loss?: Loss,
): Metric {
  const given = orFunction(metric, where)
  if (typeof given === 'function' && !isClass(given)) return new FunctionMetric(given as MetricFunction)
  if (typeof given !== 'string') return resolveObject(given, where, metricFamily)
  const name = snakeClass(given)
  const made = ['accuracy', 'acc'].includes(canonical(given))
    ? accuracyFor(yTrue, yPred, loss)
    : resolveObject<Metric>(given, where, metricFamily)
  made.name = name
  return made
}

function accuracyFor(yTrue: PartialShape, yPred: PartialShape, loss: Loss | undefined): Metric {
  if (yPred.length === 0) fail('ERR_SHAPE', 'accuracy', 'predictions [batch, …]', yPred)
  const bySign = loss instanceof HingeLoss || loss instanceof SquaredHingeLoss
  if (yPred.at(-1) === 1 || yPred.length === 1) return new SignedAccuracy(bySign)
  const sparse = yTrue.length < yPred.length || yTrue.at(-1) === 1
  return sparse ? new SparseCategoricalAccuracy() : new CategoricalAccuracy()
}

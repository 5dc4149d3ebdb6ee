/** Metrics. */

export {
  Accuracy,
  BinaryAccuracy,
  type BinaryAccuracyOptions,
  CategoricalAccuracy,
  SparseCategoricalAccuracy,
  SparseTopKCategoricalAccuracy,
  type SparseTopKCategoricalAccuracyOptions,
  TopKCategoricalAccuracy,
  type TopKCategoricalAccuracyOptions,
} from './accuracy.js'
export { AUC, type AUCOptions } from './auc.js'
export {
  type CountOptions,
  FalseNegatives,
  FalsePositives,
  Precision,
  type PrecisionRecallOptions,
  Recall,
  TrueNegatives,
  TruePositives,
} from './confusion.js'
export { getMetric, type MetricFunction, type MetricLike, type MetricName } from './family.js'
export {
  BinaryIoU,
  type BinaryIoUOptions,
  IoU,
  type IoUOptions,
  MeanIoU,
  type MeanIoUOptions,
  OneHotIoU,
  type OneHotIoUOptions,
  OneHotMeanIoU,
  type OneHotMeanIoUOptions,
} from './iou.js'
export { Mean, MeanMetric, Sum } from './mean.js'
export { Metric, type MetricOptions, Statistic } from './metric.js'
export { Perplexity, type PerplexityOptions } from './perplexity.js'
export {
  BinaryCrossentropy,
  type BinaryCrossentropyOptions,
  CategoricalCrossentropy,
  type CategoricalCrossentropyOptions,
  CategoricalHinge,
  Hinge,
  KLDivergence,
  Poisson,
  SparseCategoricalCrossentropy,
  type SparseCategoricalCrossentropyOptions,
  SquaredHinge,
} from './probabilistic.js'
export {
  CosineSimilarity,
  type CosineSimilarityOptions,
  LogCoshError,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  RootMeanSquaredError,
} from './regression.js'
export {
  ConcordanceCorrelation,
  type ConcordanceCorrelationOptions,
  F1Score,
  type F1ScoreOptions,
  FBetaScore,
  type FBetaScoreOptions,
  PearsonCorrelation,
  type PearsonCorrelationOptions,
  R2Score,
  type R2ScoreOptions,
} from './scores.js'
export {
  PrecisionAtRecall,
  type PrecisionAtRecallOptions,
  RecallAtPrecision,
  type RecallAtPrecisionOptions,
  SensitivityAtSpecificity,
  type SensitivityAtSpecificityOptions,
  SpecificityAtSensitivity,
  type SpecificityAtSensitivityOptions,
} from './trade-offs.js'

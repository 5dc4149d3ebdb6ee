/** Metrics. */

export {
  Accuracy,
  BinaryAccuracy,
  CategoricalAccuracy,
  SparseCategoricalAccuracy,
  SparseTopKCategoricalAccuracy,
  TopKCategoricalAccuracy,
} from './accuracy.js'
export { Mean, MeanMetric, Sum } from './mean.js'
export { Metric, Statistic } from './metric.js'
export {
  CosineSimilarity,
  LogCoshError,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  RootMeanSquaredError,
} from './regression.js'
export { getMetric, type MetricFunction, type MetricLike, type MetricName } from './table.js'

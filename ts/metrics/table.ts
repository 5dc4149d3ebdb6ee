/** The closed set of metrics, the names they go by, and how `accuracy` is resolved. */

import { fail } from '../errors.js'
import { type ClassOf, type Family, resolveObject } from '../fields.js'
import { canonical, type Spelling, snakeClass } from '../names.js'
import type { Tensor } from '../tensor.js'
import type { PartialShape } from '../types.js'
import {
  Accuracy,
  BinaryAccuracy,
  CategoricalAccuracy,
  SparseCategoricalAccuracy,
  SparseTopKCategoricalAccuracy,
  TopKCategoricalAccuracy,
} from './accuracy.js'
import { Mean, MeanMetric, Sum } from './mean.js'
import { Metric, Statistic } from './metric.js'
import {
  CosineSimilarity,
  LogCoshError,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  RootMeanSquaredError,
} from './regression.js'

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

/** A function of targets and predictions; its mean is reported under its name. */
export type MetricFunction = (yTrue: Tensor, yPred: Tensor) => Tensor

/** A name in either spelling, an instance, or a function of ops. */
export type MetricLike = Spelling<MetricName> | Metric | MetricFunction

type Alias = 'acc' | 'mse' | 'rmse' | 'mae' | 'mape' | 'msle'

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
} satisfies Record<Exclude<MetricName, Alias>, ClassOf<Metric>>

const aliases = {
  acc: 'accuracy',
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
  classes: { ...classes, mean: Mean, sum: Sum },
  is: (value): value is Statistic => value instanceof Statistic,
}

/** A plain function as a metric. */
class FunctionMetric extends MeanMetric {
  readonly #function: MetricFunction

  constructor(values: MetricFunction) {
    super({ name: values.name || 'metric' })
    this.#function = values
  }

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return this.#function(yTrue, yPred)
  }
}

/**
 * The metric of a name, a function or a serialized object; an instance is itself. `accuracy` is resolved from the
 * shapes: predictions of length 1 → binary; targets of another rank or of length 1 → sparse; else categorical.
 */
export function getMetric(metric: MetricLike, yTrue: PartialShape, yPred: PartialShape, where = 'metrics'): Metric {
  if (typeof metric === 'function') return new FunctionMetric(metric)
  if (typeof metric !== 'string') return resolveObject(metric, where, metricFamily)
  const name = snakeClass(metric)
  const made = ['accuracy', 'acc'].includes(canonical(metric))
    ? accuracyFor(yTrue, yPred)
    : resolveObject<Metric>(metric, where, metricFamily)
  made.name = name
  return made
}

function accuracyFor(yTrue: PartialShape, yPred: PartialShape): Metric {
  if (yPred.length === 0) fail('ERR_SHAPE', 'accuracy', 'predictions [batch, …]', yPred)
  if (yPred.at(-1) === 1 || yPred.length === 1) return new BinaryAccuracy()
  const sparse = yTrue.length < yPred.length || yTrue.at(-1) === 1
  return sparse ? new SparseCategoricalAccuracy() : new CategoricalAccuracy()
}

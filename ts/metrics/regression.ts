/** The losses of numbers against numbers, as running means. */

import type { Tensor } from '../core/tensor.js'
import { alignTargets } from '../losses/align.js'
import { divideNoNan } from '../losses/loss.js'
import * as formulas from '../losses/regression.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { MeanMetric } from './mean.js'
import type { MetricOptions } from './metric.js'

/**
 * `mean (yTrue − yPred)²`.
 *
 * @see keras.metrics.MeanSquaredError
 *
 * @example
 * import { MeanSquaredError } from 'ferrograd/metrics'
 *
 * const metric = new MeanSquaredError()
 */
export class MeanSquaredError extends MeanMetric {
  static override readonly className = 'MeanSquaredError'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return formulas.meanSquaredError(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

/**
 * `mean |yTrue − yPred|`.
 *
 * @see keras.metrics.MeanAbsoluteError
 *
 * @example
 * import { MeanAbsoluteError } from 'ferrograd/metrics'
 *
 * const metric = new MeanAbsoluteError()
 */
export class MeanAbsoluteError extends MeanMetric {
  static override readonly className = 'MeanAbsoluteError'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return formulas.meanAbsoluteError(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

/**
 * `√ mean (yTrue − yPred)²`, the root taken of the mean over all batches.
 *
 * @see keras.metrics.RootMeanSquaredError
 *
 * @example
 * import { RootMeanSquaredError } from 'ferrograd/metrics'
 *
 * const metric = new RootMeanSquaredError()
 */
export class RootMeanSquaredError extends MeanMetric {
  static override readonly className = 'RootMeanSquaredError'

  /** In float64: errors whose squares float32 does not hold have a root that it does. */
  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    const error = ops.subtract(yPred, alignTargets(yTrue, yPred, this.title))
    return ops.square(ops.cast(error, 'float64'))
  }

  override result(): Tensor {
    return this.cast(ops.sqrt(divideNoNan(this.total.read(), this.count.read())))
  }
}

/**
 * `100 · mean |yTrue − yPred| / max(|yTrue|, ε)`.
 *
 * @see keras.metrics.MeanAbsolutePercentageError
 *
 * @example
 * import { MeanAbsolutePercentageError } from 'ferrograd/metrics'
 *
 * const metric = new MeanAbsolutePercentageError()
 */
export class MeanAbsolutePercentageError extends MeanMetric {
  static override readonly className = 'MeanAbsolutePercentageError'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return formulas.meanAbsolutePercentageError(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

/**
 * `mean (log(1 + yTrue) − log(1 + yPred))²`.
 *
 * @see keras.metrics.MeanSquaredLogarithmicError
 *
 * @example
 * import { MeanSquaredLogarithmicError } from 'ferrograd/metrics'
 *
 * const metric = new MeanSquaredLogarithmicError()
 */
export class MeanSquaredLogarithmicError extends MeanMetric {
  static override readonly className = 'MeanSquaredLogarithmicError'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return formulas.meanSquaredLogarithmicError(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

/**
 * `mean log cosh(yPred − yTrue)`.
 *
 * @see keras.metrics.LogCoshError
 *
 * @example
 * import { LogCoshError } from 'ferrograd/metrics'
 *
 * const metric = new LogCoshError()
 */
export class LogCoshError extends MeanMetric {
  static override readonly className = 'LogCoshError'
  protected override get defaultName(): string {
    return 'logcosh'
  }

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return formulas.logCosh(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

const cosineFields = {
  /** The axis of the vectors. Default -1. */
  axis: { type: 'integer', default: -1, min: -32, quiet: true },
} as const

/** Options of {@link CosineSimilarity}. */
export interface CosineSimilarityOptions extends OptionsOf<typeof cosineFields>, MetricOptions {}

const CosineSimilarityBase: With<typeof MeanMetric, typeof cosineFields, CosineSimilarityOptions> =
  MeanMetric.with(cosineFields)

/**
 * The mean cosine of the angle between targets and predictions: 1 is best.
 *
 * `Σᵢ ŷᵢ·yᵢ / (‖ŷ‖ ‖y‖)`, targets and predictions (batch, …, n), then the mean.
 *
 * @see keras.metrics.CosineSimilarity
 *
 * @example
 * import { CosineSimilarity } from 'ferrograd/metrics'
 *
 * const metric = new CosineSimilarity()
 */
export class CosineSimilarity extends CosineSimilarityBase {
  static override readonly className = 'CosineSimilarity'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return formulas.cosineSimilarity(alignTargets(yTrue, yPred, this.title), yPred, this.options.axis)
  }
}

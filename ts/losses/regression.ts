/** Losses of numbers against numbers. All take (…, n) to (…). */

import { epsilon } from '../config.js'
import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { Loss, type LossOptions } from './loss.js'

const lastMean = (x: Tensor): Tensor => ops.mean(x, { axis: -1 })

/** `mean (yTrue − yPred)²` over the last axis. */
export function meanSquaredError(yTrue: Tensor, yPred: Tensor): Tensor {
  return lastMean(ops.square(ops.subtract(yPred, yTrue)))
}

/** `mean |yTrue − yPred|` over the last axis. */
export function meanAbsoluteError(yTrue: Tensor, yPred: Tensor): Tensor {
  return lastMean(ops.abs(ops.subtract(yPred, yTrue)))
}

/** `100 · mean |yTrue − yPred| / max(|yTrue|, ε)` over the last axis. */
export function meanAbsolutePercentageError(yTrue: Tensor, yPred: Tensor): Tensor {
  const scale = ops.maximum(ops.abs(yTrue), epsilon())
  return ops.multiply(lastMean(ops.abs(ops.divide(ops.subtract(yTrue, yPred), scale))), 100)
}

/** `mean (log(1 + max(yTrue, ε)) − log(1 + max(yPred, ε)))²` over the last axis. */
export function meanSquaredLogarithmicError(yTrue: Tensor, yPred: Tensor): Tensor {
  const log = (y: Tensor): Tensor => ops.log(ops.add(ops.maximum(y, epsilon()), 1))
  return lastMean(ops.square(ops.subtract(log(yPred), log(yTrue))))
}

/** `½e²` where `|e| ≤ delta`, else `delta·|e| − ½delta²`; the mean over the last axis. */
export function huber(yTrue: Tensor, yPred: Tensor, delta = 1): Tensor {
  const error = ops.subtract(yPred, yTrue)
  const size = ops.abs(error)
  const far = ops.subtract(ops.multiply(size, delta), 0.5 * delta * delta)
  return lastMean(ops.where(ops.lessEqual(size, delta), ops.multiply(ops.square(error), 0.5), far))
}

/** `mean log cosh(yPred − yTrue)` over the last axis: each formula where it loses no digits. */
export function logCosh(yTrue: Tensor, yPred: Tensor): Tensor {
  const error = ops.subtract(yPred, yTrue)
  const size = ops.abs(error)
  // −½ log(1 − tanh² e), and |e| + log(1 + e^(−2|e|)) − log 2.
  const near = ops.multiply(ops.log1p(ops.negative(ops.square(ops.tanh(ops.clip(error, -1, 1))))), -0.5)
  const far = ops.subtract(ops.add(size, ops.softplus(ops.multiply(size, -2))), Math.LN2)
  return lastMean(ops.where(ops.less(size, 1), near, far))
}

/** The cosine of the angle between targets and predictions, along an axis. */
export function cosineSimilarity(yTrue: Tensor, yPred: Tensor, axis = -1): Tensor {
  return ops.sum(ops.multiply(ops.normalize(yTrue, { axis }), ops.normalize(yPred, { axis })), { axis })
}

/** `mean yPred − yTrue · log(yPred + ε)` over the last axis. */
export function poisson(yTrue: Tensor, yPred: Tensor): Tensor {
  return lastMean(ops.subtract(yPred, ops.multiply(yTrue, ops.log(ops.add(yPred, epsilon())))))
}

/**
 * `mean (yTrue − yPred)²`.
 *
 * @see keras.losses.MeanSquaredError
 *
 * @example
 * import { MeanSquaredError } from 'ferrograd/losses'
 * import { tensor } from 'ferrograd'
 *
 * const loss = new MeanSquaredError().apply(tensor([[0, 1]]), tensor([[1, 1]])) // 0.5
 */
export class MeanSquaredError extends Loss {
  static override readonly className = 'MeanSquaredError'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanSquaredError(yTrue, yPred)
  }
}

/**
 * `mean |yTrue − yPred|`.
 *
 * @see keras.losses.MeanAbsoluteError
 *
 * @example
 * import { MeanAbsoluteError } from 'ferrograd/losses'
 *
 * const loss = new MeanAbsoluteError()
 */
export class MeanAbsoluteError extends Loss {
  static override readonly className = 'MeanAbsoluteError'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanAbsoluteError(yTrue, yPred)
  }
}

/**
 * `100 · mean |yTrue − yPred| / max(|yTrue|, ε)`.
 *
 * @see keras.losses.MeanAbsolutePercentageError
 *
 * @example
 * import { MeanAbsolutePercentageError } from 'ferrograd/losses'
 *
 * const loss = new MeanAbsolutePercentageError()
 */
export class MeanAbsolutePercentageError extends Loss {
  static override readonly className = 'MeanAbsolutePercentageError'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanAbsolutePercentageError(yTrue, yPred)
  }
}

/**
 * `mean (log(1 + yTrue) − log(1 + yPred))²`; both at least ε.
 *
 * @see keras.losses.MeanSquaredLogarithmicError
 *
 * @example
 * import { MeanSquaredLogarithmicError } from 'ferrograd/losses'
 *
 * const loss = new MeanSquaredLogarithmicError()
 */
export class MeanSquaredLogarithmicError extends Loss {
  static override readonly className = 'MeanSquaredLogarithmicError'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanSquaredLogarithmicError(yTrue, yPred)
  }
}

const huberFields = {
  /** Where the square becomes a line. Default 1. */
  delta: { type: 'number', default: 1, above: 0, quiet: true },
} as const

/** Options of {@link Huber}. */
export interface HuberOptions extends OptionsOf<typeof huberFields>, LossOptions {}

const HuberBase: With<typeof Loss, typeof huberFields, HuberOptions> = Loss.with(huberFields)

/**
 * `½e²` up to `delta` (1), linear beyond (Huber, 1964).
 *
 * `e = ŷ − y`: `½·e²` where `|e| ≤ delta`, else `delta·|e| − ½·delta²`; the mean over the last axis.
 *
 * @see keras.losses.Huber
 *
 * @example
 * import { Huber } from 'ferrograd/losses'
 *
 * const loss = new Huber({ delta: 0.5 })
 */
export class Huber extends HuberBase {
  static override readonly className = 'Huber'
  protected override get defaultName(): string {
    return 'huber_loss'
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return huber(yTrue, yPred, this.options.delta)
  }
}

/**
 * `mean log cosh(yPred − yTrue)`.
 *
 * @see keras.losses.LogCosh
 *
 * @example
 * import { LogCosh } from 'ferrograd/losses'
 *
 * const loss = new LogCosh()
 */
export class LogCosh extends Loss {
  static override readonly className = 'LogCosh'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return logCosh(yTrue, yPred)
  }
}

const cosineFields = {
  /** The axis of the vectors. Default -1. */
  axis: { type: 'integer', default: -1, min: -32, quiet: true },
} as const

/** Options of {@link CosineSimilarity}. */
export interface CosineSimilarityOptions extends OptionsOf<typeof cosineFields>, LossOptions {}

const CosineSimilarityBase: With<typeof Loss, typeof cosineFields, CosineSimilarityOptions> = Loss.with(cosineFields)

/**
 * The negative cosine of the angle between targets and predictions: −1 is best.
 *
 * `−Σᵢ ŷᵢ·yᵢ / (‖ŷ‖ ‖y‖)`, targets and predictions (batch, …, n).
 *
 * @see keras.losses.CosineSimilarity
 *
 * @example
 * import { CosineSimilarity } from 'ferrograd/losses'
 *
 * const loss = new CosineSimilarity()
 */
export class CosineSimilarity extends CosineSimilarityBase {
  static override readonly className = 'CosineSimilarity'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return ops.negative(cosineSimilarity(yTrue, yPred, this.options.axis))
  }
}

/**
 * `mean yPred − yTrue · log(yPred + ε)`.
 *
 * @see keras.losses.Poisson
 *
 * @example
 * import { Poisson } from 'ferrograd/losses'
 *
 * const loss = new Poisson()
 */
export class Poisson extends Loss {
  static override readonly className = 'Poisson'

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return poisson(yTrue, yPred)
  }
}

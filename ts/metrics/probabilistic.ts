/** Losses of classes and margins, as running means. */

import type { Tensor } from '../core/tensor.js'
import { alignLabels, alignTargets } from '../losses/align.js'
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  SparseCategoricalCrossentropy as SparseLoss,
} from '../losses/crossentropy.js'
import * as margins from '../losses/hinge.js'
import type { Weighting } from '../losses/loss.js'
import { klDivergence } from '../losses/probabilistic.js'
import { poisson } from '../losses/regression.js'
import { type Operand, toTensor } from '../ops/operand.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { MeanMetric } from './mean.js'
import type { MetricOptions } from './metric.js'

const smoothedFields = {
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
  /** How much targets are pulled together. Default 0. */
  labelSmoothing: { type: 'number', default: 0, min: 0, max: 1 },
} as const

/** Options of {@link BinaryCrossentropy}. */
export interface BinaryCrossentropyOptions extends OptionsOf<typeof smoothedFields>, MetricOptions {}

const BinaryCrossentropyBase: With<typeof MeanMetric, typeof smoothedFields, BinaryCrossentropyOptions> =
  MeanMetric.with(smoothedFields)

/**
 * `mean −[y log p + (1 − y) log(1 − p)]`.
 *
 * @see keras.metrics.BinaryCrossentropy
 *
 * @example
 * import { BinaryCrossentropy } from 'ferrograd/metrics'
 *
 * const metric = new BinaryCrossentropy()
 */
export class BinaryCrossentropy extends BinaryCrossentropyBase {
  static override readonly className = 'BinaryCrossentropy'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return binaryCrossentropy(alignTargets(yTrue, yPred, this.title), yPred, this.options)
  }
}

const categoricalFields = {
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
  /** How much of each target is spread over all classes. Default 0. */
  labelSmoothing: { type: 'number', default: 0, min: 0, max: 1 },
  /** The axis of the classes. Default -1. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

/** Options of {@link CategoricalCrossentropy}. */
export interface CategoricalCrossentropyOptions extends OptionsOf<typeof categoricalFields>, MetricOptions {}

const CategoricalCrossentropyBase: With<typeof MeanMetric, typeof categoricalFields, CategoricalCrossentropyOptions> =
  MeanMetric.with(categoricalFields)

/**
 * `−Σ y log p` for one-hot targets.
 *
 * @see keras.metrics.CategoricalCrossentropy
 *
 * @example
 * import { CategoricalCrossentropy } from 'ferrograd/metrics'
 *
 * const metric = new CategoricalCrossentropy()
 */
export class CategoricalCrossentropy extends CategoricalCrossentropyBase {
  static override readonly className = 'CategoricalCrossentropy'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return categoricalCrossentropy(alignTargets(yTrue, yPred, this.title), yPred, this.options)
  }
}

const sparseFields = {
  /** Whether predictions are logits rather than probabilities. Default false. */
  fromLogits: { type: 'boolean', default: false },
  /** A label whose samples count 0; with sample weights they do not count at all. Default null. */
  ignoreClass: { type: 'integer', default: null, min: -2_147_483_648 },
  /** The axis of the classes: the last. Default -1. */
  axis: { type: 'integer', default: -1, min: -1, max: -1 },
} as const

/** Options of {@link SparseCategoricalCrossentropy}. */
export interface SparseCategoricalCrossentropyOptions extends OptionsOf<typeof sparseFields>, MetricOptions {}

const SparseCategoricalCrossentropyBase: With<
  typeof MeanMetric,
  typeof sparseFields,
  SparseCategoricalCrossentropyOptions
> = MeanMetric.with(sparseFields)

/**
 * `−log p[label]` for integer labels.
 *
 * @see keras.metrics.SparseCategoricalCrossentropy
 *
 * @example
 * import { SparseCategoricalCrossentropy } from 'ferrograd/metrics'
 *
 * const metric = new SparseCategoricalCrossentropy()
 */
export class SparseCategoricalCrossentropy extends SparseCategoricalCrossentropyBase {
  static override readonly className = 'SparseCategoricalCrossentropy'
  readonly #loss: SparseLoss = new SparseLoss({
    fromLogits: this.options.fromLogits,
    ignoreClass: this.options.ignoreClass,
  })

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return this.#loss.call(alignLabels(yTrue, yPred, this.title), yPred)
  }

  override update(targets: Operand, predictions: Operand, weighting: Weighting = {}): void {
    const [yTrue, yPred] = [toTensor(targets), toTensor(predictions)]
    const { ignoreClass } = this.options
    if (ignoreClass === null || weighting.sampleWeight === undefined || weighting.mask !== undefined) {
      super.update(yTrue, yPred, weighting)
      return
    }
    const counts = ops.notEqual(alignLabels(yTrue, yPred, this.title), ignoreClass)
    super.update(yTrue, yPred, { ...weighting, mask: counts })
  }
}

/**
 * `Σ y log(y / p)`.
 *
 * @see keras.metrics.KLDivergence
 *
 * @example
 * import { KLDivergence } from 'ferrograd/metrics'
 *
 * const metric = new KLDivergence()
 */
export class KLDivergence extends MeanMetric {
  static override readonly className = 'KLDivergence'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return klDivergence(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

/**
 * `mean yPred − yTrue · log(yPred + ε)`.
 *
 * @see keras.metrics.Poisson
 *
 * @example
 * import { Poisson } from 'ferrograd/metrics'
 *
 * const metric = new Poisson()
 */
export class Poisson extends MeanMetric {
  static override readonly className = 'Poisson'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return poisson(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

/**
 * `mean max(1 − yTrue · yPred, 0)`.
 *
 * @see keras.metrics.Hinge
 *
 * @example
 * import { Hinge } from 'ferrograd/metrics'
 *
 * const metric = new Hinge()
 */
export class Hinge extends MeanMetric {
  static override readonly className = 'Hinge'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return margins.hinge(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

/**
 * `mean max(1 − yTrue · yPred, 0)²`.
 *
 * @see keras.metrics.SquaredHinge
 *
 * @example
 * import { SquaredHinge } from 'ferrograd/metrics'
 *
 * const metric = new SquaredHinge()
 */
export class SquaredHinge extends MeanMetric {
  static override readonly className = 'SquaredHinge'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return margins.squaredHinge(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

/**
 * `max(best wrong − right + 1, 0)` for one-hot targets.
 *
 * @see keras.metrics.CategoricalHinge
 *
 * @example
 * import { CategoricalHinge } from 'ferrograd/metrics'
 *
 * const metric = new CategoricalHinge()
 */
export class CategoricalHinge extends MeanMetric {
  static override readonly className = 'CategoricalHinge'

  protected override values(yTrue: Tensor, yPred: Tensor): Tensor {
    return margins.categoricalHinge(alignTargets(yTrue, yPred, this.title), yPred)
  }
}

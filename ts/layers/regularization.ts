/** Layers that disturb their input in training only. */

import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { dropoutMask, normal, SeedGenerator, uniform } from '../random.js'
import { L1L2 } from '../regularizers.js'
import type { FloatDType } from '../types.js'
import { type CallContext, Layer, type LayerOptions } from './layer.js'

const dropoutFields = {
  /** The fraction of entries that is dropped. */
  rate: { type: 'number', min: 0, below: 1 },
  /** Makes the dropped entries reproducible. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
  /**
   * The shape of the pattern of dropped entries, broadcast over the input; null stands for the input's own length.
   * Default null.
   */
  noiseShape: { type: 'partialShape', default: null },
} as const

/** Options of {@link Dropout}. */
export interface DropoutOptions extends OptionsOf<typeof dropoutFields>, LayerOptions {}

const DropoutBase: With<typeof Layer, typeof dropoutFields, DropoutOptions> = Layer.with(dropoutFields)

/**
 * Drops entries in training, `y = x · keep / (1 − rate)` with keep 0 in a fraction `rate` of the entries, else 1 (Srivastava et al., 2014).
 *
 * @see keras.layers.Dropout
 *
 * @example
 * import { Dropout } from 'ferrograd/layers'
 *
 * const layer = new Dropout({ rate: 0.5 })
 */
export class Dropout extends DropoutBase {
  static override readonly className = 'Dropout'
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override call(x: Tensor, { training }: CallContext): Tensor {
    const { rate, noiseShape } = this.options
    if (!training || rate === 0) return x
    const pattern = noiseShape?.map((length, axis) => length ?? x.shape[axis]!) ?? x.shape
    return ops.multiply(x, dropoutMask(pattern, 1 - rate, { dtype: x.dtype as FloatDType, seed: this.seedGenerator }))
  }
}

/** The counter of a layer's random numbers. */
export function seedGenerator(seed: number | null): SeedGenerator {
  return seed === null ? new SeedGenerator() : new SeedGenerator(seed)
}

const noiseFields = {
  /** Standard deviation of the noise. */
  stddev: { type: 'number', min: 0, max: 1 },
  /** Makes the noise reproducible. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** Options of {@link GaussianNoise}. */
export interface GaussianNoiseOptions extends OptionsOf<typeof noiseFields>, LayerOptions {}

const GaussianNoiseBase: With<typeof Layer, typeof noiseFields, GaussianNoiseOptions> = Layer.with(noiseFields)

/**
 * Adds normal noise in training, `y = x + stddev · n`.
 *
 * @see keras.layers.GaussianNoise
 *
 * @example
 * import { GaussianNoise } from 'ferrograd/layers'
 *
 * const layer = new GaussianNoise({ stddev: 0.1 })
 */
export class GaussianNoise extends GaussianNoiseBase {
  static override readonly className = 'GaussianNoise'
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override call(x: Tensor, { training }: CallContext): Tensor {
    const { stddev } = this.options
    if (!training || stddev === 0) return x
    return ops.add(x, normal(x.shape, { mean: 0, stddev, dtype: x.dtype as FloatDType, seed: this.seedGenerator }))
  }
}

const gaussianFields = {
  /** As the rate of a dropout of the same variance. */
  rate: { type: 'number', min: 0, below: 1 },
  /** Makes the noise reproducible. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** Options of {@link GaussianDropout}. */
export interface GaussianDropoutOptions extends OptionsOf<typeof gaussianFields>, LayerOptions {}

const GaussianDropoutBase: With<typeof Layer, typeof gaussianFields, GaussianDropoutOptions> =
  Layer.with(gaussianFields)

/**
 * Multiplies by normal noise in training, `y = x · n` with mean 1 and variance `rate / (1 − rate)` (Srivastava et al., 2014).
 *
 * @see keras.layers.GaussianDropout
 *
 * @example
 * import { GaussianDropout } from 'ferrograd/layers'
 *
 * const layer = new GaussianDropout({ rate: 0.3 })
 */
export class GaussianDropout extends GaussianDropoutBase {
  static override readonly className = 'GaussianDropout'
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override call(x: Tensor, { training }: CallContext): Tensor {
    const { rate } = this.options
    if (!training || rate === 0) return x
    const stddev = Math.sqrt(rate / (1 - rate))
    return ops.multiply(x, normal(x.shape, { mean: 1, stddev, dtype: x.dtype as FloatDType, seed: this.seedGenerator }))
  }
}

/** What a dropped entry becomes: the limit of selu at −∞. */
const dropped = -1.6732632423543772 * 1.0507009873554805

/** Options of {@link AlphaDropout}. */
export interface AlphaDropoutOptions extends OptionsOf<typeof dropoutFields>, LayerOptions {}

const AlphaDropoutBase: With<typeof Layer, typeof dropoutFields, AlphaDropoutOptions> = Layer.with(dropoutFields)

/**
 * Dropout that keeps mean and variance of selu activations: dropped entries become −1.758, then `y = a · x + b`
 * (Klambauer et al., 2017).
 *
 * @see keras.layers.AlphaDropout
 *
 * @example
 * import { AlphaDropout } from 'ferrograd/layers'
 *
 * const layer = new AlphaDropout({ rate: 0.1 })
 */
export class AlphaDropout extends AlphaDropoutBase {
  static override readonly className = 'AlphaDropout'
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override call(x: Tensor, { training }: CallContext): Tensor {
    const { rate, noiseShape } = this.options
    if (!training || rate === 0) return x
    const pattern = noiseShape?.map((length, axis) => length ?? x.shape[axis]!) ?? x.shape
    const noise = uniform(pattern, { dtype: x.dtype as FloatDType, seed: this.seedGenerator })
    const a = 1 / Math.sqrt((1 - rate) * (1 + rate * dropped ** 2))
    const kept = ops.where(ops.greaterEqual(noise, rate), x, dropped)
    return ops.add(ops.multiply(kept, a), -a * dropped * rate)
  }
}

const activityFields = {
  /** Factor on `Σ|x|`. Default 0. */
  l1: { type: 'number', default: 0, min: 0 },
  /** Factor on `Σx²`. Default 0. */
  l2: { type: 'number', default: 0, min: 0 },
} as const

/** Options of {@link ActivityRegularization}. */
export interface ActivityRegularizationOptions extends OptionsOf<typeof activityFields>, LayerOptions {}

const ActivityRegularizationBase: With<typeof Layer, typeof activityFields, ActivityRegularizationOptions> =
  Layer.with(activityFields)

/**
 * Passes its input on and adds `(l1 · Σ|x| + l2 · Σx²) / batch` to the loss.
 *
 * @see keras.layers.ActivityRegularization
 *
 * @example
 * import { ActivityRegularization } from 'ferrograd/layers'
 *
 * const layer = new ActivityRegularization({ l2: 1e-3 })
 */
export class ActivityRegularization extends ActivityRegularizationBase {
  static override readonly className = 'ActivityRegularization'
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor): Tensor {
    const { l1, l2 } = this.options
    const penalty = new L1L2({ l1, l2 }).call(x)
    this.addLoss(ops.divide(penalty, Math.max(1, x.shape[0] ?? 1)))
    return x
  }
}

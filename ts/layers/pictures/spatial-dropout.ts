/** Dropout of whole channels. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { dropoutMask, type SeedGenerator } from '../../random.js'
import type { Config, FloatDType } from '../../types.js'
import { type CallContext, type InputSpec, Layer, type LayerOptions } from '../layer.js'
import { seedGenerator } from '../regularization.js'
import { type Format, formatFields, pictureSpec, placesOf } from './axes.js'

const sequenceFields = {
  /** The fraction of channels that is dropped. */
  rate: { type: 'number', min: 0, below: 1 },
  /** Makes the dropped channels reproducible. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const
const pictureFields: typeof sequenceFields & typeof formatFields = { ...sequenceFields, ...formatFields }

/** `x` with channels of each sample dropped, the others divided by `1 − rate`. */
function withoutSome(x: Tensor, rate: number, format: Format, seed: SeedGenerator): Tensor {
  const places = placesOf(x.rank, format)
  const pattern = x.shape.map((length, axis) => (places.includes(axis) ? 1 : length))
  return ops.multiply(x, dropoutMask(pattern, 1 - rate, { dtype: x.dtype as FloatDType, seed }))
}

/** Keras takes no `trainable` here. */
function withoutTrainable({ trainable: _, ...config }: Config): Config {
  return config
}

/** Options of {@link SpatialDropout1D}. */
export interface SpatialDropout1DOptions extends OptionsOf<typeof sequenceFields>, LayerOptions {}

const SpatialDropout1DBase: With<typeof Layer, typeof sequenceFields, SpatialDropout1DOptions> =
  Layer.with(sequenceFields)

/**
 * Drops whole channels of sequences in training, `y[b, i, c] = x[b, i, c] · keep[b, c] / (1 − rate)` with keep 0 for a
 * fraction `rate` of the channels, else 1 (Tompson et al., 2014).
 *
 * (batch, steps, channels) as they are.
 *
 * Errors: ERR_CONFIG for a rate outside [0, 1); ERR_SHAPE for other than three axes.
 *
 * @see keras.layers.SpatialDropout1D
 *
 * @example
 * import { SpatialDropout1D } from 'ferrograd/layers'
 *
 * const layer = new SpatialDropout1D({ rate: 0.2 })
 */
export class SpatialDropout1D extends SpatialDropout1DBase {
  static override readonly className = 'SpatialDropout1D'
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  protected override inputSpec: InputSpec | undefined = pictureSpec(1)
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override call(x: Tensor, { training }: CallContext): Tensor {
    const { rate } = this.options
    return training && rate > 0 ? withoutSome(x, rate, 'channelsLast', this.seedGenerator) : x
  }

  override getConfig(): Config {
    return withoutTrainable(super.getConfig())
  }
}

/** Options of {@link SpatialDropout2D} and {@link SpatialDropout3D}. */
export interface SpatialDropoutOptions extends OptionsOf<typeof pictureFields>, LayerOptions {}

const SpatialDropoutBase: With<typeof Layer, typeof pictureFields, SpatialDropoutOptions> = Layer.with(pictureFields)

abstract class SpatialDropout extends SpatialDropoutBase {
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override call(x: Tensor, { training }: CallContext): Tensor {
    const { rate, dataFormat } = this.options
    return training && rate > 0 ? withoutSome(x, rate, dataFormat, this.seedGenerator) : x
  }

  override getConfig(): Config {
    return withoutTrainable(super.getConfig())
  }
}

/**
 * Drops whole channels of pictures in training, `y[b, i, j, c] = x[b, i, j, c] · keep[b, c] / (1 − rate)` with keep 0 for
 * a fraction `rate` of the channels, else 1 (Tompson et al., 2014).
 *
 * (batch, height, width, channels) as they are; with `channelsFirst`, channels come before height and width.
 *
 * Errors: ERR_CONFIG for a rate outside [0, 1); ERR_SHAPE for other than four axes.
 *
 * @see keras.layers.SpatialDropout2D
 *
 * @example
 * import { SpatialDropout2D } from 'ferrograd/layers'
 *
 * const layer = new SpatialDropout2D({ rate: 0.3, seed: 7 })
 */
export class SpatialDropout2D extends SpatialDropout {
  static override readonly className = 'SpatialDropout2D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(2)
}

/**
 * Drops whole channels of volumes in training, `y[b, …, c] = x[b, …, c] · keep[b, c] / (1 − rate)` with keep 0 for a
 * fraction `rate` of the channels, else 1 (Tompson et al., 2014).
 *
 * (batch, depth, height, width, channels) as they are; with `channelsFirst`, channels come before the places.
 *
 * Errors: ERR_CONFIG for a rate outside [0, 1); ERR_SHAPE for other than five axes.
 *
 * @see keras.layers.SpatialDropout3D
 *
 * @example
 * import { SpatialDropout3D } from 'ferrograd/layers'
 *
 * const layer = new SpatialDropout3D({ rate: 0.3 })
 */
export class SpatialDropout3D extends SpatialDropout {
  static override readonly className = 'SpatialDropout3D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(3)
}

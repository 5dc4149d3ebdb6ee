/** Layers that make pictures larger by whole factors. */

import type { Tensor } from '../../core/tensor.js'
import { mapAlong } from '../../ops/image/along-axis.js'
import { interpolation } from '../../ops/image/interpolation.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { type InputKind, type InputSpec, Layer, type LayerOptions } from '../layer.js'
import { forAxes, formatFields, pictureSpec, placesOf } from './axes.js'

const sequenceFields = {
  /** How often each step is repeated. Default 2. */
  size: { type: 'integer', default: 2, min: 1 },
} as const

/** Options of {@link UpSampling1D}. */
export interface UpSampling1DOptions extends OptionsOf<typeof sequenceFields>, LayerOptions {}

const UpSampling1DBase: With<typeof Layer, typeof sequenceFields, UpSampling1DOptions> = Layer.with(sequenceFields)

/**
 * Each step `size` times.
 *
 * `y[b, size·i + r, c] = x[b, i, c]`: (batch, steps, channels) → (batch, size · steps, channels).
 *
 * Errors: ERR_SHAPE for other than three axes.
 *
 * @see keras.layers.UpSampling1D
 *
 * @example
 * import { UpSampling1D } from 'ferrograd/layers'
 *
 * const layer = new UpSampling1D({ size: 3 })
 */
export class UpSampling1D extends UpSampling1DBase {
  static override readonly className = 'UpSampling1D'
  protected override readonly takes = 'one' as const
  protected override inputSpec: InputSpec | undefined = pictureSpec(1)

  override inputKind(): InputKind {
    return 'any'
  }

  override call(x: Tensor): Tensor {
    return ops.repeat(x, this.options.size, { axis: 1 })
  }
}

const sizeFields = {
  /** How much longer each axis becomes: one number for all, or one for each. Default 2. */
  size: { type: 'perAxis', default: 2 },
} as const
const volumeFields: typeof sizeFields & typeof formatFields = { ...sizeFields, ...formatFields }

const interpolationFields = {
  /** What lies between two places. Default 'nearest'. */
  interpolation: { type: 'choice', of: ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'], default: 'nearest' },
} as const
const pictureFields: typeof volumeFields & typeof interpolationFields = { ...volumeFields, ...interpolationFields }

/** Options of {@link UpSampling2D}. */
export interface UpSampling2DOptions extends OptionsOf<typeof pictureFields>, LayerOptions {}

const UpSampling2DBase: With<typeof Layer, typeof pictureFields, UpSampling2DOptions> = Layer.with(
  forAxes(pictureFields, 2),
)

/**
 * Pictures a whole number of times larger.
 *
 * `y[b, s·i + r, t·j + q, c] = x[b, i, j, c]` for `'nearest'`; else sums of the places around `(o + ½) / s − ½`, weighted
 * along each axis by `1 − d` at distance d < 1 (`'bilinear'`), by a cubic with slope −½ (`'bicubic'`) or by
 * `sinc(d) · sinc(d / r)` for d < r = 3 or 5, and divided by the sum of the weights. (batch, height, width, channels) →
 * (batch, s · height, t · width, channels). With `channelsFirst`, channels come before height and width.
 *
 * Errors: ERR_SHAPE for other than four axes.
 *
 * @see keras.layers.UpSampling2D
 *
 * @example
 * import { UpSampling2D } from 'ferrograd/layers'
 *
 * const layer = new UpSampling2D({ size: [2, 3], interpolation: 'bilinear' })
 */
export class UpSampling2D extends UpSampling2DBase {
  static override readonly className = 'UpSampling2D'
  protected override readonly takes = 'one' as const
  protected override inputSpec: InputSpec | undefined = pictureSpec(2)

  override call(input: Tensor): Tensor {
    const { interpolation: by, dataFormat, size } = this.options
    const x = this.cast(input)
    if (by === 'nearest') return repeated(x, placesOf(4, dataFormat), size)
    return placesOf(4, dataFormat).reduce(
      (y, axis, i) => mapAlong(y, axis, interpolation(by, y.shape[axis]!, size[i]! * y.shape[axis]!)),
      x,
    )
  }
}

/** Options of {@link UpSampling3D}. */
export interface UpSampling3DOptions extends OptionsOf<typeof volumeFields>, LayerOptions {}

const UpSampling3DBase: With<typeof Layer, typeof volumeFields, UpSampling3DOptions> = Layer.with(
  forAxes(volumeFields, 3),
)

/**
 * Each place of a volume `size` times along each axis.
 *
 * `y[b, s·i + r, …, c] = x[b, i, …, c]`: (batch, depth, height, width, channels) → (batch, s · depth, t · height,
 * u · width, channels). With `channelsFirst`, channels come before the places.
 *
 * Errors: ERR_SHAPE for other than five axes.
 *
 * @see keras.layers.UpSampling3D
 *
 * @example
 * import { UpSampling3D } from 'ferrograd/layers'
 *
 * const layer = new UpSampling3D({ size: 2 })
 */
export class UpSampling3D extends UpSampling3DBase {
  static override readonly className = 'UpSampling3D'
  protected override readonly takes = 'one' as const
  protected override inputSpec: InputSpec | undefined = pictureSpec(3)

  override call(x: Tensor): Tensor {
    return repeated(this.cast(x), placesOf(5, this.options.dataFormat), this.options.size)
  }
}

function repeated(x: Tensor, axes: readonly number[], times: readonly number[]): Tensor {
  return axes.reduce((y, axis, i) => ops.repeat(y, times[i]!, { axis }), x)
}

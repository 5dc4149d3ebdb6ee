/** Layers that put zeros around pictures. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { type InputKind, type InputSpec, Layer, type LayerOptions } from '../layer.js'
import { formatFields, pictureSpec, placesOf } from './axes.js'

const ownFields = {
  /** Zeros before and after: one number for both sides of all axes, or of each axis a number or a pair. */
  padding: { type: 'margins' },
} as const
const fields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }
type Options = OptionsOf<typeof fields> & LayerOptions
const ZeroPaddingBase: With<typeof Layer, typeof fields, Options> = Layer.with(fields)

abstract class ZeroPadding extends ZeroPaddingBase {
  protected override readonly takes = 'one' as const
  override inputKind(): InputKind {
    return 'any'
  }

  override call(x: Tensor): Tensor {
    const { padding, dataFormat } = this.options
    const places = placesOf(x.rank, dataFormat)
    return ops.pad(
      x,
      x.shape.map((_, axis) => padding[places.indexOf(axis)] ?? [0, 0]),
    )
  }
}

const sequenceFields = {
  /** How many zeros: one number for both sides, or before and after. Default 1. */
  padding: { type: 'margins', axes: 1, default: 1 },
} as const

/** Options of {@link ZeroPadding1D}. */
export interface ZeroPadding1DOptions extends OptionsOf<typeof sequenceFields & typeof formatFields>, LayerOptions {}

const ZeroPadding1DBase: With<typeof ZeroPadding, typeof sequenceFields, ZeroPadding1DOptions> =
  ZeroPadding.with(sequenceFields)

/**
 * Zeros before and after the steps.
 *
 * `y[b, before + i, c] = x[b, i, c]`, else 0: (batch, steps, channels) → (batch, before + steps + after, channels).
 * `padding` is a number for both sides or `[before, after]`. With `channelsFirst`, channels come before steps.
 *
 * Errors: ERR_CONFIG for a negative number; ERR_SHAPE for other than three axes.
 *
 * @see keras.layers.ZeroPadding1D
 *
 * @example
 * import { ZeroPadding1D } from 'ferrograd/layers'
 *
 * const layer = new ZeroPadding1D({ padding: [2, 0] })
 */
export class ZeroPadding1D extends ZeroPadding1DBase {
  static override readonly className = 'ZeroPadding1D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(1)
}

const pictureFields = {
  /** How many zeros: one number for all sides, or of each axis a number or a pair. Default [1, 1]. */
  padding: { type: 'margins', axes: 2, default: [1, 1] },
} as const

/** Options of {@link ZeroPadding2D}. */
export interface ZeroPadding2DOptions extends OptionsOf<typeof pictureFields & typeof formatFields>, LayerOptions {}

const ZeroPadding2DBase: With<typeof ZeroPadding, typeof pictureFields, ZeroPadding2DOptions> =
  ZeroPadding.with(pictureFields)

/**
 * Zeros around pictures.
 *
 * `y[b, top + i, left + j, c] = x[b, i, j, c]`, else 0: (batch, height, width, channels) → (batch, top + height + bottom,
 * left + width + right, channels). `padding` is a number, `[height, width]` or `[[top, bottom], [left, right]]`. With
 * `channelsFirst`, channels come before height and width.
 *
 * Errors: ERR_CONFIG for a negative number; ERR_SHAPE for other than four axes.
 *
 * @see keras.layers.ZeroPadding2D
 *
 * @example
 * import { ZeroPadding2D } from 'ferrograd/layers'
 *
 * const layer = new ZeroPadding2D({ padding: [[1, 0], [2, 2]] })
 */
export class ZeroPadding2D extends ZeroPadding2DBase {
  static override readonly className = 'ZeroPadding2D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(2)
}

const volumeFields = {
  /** How many zeros: one number for all sides, or of each axis a number or a pair. Default [[1, 1], [1, 1], [1, 1]]. */
  padding: {
    type: 'margins',
    axes: 3,
    default: [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  },
} as const

/** Options of {@link ZeroPadding3D}. */
export interface ZeroPadding3DOptions extends OptionsOf<typeof volumeFields & typeof formatFields>, LayerOptions {}

const ZeroPadding3DBase: With<typeof ZeroPadding, typeof volumeFields, ZeroPadding3DOptions> =
  ZeroPadding.with(volumeFields)

/**
 * Zeros around volumes.
 *
 * As {@link ZeroPadding2D} with one axis more, `y = x` inside, else 0: (batch, depth, height, width, channels) → each
 * length with the two numbers of its axis more.
 *
 * Errors: ERR_CONFIG for a negative number; ERR_SHAPE for other than five axes.
 *
 * @see keras.layers.ZeroPadding3D
 *
 * @example
 * import { ZeroPadding3D } from 'ferrograd/layers'
 *
 * const layer = new ZeroPadding3D({ padding: [1, 2, 2] })
 */
export class ZeroPadding3D extends ZeroPadding3DBase {
  static override readonly className = 'ZeroPadding3D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(3)
}

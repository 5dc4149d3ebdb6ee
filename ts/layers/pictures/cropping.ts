/** Layers that cut the edges of pictures off. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { Margin } from '../../options/field-types.js'
import type { OptionsOf } from '../../options/fields.js'
import { type InputKind, type InputSpec, Layer, type LayerOptions } from '../layer.js'
import { type Format, formatFields, pictureSpec, placesOf } from './axes.js'

const sequenceFields = {
  /** How many steps are cut off: one number for both sides, or before and after. Default [1, 1]. */
  cropping: { type: 'margins', axes: 1, default: [1, 1] },
} as const

/** Options of {@link Cropping1D}. */
export interface Cropping1DOptions extends OptionsOf<typeof sequenceFields>, LayerOptions {}

const Cropping1DBase: With<typeof Layer, typeof sequenceFields, Cropping1DOptions> = Layer.with(sequenceFields)

/**
 * Sequences without their first and last steps.
 *
 * `y[b, i, c] = x[b, before + i, c]`: (batch, steps, channels) → (batch, steps − before − after, channels). `cropping` is
 * a number for both sides or `[before, after]`.
 *
 * Errors: ERR_CONFIG for a negative number; ERR_SHAPE for other than three axes, and where nothing would be left.
 *
 * @see keras.layers.Cropping1D
 *
 * @example
 * import { Cropping1D } from 'ferrograd/layers'
 *
 * const layer = new Cropping1D({ cropping: [0, 2] })
 */
export class Cropping1D extends Cropping1DBase {
  static override readonly className = 'Cropping1D'
  protected override readonly takes = 'one' as const
  protected override inputSpec: InputSpec | undefined = pictureSpec(1)

  override inputKind(): InputKind {
    return 'any'
  }

  override call(x: Tensor): Tensor {
    return cropped(this.className, x, this.options.cropping, 'channelsLast')
  }
}

const ownFields = {
  /** How many places are cut off. */
  cropping: { type: 'margins' },
} as const
const fields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }
type Options = OptionsOf<typeof fields> & LayerOptions
const CroppingBase: With<typeof Layer, typeof fields, Options> = Layer.with(fields)

abstract class Cropping extends CroppingBase {
  protected override readonly takes = 'one' as const
  override inputKind(): InputKind {
    return 'any'
  }

  override call(x: Tensor): Tensor {
    return cropped(this.className, x, this.options.cropping, this.options.dataFormat)
  }
}

const pictureFields = {
  /**
   * How many places are cut off: one number for all sides, or of each axis a number or a pair. Default [[0, 0], [0,
   * 0]].
   */
  cropping: {
    type: 'margins',
    axes: 2,
    default: [
      [0, 0],
      [0, 0],
    ],
  },
} as const

/** Options of {@link Cropping2D}. */
export interface Cropping2DOptions extends OptionsOf<typeof pictureFields & typeof formatFields>, LayerOptions {}

const Cropping2DBase: With<typeof Cropping, typeof pictureFields, Cropping2DOptions> = Cropping.with(pictureFields)

/**
 * Pictures without their edges.
 *
 * `y[b, i, j, c] = x[b, top + i, left + j, c]`: (batch, height, width, channels) → (batch, height − top − bottom,
 * width − left − right, channels). `cropping` is a number, `[height, width]` or `[[top, bottom], [left, right]]`. With
 * `channelsFirst`, channels come before height and width.
 *
 * Errors: ERR_CONFIG for a negative number; ERR_SHAPE for other than four axes, and where nothing would be left.
 *
 * @see keras.layers.Cropping2D
 *
 * @example
 * import { Cropping2D } from 'ferrograd/layers'
 *
 * const layer = new Cropping2D({ cropping: [[2, 2], [4, 4]] }) // (batch, 28, 28, 3) → (batch, 24, 20, 3)
 */
export class Cropping2D extends Cropping2DBase {
  static override readonly className = 'Cropping2D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(2)
}

const volumeFields = {
  /**
   * How many places are cut off: one number for all sides, or of each axis a number or a pair. Default [[1, 1], [1, 1],
   * [1, 1]].
   */
  cropping: {
    type: 'margins',
    axes: 3,
    default: [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  },
} as const

/** Options of {@link Cropping3D}. */
export interface Cropping3DOptions extends OptionsOf<typeof volumeFields & typeof formatFields>, LayerOptions {}

const Cropping3DBase: With<typeof Cropping, typeof volumeFields, Cropping3DOptions> = Cropping.with(volumeFields)

/**
 * Volumes without their edges.
 *
 * As {@link Cropping2D} with one axis more, `y[b, i, …, c] = x[b, before + i, …, c]`: (batch, depth, height, width,
 * channels) → each length less the two numbers of its axis.
 *
 * Errors: ERR_CONFIG for a negative number; ERR_SHAPE for other than five axes, and where nothing would be left.
 *
 * @see keras.layers.Cropping3D
 *
 * @example
 * import { Cropping3D } from 'ferrograd/layers'
 *
 * const layer = new Cropping3D({ cropping: 1 })
 */
export class Cropping3D extends Cropping3DBase {
  static override readonly className = 'Cropping3D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(3)
}

/** What is left of pictures without so many places before and after along each axis. */
function cropped(where: string, x: Tensor, cropping: readonly Margin[], format: Format): Tensor {
  const places = placesOf(x.rank, format)
  const margins = x.shape.map((_, axis) => cropping[places.indexOf(axis)] ?? ([0, 0] as const))
  const size = x.shape.map((length, axis) => length - margins[axis]![0] - margins[axis]![1])
  if (places.some((axis) => size[axis]! < 1)) {
    const most = places.map((axis) => `less than ${x.shape[axis]}`).join(', ')
    fail('ERR_SHAPE', `${where}.cropping`, `${most} places for pictures of [${x.shape.join(', ')}]`, cropping)
  }
  return ops.slice(x, { begin: margins.map(([before]) => before), size })
}

/** Layers that bring pictures to one size. */

import type { Tensor } from '../../core/tensor.js'
import { centerOf } from '../../ops/image/resize.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { SeedGenerator } from '../../random.js'
import type { CallContext } from '../layer.js'
import { seedGenerator } from '../regularization.js'
import { drawn, ImageLayer, type ImageLayerOptions, seedFields, type Transformation } from './image-layer.js'

const sizeFields = {
  /** The height of the result. */
  height: { type: 'integer', min: 1 },
  /** The width of the result. */
  width: { type: 'integer', min: 1 },
} as const

const ownResizingFields = {
  /** What lies between two places. Default 'bilinear'. */
  interpolation: {
    type: 'choice',
    of: ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'],
    default: 'bilinear',
  },
  /** Keeps the ratio of the sides by leaving out what is too much. Default false. */
  cropToAspectRatio: { type: 'boolean', default: false },
  /** Keeps the ratio of the sides by a frame. Default false. */
  padToAspectRatio: { type: 'boolean', default: false },
  /** How the frame is filled: there is one way. Default 'constant'. */
  fillMode: { type: 'choice', of: ['constant'], default: 'constant' },
  /** What the frame is filled with. Default 0. */
  fillValue: { type: 'number', default: 0 },
  /** Whether every place of a picture that becomes smaller counts. Default false. */
  antialias: { type: 'boolean', default: false },
} as const
const resizingFields: typeof ownResizingFields & typeof sizeFields = { ...ownResizingFields, ...sizeFields }

/** Options of {@link Resizing}. */
export interface ResizingOptions extends OptionsOf<typeof resizingFields>, ImageLayerOptions {}

const ResizingBase: With<typeof ImageLayer, typeof resizingFields, ResizingOptions> = ImageLayer.with(resizingFields)

/**
 * Pictures drawn anew in `height` × `width` places, in training and outside of it: place `o` of an axis lies at
 * `(o + ½) · before / after − ½` (see `ops.image.resize`).
 *
 * (batch, rows, columns, channels) → (batch, height, width, channels); one picture alone without the batch.
 *
 * Errors: ERR_SHAPE for other than three or four axes; ERR_CONFIG for cropToAspectRatio and padToAspectRatio together.
 *
 * @see keras.layers.Resizing
 *
 * @example
 * import { Resizing } from 'ferrograd/layers'
 *
 * const layer = new Resizing({ height: 32, width: 32, antialias: true })
 */
export class Resizing extends ResizingBase {
  static override readonly className = 'Resizing'
  protected override readonly always: boolean = true

  override getRandomTransformation(): Transformation {
    return {}
  }

  override transformImages(images: Tensor): Tensor {
    const { height, width, fillMode: _, dataFormat: __, interpolation, ...rest } = this.options
    const { antialias, cropToAspectRatio, padToAspectRatio, fillValue } = rest
    const how = { interpolation, antialias, cropToAspectRatio, padToAspectRatio, fillValue }
    return ops.image.resize(images, [height, width], how)
  }
}

/** Options of {@link CenterCrop}. */
export interface CenterCropOptions extends OptionsOf<typeof sizeFields>, ImageLayerOptions {}

const CenterCropBase: With<typeof ImageLayer, typeof sizeFields, CenterCropOptions> = ImageLayer.with(sizeFields)

/**
 * The middle of pictures, `y[i, j] = x[i + ⌊(rows − height) / 2⌋, j + ⌊(columns − width) / 2⌋]`, in training and outside of it;
 * pictures that are smaller are made larger, with the ratio of their sides kept.
 *
 * (batch, rows, columns, channels) → (batch, height, width, channels); one picture alone without the batch.
 *
 * Errors: ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.CenterCrop
 *
 * @example
 * import { CenterCrop } from 'ferrograd/layers'
 *
 * const layer = new CenterCrop({ height: 24, width: 24 })
 */
export class CenterCrop extends CenterCropBase {
  static override readonly className = 'CenterCrop'
  protected override readonly always: boolean = true

  override getRandomTransformation(): Transformation {
    return {}
  }

  override transformImages(images: Tensor): Tensor {
    const { height, width } = this.options
    const [rows = 0, columns = 0] = images.shape.slice(1)
    const fits = rows >= height && columns >= width
    if (fits) return cropped(images, Math.floor((rows - height) / 2), Math.floor((columns - width) / 2), height, width)
    return ops.image.resize(images, [height, width], { cropToAspectRatio: true })
  }
}

function cropped(images: Tensor, top: number, left: number, height: number, width: number): Tensor {
  const [batch = 0, , , channels = 0] = images.shape
  return ops.slice(images, { begin: [0, top, left, 0], size: [batch, height, width, channels] })
}

const cropFields: typeof sizeFields & typeof seedFields = { ...sizeFields, ...seedFields }

/** Options of {@link RandomCrop}. */
export interface RandomCropOptions extends OptionsOf<typeof cropFields>, ImageLayerOptions {}

const RandomCropBase: With<typeof ImageLayer, typeof cropFields, RandomCropOptions> = ImageLayer.with(cropFields)

/**
 * A part of pictures, `y[i, j] = x[i + top, j + left]`, in training anywhere, the same place for the batch; outside of training, or where a picture is not
 * larger than the part, its middle with the ratio of the part, brought to its size.
 *
 * (batch, rows, columns, channels) → (batch, height, width, channels); one picture alone without the batch.
 *
 * Errors: ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomCrop
 *
 * @example
 * import { RandomCrop } from 'ferrograd/layers'
 *
 * const layer = new RandomCrop({ height: 28, width: 28, seed: 1 })
 */
export class RandomCrop extends RandomCropBase {
  static override readonly className = 'RandomCrop'
  protected override readonly always: boolean = true
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  #training = false

  override call(input: Tensor, context: CallContext): Tensor {
    this.#training = context.training
    return super.call(input, context)
  }

  override getRandomTransformation(images: Tensor): Transformation {
    const [rows = 0, columns = 0] = images.shape.slice(1)
    const { height, width } = this.options
    if (!this.#training || rows <= height || columns <= width) return {}
    const start = (room: number): Tensor =>
      ops.cast(drawn(images, [], [0, room + 1], { seed: this.seedGenerator }), 'int32')
    return { top: start(rows - height), left: start(columns - width) }
  }

  override transformImages(images: Tensor, { top, left }: Transformation): Tensor {
    const { height, width } = this.options
    if (top === undefined || left === undefined)
      return ops.image.resize(centerOf(images, [height, width]), [height, width])
    const rows = ops.take(images, ops.add(ops.arange(height), top), { axis: 1 })
    return ops.take(rows, ops.add(ops.arange(width), left), { axis: 2 })
  }
}

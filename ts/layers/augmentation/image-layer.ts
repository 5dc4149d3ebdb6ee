/** The base of layers that change pictures in training. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import { asBatch } from '../../ops/image/pictures.js'
import type { With } from '../../options/configurable.js'
import type { Range } from '../../options/field-types.js'
import { uniform } from '../../random.js'
import type { FloatDType, Shape } from '../../types.js'
import { type CallContext, Layer, type LayerOptions } from '../layer.js'
import { type Format, formatFields } from '../pictures/axes.js'

/** What was drawn for a batch, by name: one row a picture. */
export type Transformation = Readonly<Record<string, Tensor>>

/** What layers of pictures are told. */
export interface ImageLayerOptions extends LayerOptions {
  /** Where the channels lie: after the places, or before them. Default 'channelsLast'. */
  readonly dataFormat?: Format | 'channels_last' | 'channels_first'
}

const ImageLayerBase: With<typeof Layer, typeof formatFields, ImageLayerOptions> = Layer.with(formatFields)

/**
 * Changes pictures in training: what is drawn for a batch, and what is made of it, are methods of their own.
 *
 * Inputs have three axes (one picture) or four (a batch); both methods see (batch, height, width, channels).
 */
export abstract class ImageLayer extends ImageLayerBase {
  static override readonly trainingDefault: boolean | undefined = true
  /** Whether pictures change outside of training as well. */
  protected readonly always: boolean = false

  /** How many channels pictures have that can be changed so; any number where that is undefined. */
  protected readonly channels: readonly number[] | undefined = undefined

  /** Draws what shall be done to each picture of a batch. */
  abstract getRandomTransformation(images: Tensor): Transformation

  /** The pictures after what was drawn. */
  abstract transformImages(images: Tensor, transformation: Transformation): Tensor

  override call(input: Tensor, { training }: CallContext): Tensor {
    const x = this.cast(input)
    const { x: images, back } = asBatch(this.className, x, this.options.dataFormat)
    if (!training && !this.always) return x
    const channels = images.shape[3]!
    if (this.channels !== undefined && !this.channels.includes(channels))
      fail('ERR_SHAPE', `${this.className} images`, `pictures of ${this.channels.join(' or ')} channels`, input.shape)
    return back(this.transformImages(images, this.getRandomTransformation(images)))
  }
}

/** Where the random numbers of a layer come from. */
export const seedFields = {
  /** Makes what is drawn reproducible. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** What black and white are in the pictures. */
export const valueRangeFields = {
  /** The smallest and the largest value of a picture. Default [0, 255]. */
  valueRange: { type: 'numeric', default: [0, 255] },
} as const

/** The two ends of the values of pictures. */
export function valuesOf(where: string, range: number | readonly number[]): Range {
  if (typeof range === 'number' || range.length !== 2 || range[0] === range[1])
    return fail('ERR_CONFIG', where, 'the smallest and the largest value', range)
  return [Math.min(...range), Math.max(...range)]
}

/** Uniform numbers of a range, in the pictures' element type. */
export function drawn(
  images: Tensor,
  shape: Shape,
  [minval, maxval]: Range,
  seed: Parameters<typeof uniform>[1],
): Tensor {
  return uniform(shape, { ...seed, minval, maxval, dtype: images.dtype as FloatDType })
}

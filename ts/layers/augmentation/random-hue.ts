/** Pictures of other hues in training. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { Range } from '../../options/field-types.js'
import type { OptionsOf } from '../../options/fields.js'
import type { SeedGenerator } from '../../random.js'
import { seedGenerator } from '../regularization.js'
import {
  drawn,
  ImageLayer,
  type ImageLayerOptions,
  seedFields,
  type Transformation,
  valueRangeFields,
  valuesOf,
} from './image-layer.js'
import { rescaled } from './value-range.js'

const ownFields = {
  /** How far, in half turns of the circle of colours: from none, or the least and the most, either way. */
  factor: { type: 'range', min: 0, max: 1 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomHue}. */
export interface RandomHueOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomHueBase: With<typeof ImageLayer, typeof fields, RandomHueOptions> = ImageLayer.with(fields)

/**
 * Turns the hue of each picture in training, by `± factor / 2` of the circle of colours.
 *
 * (batch, height, width, 3) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1] or a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomHue
 *
 * @example
 * import { RandomHue } from 'ferrograd/layers'
 *
 * const layer = new RandomHue({ factor: 0.2, valueRange: [0, 1] })
 */
export class RandomHue extends RandomHueBase {
  static override readonly className = 'RandomHue'
  protected override readonly channels: readonly number[] = [3]
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomHue valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    const [batch, seed] = [[images.shape[0]!], { seed: this.seedGenerator }]
    const side = drawn(images, batch, [0, 1], seed)
    const sign = ops.where(ops.greater(side, 0.5), ops.negative(ops.onesLike(side)), ops.onesLike(side))
    return { factor: ops.multiply(ops.multiply(sign, drawn(images, batch, this.options.factor, seed)), 0.5) }
  }

  override transformImages(images: Tensor, { factor }: Transformation): Tensor {
    const hsv = ops.image.rgbToHsv(rescaled(images, this.#values, [0, 1]))
    const [hue, rest] = ops.split(hsv, [1], { axis: 3 }) as [Tensor, Tensor]
    const turned = ops.add(hue, ops.reshape(factor!, [-1, 1, 1, 1]))
    const below = ops.where(ops.greater(turned, 1), ops.subtract(turned, 1), turned)
    const round = ops.where(ops.less(below, 0), ops.add(below, 1), below)
    const rgb = ops.image.hsvToRgb(ops.concatenate([round, rest], { axis: 3 }))
    return rescaled(ops.clip(rgb, 0, 1), [0, 1], this.#values)
  }
}

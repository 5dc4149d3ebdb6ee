/** Pictures nearer to grey in training. */

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

const ownFields = {
  /** How near: 0 as it was, 1 grey. As a number, from 0 to it; or the least and the most. */
  factor: { type: 'range', min: 0, max: 1 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomColorDegeneration}. */
export interface RandomColorDegenerationOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomColorDegenerationBase: With<typeof ImageLayer, typeof fields, RandomColorDegenerationOptions> =
  ImageLayer.with(fields)

/**
 * Mixes each picture with itself in grey in training, `y = clip(x + f · (grey − x))`.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1] or a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomColorDegeneration
 *
 * @example
 * import { RandomColorDegeneration } from 'ferrograd/layers'
 *
 * const layer = new RandomColorDegeneration({ factor: 0.5 })
 */
export class RandomColorDegeneration extends RandomColorDegenerationBase {
  static override readonly className = 'RandomColorDegeneration'
  protected override readonly channels: readonly number[] = [1, 3]
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomColorDegeneration valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    return { factor: drawn(images, [images.shape[0]!, 1, 1, 1], this.options.factor, { seed: this.seedGenerator }) }
  }

  override transformImages(images: Tensor, { factor }: Transformation): Tensor {
    const away = ops.subtract(ops.image.rgbToGrayscale(images), images)
    return ops.clip(ops.add(images, ops.multiply(factor!, away)), ...this.#values)
  }
}

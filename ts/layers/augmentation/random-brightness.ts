/** Pictures made brighter or darker in training. */

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
  /** How much, of the range of values: as much either way, or the least and the most. */
  factor: { type: 'range', min: -1, max: 1 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomBrightness}. */
export interface RandomBrightnessOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomBrightnessBase: With<typeof ImageLayer, typeof fields, RandomBrightnessOptions> = ImageLayer.with(fields)

/**
 * Adds one number of a range to each picture in training, `y = clip(x + f · (high − low))`.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [−1, 1] or a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomBrightness
 *
 * @example
 * import { RandomBrightness } from 'ferrograd/layers'
 *
 * const layer = new RandomBrightness({ factor: 0.2, valueRange: [0, 1] })
 */
export class RandomBrightness extends RandomBrightnessBase {
  static override readonly className = 'RandomBrightness'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomBrightness valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    const factor = drawn(images, [images.shape[0]!, 1, 1, 1], this.options.factor, { seed: this.seedGenerator })
    return { rgbDelta: ops.multiply(factor, this.#values[1] - this.#values[0]) }
  }

  override transformImages(images: Tensor, { rgbDelta }: Transformation): Tensor {
    return ops.clip(ops.add(images, rgbDelta!), ...this.#values)
  }
}

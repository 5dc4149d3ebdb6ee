/** Pictures with more or less contrast in training. */

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
  /** How much: from `1 − least` to `1 + most` times, as much either way, or the two. */
  factor: { type: 'range', min: 0, max: 1 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomContrast}. */
export interface RandomContrastOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomContrastBase: With<typeof ImageLayer, typeof fields, RandomContrastOptions> = ImageLayer.with(fields)

/**
 * Multiplies what differs from the mean of each picture and channel in training, `y = clip((x − mean) · f + mean)` with `f`
 * from `1 − factor[0]` to `1 + factor[1]`.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1] or a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomContrast
 *
 * @example
 * import { RandomContrast } from 'ferrograd/layers'
 *
 * const layer = new RandomContrast({ factor: 0.2 })
 */
export class RandomContrast extends RandomContrastBase {
  static override readonly className = 'RandomContrast'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomContrast valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    const [low, high] = this.options.factor
    const range = [1 - low, 1 + high] as const
    return { contrastFactor: drawn(images, [images.shape[0]!, 1, 1, 1], range, { seed: this.seedGenerator }) }
  }

  override transformImages(images: Tensor, { contrastFactor }: Transformation): Tensor {
    const mean = ops.mean(images, { axis: [1, 2], keepdims: true })
    return ops.clip(ops.add(ops.multiply(ops.subtract(images, mean), contrastFactor!), mean), ...this.#values)
  }
}

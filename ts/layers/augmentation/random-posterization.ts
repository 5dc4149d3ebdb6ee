/** Pictures of fewer shades in training. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { Range } from '../../options/field-types.js'
import type { OptionsOf } from '../../options/fields.js'
import { randint, type SeedGenerator } from '../../random.js'
import { seedGenerator } from '../regularization.js'
import {
  ImageLayer,
  type ImageLayerOptions,
  seedFields,
  type Transformation,
  valueRangeFields,
  valuesOf,
} from './image-layer.js'
import { BYTES, rescaled } from './value-range.js'

const ownFields = {
  /** How many bits are left: drawn from the least to below the most; as a number, from 1 to below it. */
  factor: { type: 'range', min: 1, max: 8 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomPosterization}. */
export interface RandomPosterizationOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomPosterizationBase: With<typeof ImageLayer, typeof fields, RandomPosterizationOptions> =
  ImageLayer.with(fields)

/**
 * Leaves the `b` highest bits of each value in training, `y = ⌊x / 2^(8 − b)⌋ · 2^(8 − b)` for values as bytes.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [1, 8] or a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomPosterization
 *
 * @example
 * import { RandomPosterization } from 'ferrograd/layers'
 *
 * const layer = new RandomPosterization({ factor: [3, 6] })
 */
export class RandomPosterization extends RandomPosterizationBase {
  static override readonly className = 'RandomPosterization'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomPosterization valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    const [low, high] = this.options.factor
    const shape = [images.shape[0]!]
    const bits = low === high ? ops.full(shape, low, 'int32') : randint(shape, low, high, { seed: this.seedGenerator })
    return { shiftFactor: ops.subtract(8, bits) }
  }

  override transformImages(images: Tensor, { shiftFactor }: Transformation): Tensor {
    const step = ops.power(2, ops.cast(ops.reshape(shiftFactor!, [-1, 1, 1, 1]), images.dtype))
    const bytes = ops.trunc(rescaled(images, this.#values, BYTES))
    return rescaled(ops.multiply(ops.floor(ops.divide(bytes, step)), step), BYTES, this.#values)
  }
}

/** Pictures sharper or softer in training. */

import { type Tensor, tensor } from '../../core/tensor.js'
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
  /** How sharp: 0 is soft, ½ as it was, 1 sharper. As a number, from 0 to it; or the least and the most. */
  factor: { type: 'range', min: 0, max: 1 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomSharpness}. */
export interface RandomSharpnessOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomSharpnessBase: With<typeof ImageLayer, typeof fields, RandomSharpnessOptions> = ImageLayer.with(fields)

/**
 * Mixes each picture with a soft one in training, `y = clip(x + (1 − 2f) · (soft − x))`: soft is the mean of each place, with
 * weight 5, and of the eight around it.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1] or a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomSharpness
 *
 * @example
 * import { RandomSharpness } from 'ferrograd/layers'
 *
 * const layer = new RandomSharpness({ factor: [0.3, 0.7] })
 */
export class RandomSharpness extends RandomSharpnessBase {
  static override readonly className = 'RandomSharpness'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomSharpness valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    return { factor: drawn(images, [images.shape[0]!], this.options.factor, { seed: this.seedGenerator }) }
  }

  override transformImages(images: Tensor, { factor }: Transformation): Tensor {
    const weights = Float64Array.from({ length: 9 }, (_, i) => (i === 4 ? 5 : 1) / 13)
    const one = tensor(weights, [3, 3, 1, 1], images.dtype)
    const filter = ops.broadcastTo(one, [3, 3, images.shape[3]!, 1])
    const soft = ops.depthwiseConv(images, filter, { padding: 'same' })
    const share = ops.subtract(1, ops.multiply(ops.reshape(factor!, [-1, 1, 1, 1]), 2))
    return ops.clip(ops.add(images, ops.multiply(share, ops.subtract(soft, images))), ...this.#values)
  }
}

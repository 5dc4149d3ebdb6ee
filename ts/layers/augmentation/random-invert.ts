/** Some pictures as negatives in training. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { Range } from '../../options/field-types.js'
import type { OptionsOf } from '../../options/fields.js'
import type { SeedGenerator } from '../../random.js'
import { seedGenerator } from '../regularization.js'
import { chosen, happens } from './chance.js'
import {
  ImageLayer,
  type ImageLayerOptions,
  seedFields,
  type Transformation,
  valueRangeFields,
  valuesOf,
} from './image-layer.js'

const ownFields = {
  /**
   * How likely a picture is inverted: the likelihood is drawn from 0 to it, or from the least and the most. Default [0,
   * 1].
   */
  factor: { type: 'range', default: [0, 1], min: 0, max: 1 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomInvert}. */
export interface RandomInvertOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomInvertBase: With<typeof ImageLayer, typeof fields, RandomInvertOptions> = ImageLayer.with(fields)

/**
 * Makes negatives of some pictures in training, `y = high − x`.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1] or a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomInvert
 *
 * @example
 * import { RandomInvert } from 'ferrograd/layers'
 *
 * const layer = new RandomInvert({ factor: 0.3 })
 */
export class RandomInvert extends RandomInvertBase {
  static override readonly className = 'RandomInvert'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomInvert valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    return { applyInversion: happens(images, this.options.factor, { seed: this.seedGenerator }) }
  }

  override transformImages(images: Tensor, { applyInversion }: Transformation): Tensor {
    return chosen(applyInversion!, ops.subtract(this.#values[1], images), images)
  }
}

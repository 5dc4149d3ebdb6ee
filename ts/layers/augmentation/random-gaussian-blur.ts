/** Some pictures out of focus in training. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { Range } from '../../options/field-types.js'
import type { OptionsOf } from '../../options/fields.js'
import type { SeedGenerator } from '../../random.js'
import { seedGenerator } from '../regularization.js'
import { chosen, happens } from './chance.js'
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
  /**
   * How likely a picture is changed: the likelihood is drawn from 0 to it, or from the least and the most. Default [0,
   * 1].
   */
  factor: { type: 'range', default: [0, 1], min: 0, max: 1 },
  /** Rows and columns that count, odd: one number for both, or two. Default 3. */
  kernelSize: { type: 'perAxis', default: 3, axes: 2 },
  /** Standard deviation in places: from 0 to it, or the least and the most. Default [0, 1]. */
  sigma: { type: 'range', default: [0, 1], min: 0, max: 1 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomGaussianBlur}. */
export interface RandomGaussianBlurOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomGaussianBlurBase: With<typeof ImageLayer, typeof fields, RandomGaussianBlurOptions> =
  ImageLayer.with(fields)

/**
 * Puts some pictures out of focus in training: the mean of the places around, weighted by `exp(−d² / 2σ²)` of their distance,
 * with the same two deviations for all (see `ops.image.gaussianBlur`).
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor or a deviation outside [0, 1], or an even kernel size; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomGaussianBlur
 *
 * @example
 * import { RandomGaussianBlur } from 'ferrograd/layers'
 *
 * const layer = new RandomGaussianBlur({ factor: 0.5, kernelSize: 5 })
 */
export class RandomGaussianBlur extends RandomGaussianBlurBase {
  static override readonly className = 'RandomGaussianBlur'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomGaussianBlur valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    const seed = { seed: this.seedGenerator }
    const shouldApplyBlur = happens(images, this.options.factor, seed)
    return { shouldApplyBlur, blurFactor: ops.add(drawn(images, [2], this.options.sigma, seed), 1e-6) }
  }

  override transformImages(images: Tensor, { shouldApplyBlur, blurFactor }: Transformation): Tensor {
    const [rows = 3, columns = rows] = this.options.kernelSize
    const soft = ops.image.gaussianBlur(images, { kernelSize: [rows, columns], sigma: blurFactor! })
    return ops.clip(chosen(shouldApplyBlur!, soft, images), ...this.#values)
  }
}

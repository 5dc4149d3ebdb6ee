/** Some pictures in grey in training. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { SeedGenerator } from '../../random.js'
import { seedGenerator } from '../regularization.js'
import { drawn, ImageLayer, type ImageLayerOptions, type Transformation } from './image-layer.js'

const fields = {
  /** How likely a picture becomes grey. Default 0.5. */
  factor: { type: 'number', default: 0.5, min: 0, max: 1 },
  /** Makes what is drawn reproducible. Default null. */
  seed: { type: 'integer', default: null, min: 0, quiet: true },
} as const

/** Options of {@link RandomGrayscale}. */
export interface RandomGrayscaleOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomGrayscaleBase: With<typeof ImageLayer, typeof fields, RandomGrayscaleOptions> = ImageLayer.with(fields)

/**
 * Makes some pictures grey in training: all channels are `0.2989·red + 0.587·green + 0.114·blue`.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1]; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomGrayscale
 *
 * @example
 * import { RandomGrayscale } from 'ferrograd/layers'
 *
 * const layer = new RandomGrayscale({ factor: 0.3 })
 */
export class RandomGrayscale extends RandomGrayscaleBase {
  static override readonly className = 'RandomGrayscale'
  protected override readonly channels: readonly number[] = [1, 3]
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override getRandomTransformation(images: Tensor): Transformation {
    const chance = drawn(images, [images.shape[0]!, 1, 1, 1], [0, 1], { seed: this.seedGenerator })
    return { shouldApply: ops.less(chance, this.options.factor) }
  }

  override transformImages(images: Tensor, { shouldApply }: Transformation): Tensor {
    const grey = ops.broadcastTo(ops.image.rgbToGrayscale(images), images.shape)
    return ops.where(shouldApply!, grey, images)
  }
}

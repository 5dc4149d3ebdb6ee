/** Pictures mirrored in training. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { SeedGenerator } from '../../random.js'
import { seedGenerator } from '../regularization.js'
import { drawn, ImageLayer, type ImageLayerOptions, seedFields, type Transformation } from './image-layer.js'

const ownFields = {
  /** Which ways: sideways, upside down, or both at once. Default 'horizontalAndVertical'. */
  mode: { type: 'choice', of: ['horizontal', 'vertical', 'horizontalAndVertical'], default: 'horizontalAndVertical' },
} as const
const fields: typeof ownFields & typeof seedFields = { ...ownFields, ...seedFields }

/** Options of {@link RandomFlip}. */
export interface RandomFlipOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomFlipBase: With<typeof ImageLayer, typeof fields, RandomFlipOptions> = ImageLayer.with(fields)

/**
 * Mirrors half of the pictures in training: `y[i, j] = x[i, width − 1 − j]`, `x[height − 1 − i, j]`, or both.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomFlip
 *
 * @example
 * import { RandomFlip } from 'ferrograd/layers'
 *
 * const layer = new RandomFlip({ mode: 'horizontal', seed: 1 })
 */
export class RandomFlip extends RandomFlipBase {
  static override readonly className = 'RandomFlip'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override getRandomTransformation(images: Tensor): Transformation {
    const chance = drawn(images, [images.shape[0]!, 1, 1, 1], [0, 1], { seed: this.seedGenerator })
    return { flips: ops.lessEqual(chance, 0.5) }
  }

  override transformImages(images: Tensor, { flips }: Transformation): Tensor {
    const { mode } = this.options
    const axes = [...(mode === 'vertical' ? [] : [2]), ...(mode === 'horizontal' ? [] : [1])]
    return ops.where(flips!, ops.flip(images, { axis: axes }), images)
  }
}

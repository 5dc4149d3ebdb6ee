/** Pictures of stronger or paler colours in training. */

import { epsilon } from '../../config.js'
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
  /** How much: 0 is grey, ½ as it was, 1 the strongest. As a number, from 0 to it; or the least and the most. */
  factor: { type: 'range', min: 0, max: 1 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomSaturation}. */
export interface RandomSaturationOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomSaturationBase: With<typeof ImageLayer, typeof fields, RandomSaturationOptions> = ImageLayer.with(fields)

/**
 * Multiplies the saturation of each picture in training, by `f / (1 − f + ε)` with `f` from `factor[0]` to `factor[1]`.
 *
 * (batch, height, width, 3) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1] or a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomSaturation
 *
 * @example
 * import { RandomSaturation } from 'ferrograd/layers'
 *
 * const layer = new RandomSaturation({ factor: [0.4, 0.6] })
 */
export class RandomSaturation extends RandomSaturationBase {
  static override readonly className = 'RandomSaturation'
  protected override readonly channels: readonly number[] = [3]
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomSaturation valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    const factor = drawn(images, [images.shape[0]!], this.options.factor, { seed: this.seedGenerator })
    return { factor: ops.divide(factor, ops.add(ops.subtract(1, factor), epsilon())) }
  }

  override transformImages(images: Tensor, { factor }: Transformation): Tensor {
    const [hue, saturation, value] = ops.split(ops.image.rgbToHsv(images), 3, { axis: 3 }) as [Tensor, Tensor, Tensor]
    const stronger = ops.clip(ops.multiply(saturation, ops.reshape(factor!, [-1, 1, 1, 1])), ...this.#values)
    return ops.image.hsvToRgb(ops.concatenate([hue, stronger, value], { axis: 3 }))
  }
}

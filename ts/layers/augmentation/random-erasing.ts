/** Some pictures with a part missing in training. */

import { type Tensor, tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { Range } from '../../options/field-types.js'
import type { OptionsOf } from '../../options/fields.js'
import { normal, type SeedGenerator } from '../../random.js'
import type { FloatDType } from '../../types.js'
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
import { rectangles } from './rectangles.js'

const ownFields = {
  /**
   * How likely a picture is changed: the likelihood is drawn from 0 to it, or from the least and the most. Default [0,
   * 1].
   */
  factor: { type: 'range', default: [0, 1], min: 0, max: 1 },
  /** How much of each side, squared: from the least to the most. Default [0.02, 0.33]. */
  scale: { type: 'range', default: [0.02, 0.33], min: 0, max: 1 },
  /** What is put there: one number, one for each channel, or null for noise. Default null. */
  fillValue: { type: 'numeric', default: null },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomErasing}. */
export interface RandomErasingOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomErasingBase: With<typeof ImageLayer, typeof fields, RandomErasingOptions> = ImageLayer.with(fields)

/**
 * `y = fill` in a rectangle of some pictures in training, `√s` of the height and of the width with `s` from `scale`, else
 * `y = x` (Zhong et al., 2017).
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor or a scale outside [0, 1]; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomErasing
 *
 * @example
 * import { RandomErasing } from 'ferrograd/layers'
 *
 * const layer = new RandomErasing({ factor: 0.5, fillValue: 0 })
 */
export class RandomErasing extends RandomErasingBase {
  static override readonly className = 'RandomErasing'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('RandomErasing valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    this.#checkFilling(images)
    const seed = { seed: this.seedGenerator }
    const [wide, high] = [0, 1].map(() => ops.sqrt(drawn(images, [images.shape[0]!], this.options.scale, seed)))
    const batchMasks = rectangles(images, wide!, high!, seed)
    const applyErasing = happens(images, this.options.factor, seed)
    return { applyErasing, batchMasks, fillValue: this.#filling(images) }
  }

  #checkFilling({ shape }: Tensor): void {
    const { fillValue } = this.options
    const channels = shape[3]!
    if (typeof fillValue === 'number' || fillValue === null || [1, channels].includes(fillValue.length)) return
    fail('ERR_CONFIG', 'RandomErasing.fillValue', `a number, or one for each of ${channels} channels`, fillValue)
  }

  #filling(images: Tensor): Tensor {
    const { fillValue } = this.options
    const dtype = images.dtype as FloatDType
    if (fillValue !== null) return ops.clip(tensor(fillValue, undefined, dtype), ...this.#values)
    const noise = normal(images.shape, { dtype, seed: this.seedGenerator })
    return ops.clip(ops.multiply(noise, this.#values[1]), ...this.#values)
  }

  override transformImages(images: Tensor, { applyErasing, batchMasks, fillValue }: Transformation): Tensor {
    return chosen(applyErasing!, ops.where(batchMasks!, fillValue!, images), images)
  }
}

/** Pictures with their bright parts as a negative in training. */

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
import { BYTES, rescaled } from './value-range.js'

const ownFields = {
  /** How much is added first, of 255: from 0 to it, or the least and the most. Default [0, 0]. */
  additionFactor: { type: 'range', default: [0, 0], min: 0, max: 1 },
  /** From which value on pictures are inverted, of 255: from 0 to it, or the least and the most. Default [0, 0]. */
  thresholdFactor: { type: 'range', default: [0, 0], min: 0, max: 1 },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link Solarization}. */
export interface SolarizationOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const SolarizationBase: With<typeof ImageLayer, typeof fields, SolarizationOptions> = ImageLayer.with(fields)

/**
 * `z = clip(x + addition)`, `y = z` below the threshold, else `255 − z`, for values as bytes: in training, with an addition
 * and a threshold of each picture's own.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1] or a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.Solarization
 *
 * @example
 * import { Solarization } from 'ferrograd/layers'
 *
 * const layer = new Solarization({ thresholdFactor: [0.4, 0.6] })
 */
export class Solarization extends SolarizationBase {
  static override readonly className = 'Solarization'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  readonly #values: Range = valuesOf('Solarization valueRange', this.options.valueRange)

  override getRandomTransformation(images: Tensor): Transformation {
    const shape = [images.shape[0]!, 1, 1, 1]
    const seed = { seed: this.seedGenerator }
    const of = ([low, high]: Range): Tensor => drawn(images, shape, [low, high * 255], seed)
    return { additions: of(this.options.additionFactor), thresholds: of(this.options.thresholdFactor) }
  }

  override transformImages(images: Tensor, { additions, thresholds }: Transformation): Tensor {
    const bytes = ops.clip(ops.add(rescaled(images, this.#values, BYTES), additions!), 0, 255)
    const turned = ops.where(ops.less(bytes, thresholds!), bytes, ops.subtract(255, bytes))
    return rescaled(turned, BYTES, this.#values)
  }
}

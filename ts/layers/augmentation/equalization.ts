/** Pictures with all values as frequent as each other. */

import { sizeOf } from '../../core/shapes.js'
import type { Tensor } from '../../core/tensor.js'
import * as raw from '../../generated/ops.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { Range } from '../../options/field-types.js'
import type { OptionsOf } from '../../options/fields.js'
import { ImageLayer, type ImageLayerOptions, type Transformation, valueRangeFields, valuesOf } from './image-layer.js'
import { BYTES, rescaled } from './value-range.js'

const ownFields = {
  /** How many values are told apart. Default 256. */
  bins: { type: 'integer', default: 256, min: 2 },
} as const
const fields: typeof ownFields & typeof valueRangeFields = { ...ownFields, ...valueRangeFields }

/** Options of {@link Equalization}. */
export interface EqualizationOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const EqualizationBase: With<typeof ImageLayer, typeof fields, EqualizationOptions> = ImageLayer.with(fields)

/**
 * Gives each value of a channel the share of places that are not above it, in training:
 * `y = round(255 · (count(≤ x) − count(≤ least)) / (places − count(≤ least)))` for values as bytes, counted over the batch.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.Equalization
 *
 * @example
 * import { Equalization } from 'ferrograd/layers'
 *
 * const layer = new Equalization({ valueRange: [0, 1] })
 */
export class Equalization extends EqualizationBase {
  static override readonly className = 'Equalization'
  readonly #values: Range = valuesOf('Equalization valueRange', this.options.valueRange)

  override getRandomTransformation(): Transformation {
    return {}
  }

  override transformImages(images: Tensor): Tensor {
    const bytes = rescaled(images, this.#values, BYTES)
    const channels = ops.split(bytes, images.shape[3]!, { axis: 3 }).map((channel) => this.#equalized(channel))
    return rescaled(ops.concatenate(channels, { axis: 3 }), BYTES, this.#values)
  }

  #equalized(channel: Tensor): Tensor {
    const { bins } = this.options
    const bin = ops.cast(ops.clip(ops.trunc(ops.multiply(channel, (bins - 1) / 255)), 0, bins - 1), 'int32')
    const counts = countsOf(bin, bins, channel.dtype)
    const upTo = ops.cumsum(counts)
    const least = ops.min(ops.where(ops.greater(upTo, 0), upTo, sizeOf(channel.shape)))
    const rest = ops.subtract(sizeOf(channel.shape), least)
    const table = ops.round(ops.divide(ops.multiply(ops.subtract(upTo, least), 255), ops.maximum(rest, 1)))
    const alone = ops.lessEqual(rest, 0)
    return ops.where(alone, channel, ops.take(ops.clip(table, 0, 255), bin))
  }
}

/** How many places have each number below `bins`. */
function countsOf(bin: Tensor, bins: number, dtype: Tensor['dtype']): Tensor {
  const flat = ops.reshape(bin, [-1])
  return raw.scatterAdd(ops.full(flat.shape, 1, dtype), flat, { axis: 0, size: bins })
}

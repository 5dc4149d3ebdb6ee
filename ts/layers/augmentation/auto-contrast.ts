/** Pictures that use the whole range of values. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { Range } from '../../options/field-types.js'
import type { OptionsOf } from '../../options/fields.js'
import { ImageLayer, type ImageLayerOptions, type Transformation, valueRangeFields, valuesOf } from './image-layer.js'
import { BYTES, rescaled } from './value-range.js'

const fields: typeof valueRangeFields = { ...valueRangeFields }

/** Options of {@link AutoContrast}. */
export interface AutoContrastOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const AutoContrastBase: With<typeof ImageLayer, typeof fields, AutoContrastOptions> = ImageLayer.with(fields)

/**
 * Stretches each channel of each picture over the whole range of values, in training and outside of it,
 * `y = (x − least) / (most − least)`; a channel of one value stays as it is.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a range of values of other than two numbers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.AutoContrast
 *
 * @example
 * import { AutoContrast } from 'ferrograd/layers'
 *
 * const layer = new AutoContrast({ valueRange: [0, 1] })
 */
export class AutoContrast extends AutoContrastBase {
  static override readonly className = 'AutoContrast'
  protected override readonly always: boolean = true
  readonly #values: Range = valuesOf('AutoContrast valueRange', this.options.valueRange)

  override getRandomTransformation(): Transformation {
    return {}
  }

  override transformImages(images: Tensor): Tensor {
    const bytes = rescaled(images, this.#values, BYTES)
    const low = ops.min(bytes, { axis: [1, 2], keepdims: true })
    const range = ops.subtract(ops.max(bytes, { axis: [1, 2], keepdims: true }), low)
    const flat = ops.equal(range, 0)
    const scale = ops.divide(255, ops.where(flat, 1, range))
    const stretched = ops.clip(ops.subtract(ops.multiply(bytes, scale), ops.multiply(low, scale)), 0, 255)
    return ops.where(flat, images, rescaled(stretched, BYTES, this.#values))
  }
}

/** The layer that stands for the data. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Config, DType, PartialShape } from '../types.js'
import { Layer, type LayerOptions } from './layer.js'

const inputFields = {
  /** The shape of one sample; null where it may vary. Default null. */
  shape: { type: 'partialShape', default: null, config: false },
  /** A fixed batch size. Default null. */
  batchSize: { type: 'integer', default: null, min: 1, config: false },
  /** The whole shape, the batch first; in place of `shape`. Default null. */
  batchShape: { type: 'partialShape', default: null },
  /** The element type of the data. Default null. */
  dtype: { type: 'elementType', default: null },
  /** Whether data may be left out: what reads them is then called without. Default false. */
  optional: { type: 'boolean', default: false },
} as const

/** Options of {@link InputLayer}. */
export interface InputLayerOptions extends OptionsOf<typeof inputFields>, Omit<LayerOptions, 'dtype'> {}

const InputLayerBase: With<typeof Layer, typeof inputFields, InputLayerOptions> = Layer.with(inputFields)

/**
 * The data as it comes, `y = x`.
 *
 * @see keras.layers.InputLayer
 *
 * @example
 * import { InputLayer } from 'ferrograd/layers'
 *
 * const layer = new InputLayer({ shape: [784] })
 */
export class InputLayer extends InputLayerBase {
  static override readonly className = 'InputLayer'

  /** The whole shape, the batch first. */
  get batchShape(): PartialShape {
    const { shape, batchShape, batchSize } = this.options
    if (batchShape !== null) return batchShape
    const sample = shape ?? this.inputShape ?? fail('ERR_CONFIG', 'InputLayer.shape', 'the shape of one sample', null)
    return [batchSize, ...sample]
  }

  /** The element type of the data. */
  get inputDtype(): DType {
    return this.options.dtype ?? this.dtype
  }

  override call(x: Tensor): Tensor {
    const wanted = this.batchShape
    const bad = x.rank !== wanted.length || wanted.some((length, axis) => length !== null && length !== x.shape[axis])
    if (bad) fail('ERR_SHAPE', `${this.name} input`, `[${wanted.map((length) => length ?? 'any').join(', ')}]`, x.shape)
    return x
  }

  override getConfig(): Config {
    const { optional } = this.options
    const said = { batch_shape: [...this.batchShape], dtype: this.inputDtype, sparse: false, name: this.name }
    return optional ? { ...said, optional } : said
  }
}

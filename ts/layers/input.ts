/** The layer that stands for the data. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Config, DataType, DType, PartialShape } from '../types.js'
import { Layer, type LayerOptions } from './layer.js'

const inputFields = {
  /** The shape of one sample; null where it may vary. Default null. */
  shape: { type: 'partialShape', default: null, config: false },
  /** A fixed batch size. Default null. */
  batchSize: { type: 'integer', default: null, min: 1, config: false },
  /** The whole shape, the batch first; in place of `shape`. Default null. */
  batchShape: { type: 'partialShape', default: null },
  /**
   * The element type of the data, by any name of Keras's: `'string'` is text for a layer that looks it up. Default
   * null.
   */
  dtype: { type: 'dataType', default: null },
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

  /** The element type that the data come as; of text, that of what stands for it. */
  get inputDtype(): DType {
    return typeOf(this.options.dtype ?? this.dtype)
  }

  /** Whether the data are text. */
  get givesText(): boolean {
    return (this.options.dtype as DataType | null) === 'string'
  }

  override call(x: Tensor): Tensor {
    const wanted = this.batchShape
    const bad = x.rank !== wanted.length || wanted.some((length, axis) => length !== null && length !== x.shape[axis])
    if (bad) fail('ERR_SHAPE', `${this.name} input`, `[${wanted.map((length) => length ?? 'any').join(', ')}]`, x.shape)
    return x
  }

  override getConfig(): Config {
    const { optional } = this.options
    const said = {
      batch_shape: [...this.batchShape],
      dtype: this.options.dtype ?? this.dtype,
      sparse: false,
      name: this.name,
    }
    return optional ? { ...said, optional } : said
  }
}

/** The type in which numbers of a type of Keras's are kept here. */
function typeOf(type: DataType): DType {
  if (type === 'float16' || type === 'bfloat16') return 'float32'
  return type === 'float32' || type === 'float64' || type === 'bool' ? type : 'int32'
}

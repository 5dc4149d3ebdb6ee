/** Features that mean something together, as one number, before training. */

import { crossBins } from '../core/native.js'
import { native } from '../core/runtime.js'
import { sameShape } from '../core/shapes.js'
import { type Tensor, tensor } from '../core/tensor.js'
import { FerrogradError, fail } from '../errors.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Config, TypedArray } from '../types.js'
import { encode } from './encoding.js'
import { ofFloats, valuesOf } from './hashing.js'
import type { Token, Tokens } from './index-lookup.js'
import { Layer, type LayerOptions } from './layer.js'

const fields = {
  /** How many bins: numbers are in [0, numBins). */
  numBins: { type: 'integer', min: 1 },
  /** As numbers of bins, or a row of zeros with a one each. Default 'int'. */
  outputMode: { type: 'choice', of: ['int', 'oneHot'], default: 'int' },
} as const

/** Options of {@link HashedCrossing}. */
export interface HashedCrossingOptions extends OptionsOf<typeof fields>, LayerOptions {}

/** Values of one feature, one a sample. */
export type Feature = Tokens<Token> | TypedArray | Tensor

const HashedCrossingBase: With<typeof Layer, typeof fields, HashedCrossingOptions> = Layer.with(fields)

/**
 * Two or more features as one: `hash(a, b, …) mod numBins`, so that each pair of values may weigh something of its own
 * (a city and an hour), without a table of all pairs.
 *
 * Features are strings or integers, one a sample: (batch) or (batch, 1), all of one shape, which the bins have. `oneHot` makes
 * rows of them, (batch, numBins). Tensors hold no words: call `cross` before training.
 *
 * Errors: ERR_DATA for fewer than two features and for values that are neither; ERR_SHAPE for features of several shapes.
 *
 * @see keras.layers.HashedCrossing
 *
 * @example
 * import { HashedCrossing } from 'ferrograd/layers'
 *
 * const layer = new HashedCrossing({ numBins: 5 })
 * const bins = layer.cross([['A', 'B', 'A', 'B', 'A'], [101, 101, 101, 102, 102]]) // [1, 4, 1, 1, 3]
 */
export class HashedCrossing extends HashedCrossingBase {
  static override readonly className = 'HashedCrossing'

  constructor(options: HashedCrossingOptions) {
    super(ofFloats(options))
  }

  /** The bins of features, or rows that show them. */
  cross(features: readonly Feature[]): Tensor {
    const { numBins, outputMode } = this.options
    if (!Array.isArray(features) || features.length < 2)
      fail('ERR_DATA', 'HashedCrossing', 'a list of at least two features', features)
    const columns = features.map(valuesOf)
    const { shape } = columns[0]!
    if (shape.length > 2 || (shape.length === 2 && shape[1] !== 1))
      fail('ERR_SHAPE', 'HashedCrossing feature', '[], [batch] or [batch, 1]', shape)
    for (const other of columns)
      if (!sameShape(other.shape, shape))
        fail('ERR_SHAPE', 'HashedCrossing feature', `[${shape.join(', ')}]`, other.shape)
    const values = columns.map(({ flat }) => flat.map(checked))
    const bins = native(() => crossBins(values, numBins))
    return encode(tensor(Int32Array.from(bins), shape, 'int32'), outputMode, numBins, this.dtype)
  }

  override call(): Tensor {
    throw new FerrogradError(
      'ERR_DTYPE',
      'HashedCrossing: values are hashed as text; call cross(features) before training and give the model the bins',
    )
  }

  /** Keras wants whole numbers named where bins come out. */
  override getConfig(): Config {
    return { ...super.getConfig(), ...(this.options.outputMode === 'int' ? { dtype: 'int64' } : {}) }
  }
}

function checked(value: Token): Token {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value
  return fail('ERR_DATA', 'HashedCrossing', 'strings or whole numbers', value)
}

/** Words and ids to a fixed number of bins, before training. */

import { hashBuckets } from '../core/native.js'
import { native } from '../core/runtime.js'
import { keyOf } from '../core/salt.js'
import { Tensor, tensor } from '../core/tensor.js'
import { FerrogradError, fail } from '../errors.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { isSerialized } from '../options/serialized.js'
import type { Config, TypedArray } from '../types.js'
import { encode } from './encoding.js'
import { flatten, type Token, type Tokens } from './index-lookup.js'
import { Layer, type LayerOptions } from './layer.js'

const fields = {
  /** How many bins: numbers are in [0, numBins). */
  numBins: { type: 'integer', min: 1 },
  /** The word or id for padding: it alone has bin 0. Default null. */
  maskValue: { type: 'token', default: null },
  /** A key, or two, for SipHash in place of FarmHash. Default null. */
  salt: { type: 'numeric', default: null },
  /** As numbers of bins, or encoded: a row each, a set, or counts. Default 'int'. */
  outputMode: { type: 'choice', of: ['int', 'oneHot', 'multiHot', 'count'], default: 'int' },
} as const

/** Options of {@link Hashing}. */
export interface HashingOptions extends OptionsOf<typeof fields>, LayerOptions {}

const HashingBase: With<typeof Layer, typeof fields, HashingOptions> = Layer.with(fields)

/**
 * Words or ids to bins, without a vocabulary: `FarmHash64(value) mod numBins`, or with `salt` `SipHash(salt, value) mod
 * numBins`; an id is hashed as its decimal digits. With `maskValue` that value has bin 0, and all others the bins behind it.
 *
 * Values are strings or integers in nested arrays, typed arrays or tensors of integers, and the bins have their shape;
 * `oneHot`, `multiHot` and `count` encode them as a lookup's numbers.
 *
 * Tensors hold no words: call `hash` before training.
 *
 * @see keras.layers.Hashing
 *
 * @example
 * import { Hashing } from 'ferrograd/layers'
 *
 * const layer = new Hashing({ numBins: 3 })
 * const bins = layer.hash([['A'], ['B'], ['C'], ['D'], ['E']]) // [[1], [0], [1], [1], [2]]
 */
export class Hashing extends HashingBase {
  static override readonly className = 'Hashing'
  readonly #key: number[] | undefined

  constructor(options: HashingOptions) {
    super(ofFloats(options))
    this.#key = keyOf('Hashing', this.options.salt)
  }

  /** The bins of values, or their encoding. */
  hash(values: Tokens<Token> | TypedArray | Tensor): Tensor {
    const { numBins, outputMode } = this.options
    const { flat, shape } = valuesOf(values)
    return encode(tensor(this.#bins(flat), shape, 'int32'), outputMode, numBins, this.dtype)
  }

  override call(): Tensor {
    throw new FerrogradError(
      'ERR_DTYPE',
      'Hashing: values are hashed as text; call hash(values) before training and give the model the bins',
    )
  }

  /** Keras wants whole numbers named where bins come out. */
  override getConfig(): Config {
    const { salt, outputMode } = this.options
    const key = salt === null ? null : [...keyOf('Hashing', salt)!]
    return { ...super.getConfig(), salt: key, ...(outputMode === 'int' ? { dtype: 'int64' } : {}) }
  }

  #bins(values: readonly Token[]): Int32Array {
    const { numBins, maskValue } = this.options
    const masks = maskValue !== null && numBins > 1
    const text = values.map((value) =>
      typeof value === 'string' || Number.isSafeInteger(value) ? String(value) : notHashed(value),
    )
    const buckets = native(() => hashBuckets(text, masks ? numBins - 1 : numBins, this.#key))
    if (!masks) return Int32Array.from(buckets)
    return Int32Array.from(buckets, (bucket, i) => (values[i] === maskValue ? 0 : bucket + 1))
  }
}

function notHashed(value: unknown): never {
  return fail('ERR_DATA', 'Hashing', 'strings or whole numbers', value)
}

/** Values row-major, and their shape. */
export function valuesOf(values: Tokens<Token> | TypedArray | Tensor): {
  readonly flat: Token[]
  readonly shape: readonly number[]
} {
  if (values instanceof Tensor) return { flat: Array.from(values.dataSync()), shape: values.shape }
  if (ArrayBuffer.isView(values)) return { flat: Array.from(values as TypedArray, Number), shape: [values.length] }
  return flatten(values as Tokens<Token>)
}

/** Options without the element type where that is Keras's of bins: layers have none of whole numbers. */
export function ofFloats<O extends LayerOptions>(options: O): O {
  const { dtype, ...others } = (options ?? {}) as O
  const policy: unknown = dtype
  const name = isSerialized(policy) ? policy.config.name : policy
  return name === 'int64' || name === 'int32' ? (others as O) : options
}

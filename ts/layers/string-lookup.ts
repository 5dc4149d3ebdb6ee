/** Words to numbers, before training. */

import { type Tensor, tensor } from '../core/tensor.js'
import { FerrogradError, fail } from '../errors.js'
import type { TensorLike } from '../types.js'
import { farmHash64 } from './farm-hash.js'
import { flatten, IndexLookup, type LookupFields, type Tokens } from './index-lookup.js'
import type { Layer } from './layer.js'
import { sipHash64 } from './sip-hash.js'

const stringFields = {
  /** The word for padding: number 0 with mode `int`, left out with others. */
  maskToken: { type: 'text', default: null },
  /** What unknown numbers become with `invert`. */
  oovToken: { type: 'text', default: '[UNK]' },
  /** A key, or two, for SipHash in place of FarmHash, where unknown words have several numbers. */
  salt: { type: 'numeric', default: null },
} as const

/**
 * Words to numbers: the mask 0 (if there is one), then those for unknown words, then the vocabulary in order.
 *
 * Words are strings, or nested arrays of them, and the numbers have their shape. Among several numbers for the unknown
 * a word gets `FarmHash64(word) mod numOovIndices`, or with `salt` `SipHash(salt, word) mod numOovIndices`. `oneHot`
 * gives each number a row; `multiHot`, `count` and `tfIdf` give a sample, the last axis, one row of the vocabulary's
 * length: 1 where a word occurs, how often, and how often times its weight.
 *
 * Tensors hold no words: call `lookUp` before training.
 *
 * @see keras.layers.StringLookup
 *
 * @example
 * import { StringLookup } from 'ferrograd/layers'
 *
 * const lookup = new StringLookup({ vocabulary: ['red', 'green'] })
 * const numbers = lookup.lookUp(['green', 'blue']) // [2, 0]
 * const words = new StringLookup({ vocabulary: ['red', 'green'], invert: true }).words(numbers)
 */
export class StringLookup extends IndexLookup<string, typeof stringFields> {
  static override readonly className = 'StringLookup'
  static override readonly fields: typeof stringFields = stringFields
  readonly #key: readonly [bigint, bigint] | undefined

  constructor(...args: ConstructorParameters<typeof Layer<typeof stringFields & LookupFields>>) {
    super(...args)
    this.#key = keyOf(this.options.salt)
  }

  /** Numbers of words, or their encoding. */
  lookUp(words: Tokens<string>): Tensor {
    const { flat, shape } = flatten(words)
    return this.encoded(
      tensor(
        Int32Array.from(flat, (word) => this.#number(word)),
        shape,
        'int32',
      ),
    )
  }

  /** Words of numbers, row-major. */
  words(numbers: TensorLike): string[] {
    const all = this.getVocabulary()
    return Array.from(tensor(numbers, undefined, 'int32').dataSync(), (i) => all[i] ?? this.options.oovToken)
  }

  override call(): Tensor {
    throw new FerrogradError(
      'ERR_DTYPE',
      'StringLookup: tensors hold no strings; call lookUp(words) before training and give the model the numbers',
    )
  }

  #number(word: string): number {
    if (typeof word !== 'string') fail('ERR_DATA', 'StringLookup', 'strings', word)
    if (word === this.options.maskToken) return this.masks ? 0 : -1
    const place = this.known.places.get(word)
    if (place !== undefined) return this.start + place
    const { numOovIndices } = this.options
    if (numOovIndices === 0) fail('ERR_DATA', 'StringLookup', 'words of the vocabulary (or numOovIndices: 1)', word)
    return (this.masks ? 1 : 0) + (numOovIndices === 1 ? 0 : Number(this.#hash(word) % BigInt(numOovIndices)))
  }

  #hash(word: string): bigint {
    const bytes = new TextEncoder().encode(word)
    return this.#key === undefined ? farmHash64(bytes) : sipHash64(bytes, this.#key)
  }
}

/** One number stands for both halves. */
function keyOf(salt: number | readonly number[] | null): readonly [bigint, bigint] | undefined {
  if (salt === null) return undefined
  const halves = typeof salt === 'number' ? [salt, salt] : salt
  if (halves.length !== 2 || !halves.every(Number.isSafeInteger))
    fail('ERR_CONFIG', 'StringLookup.salt', 'an integer, or two of them', salt)
  const [first, second] = halves.map((half) => BigInt.asUintN(64, BigInt(half)))
  return [first!, second!]
}

/** Words to numbers, before training. */

import { hashBuckets } from '../core/native.js'
import { native } from '../core/runtime.js'
import { keyOf } from '../core/salt.js'
import { type Tensor, tensor } from '../core/tensor.js'
import { FerrogradError, fail } from '../errors.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { NestedTexts, PartialShape, TensorLike } from '../types.js'
import { flatten, IndexLookup, type LookupData, type LookupOptions, type Tokens } from './index-lookup.js'

const stringFields = {
  /** The word for padding: number 0 with mode `int`, left out with others. Default null. */
  maskToken: { type: 'text', default: null },
  /** What unknown numbers become with `invert`. Default '[UNK]'. */
  oovToken: { type: 'text', default: '[UNK]' },
  /** A key, or two, for SipHash in place of FarmHash, where unknown words have several numbers. Default null. */
  salt: { type: 'numeric', default: null },
} as const

/** Options of {@link StringLookup}. */
export interface StringLookupOptions extends OptionsOf<typeof stringFields>, LookupOptions {}

const StringLookupBase: With<typeof IndexLookup<string>, typeof stringFields, StringLookupOptions> =
  (IndexLookup<string>).with(stringFields)

/**
 * Words to numbers: the mask 0 (if there is one), then those for unknown words, then the vocabulary in order.
 *
 * Words are strings, or nested arrays of them, and the numbers have their shape. Among several numbers for the unknown
 * a word gets `FarmHash64(word) mod numOovIndices`, or with `salt` `SipHash(salt, word) mod numOovIndices`. `oneHot`
 * gives each number a row; `multiHot`, `count` and `tfIdf` give a sample, the last axis, one row of the vocabulary's
 * length: 1 where a word occurs, how often, and how often times its weight.
 *
 * Tensors hold no words: call `lookUp` before training, or begin a model with `input({ dtype: 'string' })` and the layer, which
 * then looks words up on their way into `fit` and `predict`.
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
export class StringLookup extends StringLookupBase {
  static override readonly className = 'StringLookup'
  readonly #key: number[] | undefined

  constructor(options?: StringLookupOptions) {
    super(options)
    this.#key = keyOf('StringLookup', this.options.salt)
  }

  override get takesText(): boolean {
    return !this.options.invert
  }

  override readTexts(words: NestedTexts): Tensor {
    return this.lookUp(words)
  }

  /** Numbers of words, or their encoding. */
  lookUp(words: Tokens<string>): Tensor {
    const { flat, shape } = flatten(words)
    return this.encoded(tensor(this.#numbers(flat), shape, 'int32'))
  }

  protected override tokenOf(line: string): string {
    return line
  }

  protected override tokensOf(data: LookupData<string>): Tokens<string> {
    checkWords(data)
    return data
  }

  /** Words of numbers, row-major. */
  words(numbers: TensorLike): string[] {
    const all = this.getVocabulary()
    return Array.from(tensor(numbers, undefined, 'int32').dataSync(), (i) => all[i] ?? this.options.oovToken)
  }

  protected override outputShape(shape: PartialShape): PartialShape {
    return this.options.invert ? (this.call() as never) : super.outputShape(shape)
  }

  override call(): Tensor {
    throw new FerrogradError(
      'ERR_DTYPE',
      'StringLookup: tensors hold no strings; call lookUp(words) before training and give the model the numbers',
    )
  }

  #numbers(words: readonly string[]): Int32Array {
    const numbers = Int32Array.from(words, (word) => this.#known(word))
    const unknown = words.filter((_, i) => numbers[i] === UNKNOWN)
    if (unknown.length === 0) return numbers
    const buckets = this.#buckets(unknown)
    let next = 0
    return numbers.map((number) => (number === UNKNOWN ? buckets[next++]! : number))
  }

  /** The number of a word of the vocabulary, or of the mask. */
  #known(word: string): number {
    if (typeof word !== 'string') fail('ERR_DATA', 'StringLookup', 'strings', word)
    if (word === this.options.maskToken) return this.masks ? 0 : -1
    const place = this.known.places.get(word)
    return place === undefined ? UNKNOWN : this.start + place
  }

  /** The numbers of unknown words. */
  #buckets(words: readonly string[]): readonly number[] {
    const { numOovIndices } = this.options
    if (numOovIndices === 0) fail('ERR_DATA', 'StringLookup', 'words of the vocabulary (or numOovIndices: 1)', words[0])
    const first = this.masks ? 1 : 0
    if (numOovIndices === 1) return words.map(() => first)
    return native(() => hashBuckets([...words], numOovIndices, this.#key)).map((bucket) => first + bucket)
  }
}

function checkWords(words: Tokens<string>): void {
  if (Array.isArray(words)) for (const one of words as readonly Tokens<string>[]) checkWords(one)
  else if (typeof words !== 'string') fail('ERR_DATA', 'StringLookup.adapt', 'strings', words)
}

/** Stands for a word until its hash is known. */
const UNKNOWN = -2

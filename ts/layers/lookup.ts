/** Layers that turn words or ids into numbers by a vocabulary. */

import { FerrogradError, fail } from '../errors.js'
import * as ops from '../ops.js'
import { type Tensor, tensor } from '../tensor.js'
import type { Config, TensorLike } from '../types.js'
import { encode } from './encoding.js'
import { Layer } from './layer.js'

/** Words or ids in nested arrays. */
export type Tokens<T extends string | number> = T | readonly Tokens<T>[]

/** The part that words and ids share. */
class Vocabulary<T extends string | number> {
  readonly tokens: readonly T[]
  readonly #places: ReadonlyMap<T, number>

  constructor(tokens: readonly T[], where: string) {
    this.tokens = tokens
    this.#places = new Map(tokens.map((token, i) => [token, i]))
    const repeated = tokens.find((token, i) => this.#places.get(token) !== i)
    if (repeated !== undefined) fail('ERR_CONFIG', `${where}.vocabulary`, 'each token once', repeated)
  }

  place(token: T): number | undefined {
    return this.#places.get(token)
  }
}

/** The tokens of data, most frequent first; of equals, the later in order first, as Keras has it. */
function learn<T extends string | number>(tokens: readonly T[], special: readonly (T | null)[], most: number): T[] {
  const counts = new Map<T, number>()
  for (const token of tokens) if (!special.includes(token)) counts.set(token, (counts.get(token) ?? 0) + 1)
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? 1 : -1))
  return sorted.slice(0, most).map(([token]) => token)
}

function flatten<T extends string | number>(tokens: Tokens<T>, shape: number[] = [], depth = 0): T[] {
  if (!Array.isArray(tokens)) return [tokens as T]
  if (shape[depth] === undefined) shape[depth] = tokens.length
  if (shape[depth] !== tokens.length)
    fail('ERR_SHAPE', 'tokens', `nested arrays of equal lengths (${shape[depth]})`, { text: `${tokens.length}` })
  return (tokens as readonly Tokens<T>[]).flatMap((one) => flatten(one, shape, depth + 1))
}

const stringFields = {
  /** The words, without those for the mask and the unknown. */
  vocabulary: { type: 'vocabulary', default: null },
  /** The largest vocabulary, counting those for the mask and the unknown. */
  maxTokens: { type: 'integer', default: null, min: 2 },
  /** How many numbers unknown words share: none (they are refused) or one. */
  numOovIndices: { type: 'integer', default: 1, min: 0, max: 1 },
  /** The word for padding, number 0 with mode `int`, left out with others. */
  maskToken: { type: 'text', default: null },
  /** What unknown numbers become with `invert`. */
  oovToken: { type: 'text', default: '[UNK]' },
  /** As numbers, or encoded. */
  outputMode: { type: 'choice', of: ['int', 'oneHot', 'multiHot', 'count'], default: 'int' },
  /** From numbers to words. */
  invert: { type: 'boolean', default: false },
  /** Encodes to length `maxTokens` whatever the vocabulary has. */
  padToMaxTokens: { type: 'boolean', default: false },
} as const

/**
 * Words to numbers: the mask 0 (if there is one), then one for all unknown words, then the vocabulary in order.
 *
 * Tensors hold no words: call `lookUp` before training. `oneHot`, `multiHot` and `count` give float vectors.
 *
 * @example
 * import { StringLookup } from 'ferrograd/layers'
 *
 * const lookup = new StringLookup({ vocabulary: ['red', 'green'] })
 * const numbers = lookup.lookUp(['green', 'blue']) // [2, 0]
 * const words = new StringLookup({ vocabulary: ['red', 'green'], invert: true }).words(numbers)
 */
export class StringLookup extends Layer<typeof stringFields> {
  static override readonly className = 'StringLookup'
  static override readonly fields: typeof stringFields = stringFields
  #vocabulary: Vocabulary<string> | undefined

  constructor(...args: ConstructorParameters<typeof Layer<typeof stringFields>>) {
    super(...args)
    if (this.options.vocabulary !== null) this.#set(this.options.vocabulary.map(String))
  }

  /** Learns the vocabulary: the words of data, most frequent first. */
  adapt(words: Tokens<string>): void {
    if (this.options.vocabulary !== null)
      throw new FerrogradError('ERR_STATE', 'StringLookup.adapt: the vocabulary was given to the layer')
    const { maskToken, oovToken, maxTokens } = this.options
    this.#set(learn(flatten(words), [maskToken, oovToken], (maxTokens ?? Number.POSITIVE_INFINITY) - this.#start))
  }

  /** All words by number; those of the mask and the unknown first. */
  getVocabulary(): string[] {
    const { maskToken, oovToken, numOovIndices } = this.options
    const special = [...(this.#masks ? [maskToken!] : []), ...new Array<string>(numOovIndices).fill(oovToken)]
    return [...special, ...this.#words.tokens]
  }

  /** Numbers of words, or their encoding. */
  lookUp(words: Tokens<string>): Tensor {
    const shape: number[] = []
    const numbers = flatten(words, shape).map((word) => this.#number(word))
    const { outputMode, maxTokens, padToMaxTokens } = this.options
    const depth = padToMaxTokens && maxTokens !== null ? maxTokens : this.#start + this.#words.tokens.length
    return encode(tensor(Int32Array.from(numbers), shape, 'int32'), outputMode, depth, this.dtype)
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

  override getConfig(): Config {
    return { ...super.getConfig(), vocabulary: this.#vocabulary === undefined ? null : [...this.#vocabulary.tokens] }
  }

  /** A number for the mask is kept only where numbers come out. */
  get #masks(): boolean {
    return this.options.maskToken !== null && this.options.outputMode === 'int'
  }

  get #start(): number {
    return (this.#masks ? 1 : 0) + this.options.numOovIndices
  }

  get #words(): Vocabulary<string> {
    if (this.#vocabulary === undefined)
      throw new FerrogradError('ERR_STATE', 'StringLookup: call adapt first, or give a vocabulary')
    return this.#vocabulary
  }

  #set(words: readonly string[]): void {
    const { maxTokens } = this.options
    if (maxTokens !== null && this.#start + words.length > maxTokens)
      fail('ERR_CONFIG', 'StringLookup.vocabulary', `at most ${maxTokens - this.#start} words`, {
        text: `${words.length}`,
      })
    this.#vocabulary = new Vocabulary(words, 'StringLookup')
  }

  #number(word: string): number {
    if (word === this.options.maskToken) return this.#masks ? 0 : -1
    const place = this.#words.place(word)
    if (place !== undefined) return this.#start + place
    if (this.options.numOovIndices === 0)
      fail('ERR_DATA', 'StringLookup', 'words of the vocabulary (or numOovIndices: 1)', word)
    return this.#masks ? 1 : 0
  }
}

const integerFields = {
  /** The ids, without those for the mask and the unknown. */
  vocabulary: { type: 'vocabulary', default: null },
  /** The largest vocabulary, counting those for the mask and the unknown. */
  maxTokens: { type: 'integer', default: null, min: 2 },
  /** How many numbers unknown ids share: id modulo this. */
  numOovIndices: { type: 'integer', default: 1, min: 0 },
  /** The id for padding, number 0 with mode `int`, left out with others. */
  maskToken: { type: 'integer', default: null, min: -2147483648 },
  /** What unknown numbers become with `invert`. */
  oovToken: { type: 'integer', default: -1, min: -2147483648 },
  /** As numbers, or encoded. */
  outputMode: { type: 'choice', of: ['int', 'oneHot', 'multiHot', 'count'], default: 'int' },
  /** From numbers to ids. */
  invert: { type: 'boolean', default: false },
  /** Encodes to length `maxTokens` whatever the vocabulary has. */
  padToMaxTokens: { type: 'boolean', default: false },
  /** How unknown ids are spread. */
  oovMethod: { type: 'choice', of: ['floormod'], default: 'floormod' },
} as const

/**
 * Ids to numbers: the mask 0 (if there is one), then those for unknown ids, then the vocabulary in order.
 *
 * @example
 * import { IntegerLookup } from 'ferrograd/layers'
 *
 * const layer = new IntegerLookup({ vocabulary: [12, 36, 1138] })
 * const numbers = layer.apply(new Int32Array([36, 7])) // [2, 0]
 */
export class IntegerLookup extends Layer<typeof integerFields> {
  static override readonly className = 'IntegerLookup'
  static override readonly fields: typeof integerFields = integerFields
  #vocabulary: Vocabulary<number> | undefined

  constructor(...args: ConstructorParameters<typeof Layer<typeof integerFields>>) {
    super(...args)
    if (this.options.vocabulary !== null) this.#set(this.options.vocabulary.map(Number))
  }

  /** Learns the vocabulary: the ids of data, most frequent first. */
  adapt(ids: Tokens<number>): void {
    if (this.options.vocabulary !== null)
      throw new FerrogradError('ERR_STATE', 'IntegerLookup.adapt: the vocabulary was given to the layer')
    const { maskToken, oovToken, maxTokens } = this.options
    this.#set(learn(flatten(ids), [maskToken, oovToken], (maxTokens ?? Number.POSITIVE_INFINITY) - this.#start))
  }

  /** All ids by number; those of the mask and the unknown first. */
  getVocabulary(): number[] {
    const { maskToken, oovToken, numOovIndices } = this.options
    return [
      ...(this.#masks ? [maskToken!] : []),
      ...new Array<number>(numOovIndices).fill(oovToken),
      ...this.#ids.tokens,
    ]
  }

  override call(input: Tensor): Tensor {
    const x = ops.cast(input, 'int32')
    if (this.options.invert) return this.#inverted(x)
    const { outputMode, maxTokens, padToMaxTokens } = this.options
    const depth = padToMaxTokens && maxTokens !== null ? maxTokens : this.#start + this.#ids.tokens.length
    return encode(this.#numbers(x), outputMode, depth, this.dtype)
  }

  override getConfig(): Config {
    return { ...super.getConfig(), vocabulary: this.#vocabulary === undefined ? null : [...this.#vocabulary.tokens] }
  }

  get #masks(): boolean {
    return this.options.maskToken !== null && this.options.outputMode === 'int'
  }

  get #start(): number {
    return (this.#masks ? 1 : 0) + this.options.numOovIndices
  }

  get #ids(): Vocabulary<number> {
    if (this.#vocabulary === undefined)
      throw new FerrogradError('ERR_STATE', 'IntegerLookup: call adapt first, or give a vocabulary')
    return this.#vocabulary
  }

  #set(ids: readonly number[]): void {
    const { maxTokens } = this.options
    if (maxTokens !== null && this.#start + ids.length > maxTokens)
      fail('ERR_CONFIG', 'IntegerLookup.vocabulary', `at most ${maxTokens - this.#start} ids`, {
        text: `${ids.length}`,
      })
    this.#vocabulary = new Vocabulary(ids, 'IntegerLookup')
  }

  /** Each id against the whole vocabulary: where it matches is its number. */
  #numbers(x: Tensor): Tensor {
    const { maskToken, numOovIndices } = this.options
    const same = ops.cast(ops.equal(ops.expandDims(x, -1), this.#row(this.#ids.tokens)), 'int32')
    const known = ops.greater(ops.max(same, { axis: -1 }), 0)
    const place = ops.add(ops.argmax(same, { axis: -1 }), this.#start)
    const bucket =
      numOovIndices > 1
        ? ops.add(ops.mod(x, numOovIndices), this.#masks ? 1 : 0)
        : ops.full(x.shape, this.#unknown, 'int32')
    const numbers = ops.where(known, place, bucket)
    if (maskToken === null) return numbers
    return ops.where(ops.equal(x, maskToken), this.#masks ? 0 : -1, numbers)
  }

  /** −1, which no encoding shows, where there is no number for unknown ids. */
  get #unknown(): number {
    if (this.options.numOovIndices === 0) return -1
    return this.#masks ? 1 : 0
  }

  #inverted(x: Tensor): Tensor {
    const all = this.getVocabulary()
    const inside = ops.logicalAnd(ops.greaterEqual(x, 0), ops.less(x, all.length))
    const found = ops.take(this.#row(all), ops.where(inside, x, 0), { axis: 0 })
    return ops.where(inside, found, this.options.oovToken)
  }

  #row(values: readonly number[]): Tensor {
    return tensor(Int32Array.from(values), [values.length], 'int32')
  }
}

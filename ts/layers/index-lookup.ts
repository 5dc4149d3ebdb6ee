/** What the layers share that turn words or ids into numbers by a vocabulary. */

import { type Items, readNested } from '../core/nested.js'
import { type Tensor, tensor } from '../core/tensor.js'
import type { ShapedArray } from '../data/shaped.js'
import type { Source } from '../data/source.js'
import { Tally } from '../data/tally.js'
import { FerrogradError, fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf, ValuesOf } from '../options/fields.js'
import type { Config, DType, PartialShape, TypedArray } from '../types.js'
import { adaptTo } from './adaptation.js'
import { encode, encodedShape, type OutputMode } from './encoding.js'
import { Layer, type LayerOptions } from './layer.js'
import { linesOf } from './vocabulary-file.js'

/** A word or an id. */
export type Token = string | number

/** Words or ids in nested arrays. */
export type Tokens<T extends Token> = T | readonly Tokens<T>[]

/** What a vocabulary is learnt from: tokens, ids in other arrays too. */
export type LookupData<T extends Token> = Tokens<T> | (T extends number ? TypedArray | ShapedArray | Tensor : never)

/** Options of both lookups. */
export const lookupFields = {
  /**
   * The words or ids in the order of their numbers, or the path of a text file with one a line; those for the mask and
   * the unknown may stand before them. Default null.
   */
  vocabulary: { type: 'vocabularyOrPath', default: null },
  /** The largest vocabulary, counting those for the mask and the unknown. Default null. */
  maxTokens: { type: 'integer', default: null, min: 2 },
  /** How many numbers are kept for what is unknown; with none, all must be known. Default 1. */
  numOovIndices: { type: 'integer', default: 1, min: 0 },
  /** As numbers, or encoded: a row each, a set, counts, or counts times `idfWeights`. Default 'int'. */
  outputMode: { type: 'choice', of: ['int', 'oneHot', 'multiHot', 'count', 'tfIdf'], default: 'int' },
  /**
   * With `tfIdf` and a vocabulary: the weight of each entry, `ln(1 + documents / (1 + documents with it))`. Default
   * null.
   */
  idfWeights: { type: 'numbers', default: null },
  /** From numbers back. Default false. */
  invert: { type: 'boolean', default: false },
  /** Encodes to length `maxTokens` whatever the vocabulary has. Default false. */
  padToMaxTokens: { type: 'boolean', default: false },
  /**
   * How many numbers there will be, those of the mask and the unknown included, for a graph that is made before the
   * vocabulary is learnt or read from a file. Default null.
   */
  vocabularySize: { type: 'integer', default: null, min: 1, config: false },
} as const

/** The table of {@link lookupFields}. */
export type LookupFields = typeof lookupFields

interface Rules<T extends Token> {
  readonly vocabulary: string | readonly T[] | null
  readonly maxTokens: number | null
  readonly numOovIndices: number
  readonly maskToken: T | null
  readonly oovToken: T
  readonly outputMode: OutputMode | 'tfIdf'
  readonly idfWeights: readonly number[] | null
  readonly invert: boolean
  readonly padToMaxTokens: boolean
  readonly vocabularySize: number | null
}

/** What was learnt or given: the tokens in order, and with `tfIdf` a weight each. */
interface Known<T extends Token> {
  readonly tokens: readonly T[]
  readonly places: ReadonlyMap<T, number>
  readonly idf: readonly number[] | null
  /** The weights of what stands before the vocabulary, where they were given: else it weighs as the average entry. */
  readonly specialIdf: readonly number[] | null
}

/** Options that both lookups have. */
export interface LookupOptions extends OptionsOf<LookupFields>, LayerOptions {}

const LookupBase: With<typeof Layer, LookupFields, LookupOptions> = Layer.with(lookupFields)

/** Base of `StringLookup` and `IntegerLookup`: numbers for the mask, for the unknown, then for the vocabulary in order. */
export abstract class IndexLookup<T extends Token> extends LookupBase {
  #known: Known<T> | undefined

  constructor(options?: LookupOptions) {
    super(options)
    const { vocabulary, idfWeights } = this.rules
    this.#checkRules()
    if (vocabulary !== null) this.setVocabulary(vocabulary, idfWeights ?? undefined)
  }

  /**
   * Learns the vocabulary: what data hold, most frequent first, of equals the later in order. With `tfIdf` each row is a
   * document. Data that come in pieces (a `Dataset`, a generator) are gone through once; a piece is a token or a list of
   * rows. The vocabulary changes when all is read.
   */
  adapt(data: LookupData<T>): void
  adapt(data: Source<LookupData<T>>): Promise<void>
  adapt(data: LookupData<T> | Source<LookupData<T>>): undefined | Promise<void> {
    return adaptTo(data, this.adaptation())
  }

  /** Begins to learn the vocabulary, piece by piece. */
  adaptation(): { update(piece: LookupData<T>): void; finish(): void } {
    if (this.rules.vocabulary !== null)
      throw new FerrogradError('ERR_STATE', `${this.className}.adapt: the vocabulary was given to the layer`)
    const { maskToken, oovToken } = this.rules
    const tally = new Tally<T>()
    const isCounted = (token: T): boolean => token !== maskToken && token !== oovToken
    return {
      update: (piece) => {
        for (const document of documentsOf(this.tokensOf(piece))) tally.addDocument(document.filter(isCounted))
      },
      finish: () => this.#learn(tally),
    }
  }

  /** The token that a line of a file says. */
  protected abstract tokenOf(line: string): T

  /** Data as nested arrays of tokens. */
  protected tokensOf(data: LookupData<T>): Tokens<T> {
    return data as Tokens<T>
  }

  #learn(tally: Tally<T>): void {
    const { maxTokens, outputMode } = this.rules
    const tokens = tally.mostFrequent(maxTokens === null ? undefined : maxTokens - this.start)
    this.#know(tokens, outputMode === 'tfIdf' ? tally.inverseFrequencies(tokens) : null)
  }

  /**
   * Sets the vocabulary, or that of a text file with a token a line, with `tfIdf` a weight each; those for the mask and the
   * unknown may stand first, with weights of their own.
   */
  setVocabulary(given: string | readonly T[], idfWeights?: readonly number[]): void {
    const where = `${this.className}.vocabulary`
    const vocabulary = typeof given === 'string' ? linesOf(where, given).map((line) => this.tokenOf(line)) : given
    if (vocabulary.length === 0) fail('ERR_CONFIG', where, 'at least one entry', vocabulary)
    this.#checkWeights(vocabulary, idfWeights)
    const special = this.special
    const skipped = special.every((token, i) => vocabulary[i] === token) ? special.length : 0
    const weights = idfWeights === undefined ? null : [...idfWeights]
    const before = skipped > 0 ? (weights?.slice(0, skipped) ?? null) : null
    this.#know(vocabulary.slice(skipped), weights?.slice(skipped) ?? null, before)
  }

  /** All entries by number; those of the mask and the unknown first, or left out. */
  getVocabulary({ special = true }: { readonly special?: boolean } = {}): T[] {
    return [...(special ? this.special : []), ...this.known.tokens]
  }

  /** How many numbers there are, those of the mask and the unknown included. */
  vocabularySize(): number {
    return this.#known === undefined && this.rules.vocabularySize !== null
      ? this.rules.vocabularySize
      : this.start + this.known.tokens.length
  }

  /** With `tfIdf`, the weight of every number; undefined before there is a vocabulary. */
  get idfWeights(): readonly number[] | undefined {
    return this.#known?.idf ? this.#idf(this.outputLength) : undefined
  }

  override getConfig(): Config {
    const { tokens = null, idf = null, specialIdf = null } = this.#known ?? {}
    // Weights of their own go with the tokens that they belong to.
    const special = specialIdf === null ? [] : this.special
    return {
      ...super.getConfig(),
      vocabulary: tokens && [...special, ...tokens],
      idf_weights: idf && [...(specialIdf ?? []), ...idf],
    }
  }

  protected override outputShape(shape: PartialShape): PartialShape {
    const { invert, outputMode } = this.rules
    return invert ? shape : encodedShape(shape, outputMode === 'tfIdf' ? 'count' : outputMode, this.outputLength)
  }

  protected override get outputDtype(): DType {
    return this.rules.outputMode === 'int' ? 'int32' : this.dtype
  }

  protected get rules(): Rules<T> {
    // The tokens are of the one type that each of the two checks.
    return this.options as ValuesOf<LookupFields> as Rules<T>
  }

  protected get known(): Known<T> {
    if (this.#known === undefined)
      throw new FerrogradError('ERR_STATE', `${this.className}: call adapt first, or give a vocabulary`)
    return this.#known
  }

  /** A number for the mask is kept only where numbers come out. */
  protected get masks(): boolean {
    return this.rules.maskToken !== null && this.rules.outputMode === 'int'
  }

  /** What stands before the vocabulary. */
  protected get special(): T[] {
    const { maskToken, oovToken, numOovIndices } = this.rules
    return [...(this.masks ? [maskToken!] : []), ...new Array<T>(numOovIndices).fill(oovToken)]
  }

  /** The number of the vocabulary's first entry. */
  protected get start(): number {
    return (this.masks ? 1 : 0) + this.rules.numOovIndices
  }

  /** Numbers as the output mode says. */
  protected encoded(numbers: Tensor): Tensor {
    const { outputMode } = this.rules
    const depth = this.outputLength
    if (outputMode !== 'tfIdf') return encode(numbers, outputMode, depth, this.dtype)
    return ops.multiply(encode(numbers, 'count', depth, this.dtype), tensor(this.#idf(depth), [depth], this.dtype))
  }

  /** How long encodings are. */
  get outputLength(): number {
    const { maxTokens, padToMaxTokens } = this.rules
    return padToMaxTokens ? maxTokens! : this.vocabularySize()
  }

  /** A weight for every number: the unknown weigh as the average entry unless they have weights, padding nothing. */
  #idf(depth: number): number[] {
    const { idf, specialIdf } = this.known
    const weights = idf ?? []
    const average = weights.reduce((sum, weight) => sum + weight, 0) / weights.length
    const all = [...(specialIdf ?? new Array<number>(this.start).fill(average)), ...weights]
    return [...all, ...new Array<number>(depth - all.length).fill(0)]
  }

  #checkRules(): void {
    const { outputMode, invert, maxTokens, padToMaxTokens } = this.rules
    const where = this.className
    if (invert && outputMode !== 'int')
      fail('ERR_CONFIG', `${where}.outputMode`, `'int' where invert is true`, outputMode)
    if (padToMaxTokens && maxTokens === null)
      fail('ERR_CONFIG', `${where}.maxTokens`, 'a number where padToMaxTokens is true', maxTokens)
    if (maxTokens !== null && maxTokens <= this.start)
      fail('ERR_CONFIG', `${where}.maxTokens`, `more than the ${this.start} for the mask and the unknown`, maxTokens)
  }

  #checkWeights(vocabulary: readonly T[], idfWeights: readonly number[] | undefined): void {
    const where = `${this.className}.idfWeights`
    const weighs = this.rules.outputMode === 'tfIdf'
    if (!weighs && idfWeights !== undefined)
      fail('ERR_CONFIG', where, `weights only with outputMode 'tfIdf'`, { text: `'${this.rules.outputMode}'` })
    if (weighs && idfWeights?.length !== vocabulary.length)
      fail('ERR_CONFIG', where, `a weight for each of the ${vocabulary.length} entries`, idfWeights)
  }

  #know(tokens: readonly T[], idf: readonly number[] | null, specialIdf: readonly number[] | null = null): void {
    const { maxTokens, maskToken, oovToken, invert } = this.rules
    const where = `${this.className}.vocabulary`
    const places = new Map(tokens.map((token, i) => [token, i]))
    const repeated = tokens.find((token, i) => places.get(token) !== i)
    if (repeated !== undefined) fail('ERR_CONFIG', where, 'each token once', repeated)
    const reserved = maskToken !== null && places.has(maskToken) ? maskToken : invert ? oovToken : null
    if (reserved !== null && places.has(reserved))
      fail('ERR_CONFIG', where, 'the tokens of mask and unknown first, in this order, or not at all', reserved)
    if (maxTokens !== null && this.start + tokens.length > maxTokens)
      fail('ERR_CONFIG', where, `at most ${maxTokens - this.start} entries`, { text: `${tokens.length}` })
    this.#known = { tokens, places, idf, specialIdf }
  }
}

/** Tokens row-major, and the shape of their nested arrays. */
export function flatten<T extends Token>(tokens: Tokens<T>): { readonly flat: T[]; readonly shape: number[] } {
  if (!Array.isArray(tokens)) return { flat: [tokens as T], shape: [] }
  const { values, shape } = readNested<T>('tokens', tokens, items)
  return { flat: values, shape }
}

/** Which tokens a lookup takes, it says itself. */
const items: Items<never> = {
  is: (value): value is never => !Array.isArray(value),
  name: 'a word or an id',
  checkView: () => {},
}

/** Rows, of any lengths; a list without rows has one token a document, as in Keras. */
function documentsOf<T extends Token>(data: Tokens<T>): T[][] {
  const all = (one: Tokens<T>): T[] => (Array.isArray(one) ? (one as readonly Tokens<T>[]).flatMap(all) : [one as T])
  return Array.isArray(data) ? (data as readonly Tokens<T>[]).map(all) : [[data as T]]
}

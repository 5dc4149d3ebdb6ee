/** Texts to numbers, before training. */

import type { Tensor } from '../core/tensor.js'
import type { Source } from '../data/source.js'
import { FerrogradError, fail } from '../errors.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Config, DType, NestedTexts, PartialShape } from '../types.js'
import { adaptTo } from './adaptation.js'
import type { Tokens } from './index-lookup.js'
import { Layer, type LayerOptions } from './layer.js'
import { StringLookup } from './string-lookup.js'

/** A text, or many: in a list, or each in a list of its own. */
export type Texts = string | readonly Texts[]

const fields = {
  /** The largest vocabulary, counting the numbers for padding and the unknown. Default null. */
  maxTokens: { type: 'integer', default: null, min: 2 },
  /**
   * What is done to a text first: small letters (of ASCII), punctuation away, both, a function of yours, or, with null,
   * nothing. Default 'lowerAndStripPunctuation'.
   */
  standardize: {
    type: 'textRule',
    of: ['lowerAndStripPunctuation', 'lower', 'stripPunctuation'],
    default: 'lowerAndStripPunctuation',
    nullable: true,
  },
  /**
   * What a text is split into: words, characters, what a function of yours gives, or, with null, it is one token, whose
   * number stands where it did. Default 'whitespace'.
   */
  split: { type: 'textRule', of: ['whitespace', 'character'], default: 'whitespace', nullable: true },
  /** Tokens are runs of so many words: of 1 to a number of them, or of the numbers in a list. Default null. */
  ngrams: { type: 'widths', default: null },
  /** As numbers, or one row a text: a set, counts, or counts times `idfWeights`. Default 'int'. */
  outputMode: { type: 'choice', of: ['int', 'multiHot', 'count', 'tfIdf'], default: 'int' },
  /**
   * How many numbers a text becomes, with mode `int`: cut off, or padded with 0; else as many as the longest. Default
   * null.
   */
  outputSequenceLength: { type: 'integer', default: null, min: 1 },
  /** Encodes to length `maxTokens` whatever the vocabulary has. Default false. */
  padToMaxTokens: { type: 'boolean', default: false },
  /**
   * The tokens in the order of their numbers, or the path of a text file with one a line; `''` and `'[UNK]'` may stand
   * before them. Default null.
   */
  vocabulary: { type: 'vocabularyOrPath', default: null },
  /** With `tfIdf` and a vocabulary: the weight of each entry. Default null. */
  idfWeights: { type: 'numbers', default: null },
  /**
   * How many numbers there will be, those of padding and the unknown included, for a graph that is made before the
   * vocabulary is learnt or read from a file. Default null.
   */
  vocabularySize: { type: 'integer', default: null, min: 1, config: false },
} as const

/** Options of {@link TextVectorization}. */
export interface TextVectorizationOptions
  extends Omit<OptionsOf<typeof fields>, 'standardize' | 'split' | 'vocabulary'>,
    LayerOptions {
  readonly standardize?: Standardize
  readonly split?: Split
  readonly vocabulary?: string | readonly string[] | null
}

type Standardize =
  | 'lowerAndStripPunctuation'
  | 'lower_and_strip_punctuation'
  | 'lower'
  | 'stripPunctuation'
  | 'strip_punctuation'
  | ((text: string) => string)
  | null

type Split = 'whitespace' | 'character' | ((text: string) => readonly string[]) | null

const TextVectorizationBase: With<typeof Layer, typeof fields, TextVectorizationOptions> = Layer.with(fields) as never

/**
 * Texts to numbers: standardised, split into tokens, perhaps joined to runs of them, looked up in a vocabulary.
 *
 * Number 0 is padding, 1 what the vocabulary does not have, then it follows in order. With mode `int` a batch of texts is
 * (batch, tokens), int32, padded with 0; with `multiHot`, `count` and `tfIdf` (batch, size of the vocabulary), without
 * the padding: 1 where a token occurs, how often, and how often times `ln(1 + texts / (1 + texts with it))`.
 *
 * Small letters are made of ASCII's alone, punctuation and white space are ASCII's, as in Keras: a function of your own does otherwise, but cannot be saved.
 *
 * Tensors hold no texts: call `vectorize` before training, or begin a model with `input({ shape: [1], dtype: 'string' })` and the
 * layer, which then reads texts on their way into `fit` and `predict`.
 *
 * @see keras.layers.TextVectorization
 *
 * @example
 * import { TextVectorization } from 'ferrograd/layers'
 *
 * const layer = new TextVectorization({ outputSequenceLength: 4 })
 * layer.adapt(['The cat sat.', 'The dog sat, too!'])
 * const numbers = layer.vectorize(['the cat ran']) // [[2, 6, 1, 0]]
 */
export class TextVectorization extends TextVectorizationBase {
  static override readonly className = 'TextVectorization'
  readonly #lookup: StringLookup
  readonly #widths: readonly number[] | undefined

  constructor(options?: TextVectorizationOptions) {
    super(options)
    const { maxTokens, padToMaxTokens, outputMode, outputSequenceLength, vocabulary, idfWeights, vocabularySize } =
      this.options
    this.#widths = widthsOf(this.options.ngrams)
    if (outputMode !== 'int' && outputSequenceLength !== null)
      fail(
        'ERR_CONFIG',
        'TextVectorization.outputSequenceLength',
        `null where outputMode is '${outputMode}'`,
        outputSequenceLength,
      )
    const common = { maxTokens, padToMaxTokens, outputMode, maskToken: '', dtype: this.dtype, vocabularySize }
    this.#lookup = named(
      () => new StringLookup({ ...common, vocabulary: vocabulary as string | readonly string[], idfWeights }),
    )
  }

  /**
   * Learns the vocabulary: the most frequent tokens first, of equals the later in order. Texts that come in pieces (a
   * `Dataset`, a generator) are gone through once; a piece is a text or a list of them.
   */
  adapt(data: Texts): void
  adapt(data: Source<Texts>): Promise<void>
  adapt(data: Texts | Source<Texts>): undefined | Promise<void> {
    return adaptTo(data, this.adaptation())
  }

  /** Begins to learn the vocabulary, piece by piece. */
  adaptation(): { update(piece: Texts): void; finish(): void } {
    const inner = named(() => this.#lookup.adaptation())
    return {
      update: (piece) => named(() => inner.update(this.#rows(piece))),
      finish: () => named(() => inner.finish()),
    }
  }

  /** Numbers of texts, or their encoding; of a text alone without the first axis. */
  vectorize(texts: Texts): Tensor {
    const { outputMode, outputSequenceLength } = this.options
    if (this.#isWhole) return named(() => this.#lookup.lookUp(this.#whole(texts)))
    const rows = this.#rows(texts)
    const longest = Math.max(outputMode === 'int' ? 0 : 1, ...rows.map((row) => row.length))
    const length = outputSequenceLength ?? longest
    const padded = rows.map((row) => [
      ...row.slice(0, length),
      ...new Array<string>(Math.max(0, length - row.length)).fill(''),
    ])
    return named(() => this.#lookup.lookUp(typeof texts === 'string' ? padded[0]! : padded))
  }

  /** Sets the vocabulary, or that of a text file with a token a line, with `tfIdf` a weight each. */
  setVocabulary(vocabulary: string | readonly string[], idfWeights?: readonly number[]): void {
    named(() => this.#lookup.setVocabulary(vocabulary, idfWeights))
  }

  /** All tokens by number; those of padding and the unknown first, or left out. */
  getVocabulary(options: { readonly special?: boolean } = {}): string[] {
    return this.#lookup.getVocabulary(options)
  }

  /** How many numbers there are, those of padding and the unknown included. */
  vocabularySize(): number {
    return this.#lookup.vocabularySize()
  }

  /** With `tfIdf`, the weight of every number; undefined before there is a vocabulary. */
  get idfWeights(): readonly number[] | undefined {
    return this.#lookup.idfWeights
  }

  override readTexts(texts: NestedTexts): Tensor {
    return this.vectorize(texts)
  }

  protected override outputShape(shape: PartialShape): PartialShape {
    const { outputMode, outputSequenceLength } = this.options
    if (this.#isWhole) return shape
    return [shape[0] ?? null, outputMode === 'int' ? outputSequenceLength : this.#lookup.outputLength]
  }

  protected override get outputDtype(): DType {
    return this.options.outputMode === 'int' ? 'int32' : this.dtype
  }

  override call(): Tensor {
    throw new FerrogradError(
      'ERR_DTYPE',
      'TextVectorization: tensors hold no texts; call vectorize(texts) before training and give the model the numbers',
    )
  }

  override getConfig(): Config {
    const { vocabulary = null, idf_weights = null } = this.#lookup.getConfig()
    return { ...super.getConfig(), vocabulary, idf_weights }
  }

  /** Whether a text is a token, and its number stands where it did. */
  get #isWhole(): boolean {
    const { split, outputMode, outputSequenceLength } = this.options
    return split === null && this.#widths === undefined && outputMode === 'int' && outputSequenceLength === null
  }

  #whole(texts: Texts): Tokens<string> {
    return typeof texts === 'string' ? this.#standardized(texts) : texts.map((one) => this.#whole(one))
  }

  /** The tokens of each text. */
  #rows(texts: Texts): string[][] {
    return listOf(texts).map((text) => this.#runs(this.#split(this.#standardized(text))))
  }

  #standardized(text: string): string {
    const { standardize } = this.options
    if (typeof standardize === 'function') return textFrom(standardize(text))
    const small = standardize?.startsWith('lower') ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text
    return standardize?.endsWith('unctuation') ? small.replace(PUNCTUATION, '') : small
  }

  #split(text: string): readonly string[] {
    const { split } = this.options
    if (typeof split === 'function') return tokensFrom(split(text))
    if (split === null) return [text]
    return split === 'character' ? [...text] : text.split(/[ \t\n\v\f\r]+/).filter((word) => word !== '')
  }

  /** All runs of each width, joined by spaces, width after width. */
  #runs(tokens: readonly string[]): string[] {
    if (this.#widths === undefined) return [...tokens]
    return this.#widths.flatMap((width) =>
      tokens.slice(0, Math.max(0, tokens.length - width + 1)).map((_, i) => tokens.slice(i, i + width).join(' ')),
    )
  }
}

/** What Keras takes away: ASCII's punctuation. */
const PUNCTUATION = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~']/g

/** Texts in one list: each may stand in a list of its own. */
function listOf(texts: Texts): string[] {
  if (typeof texts === 'string') return [texts]
  if (!Array.isArray(texts)) return fail('ERR_DATA', 'TextVectorization', 'texts: a string or a list of them', texts)
  return (texts as readonly unknown[]).map((one) => {
    const text = Array.isArray(one) && one.length === 1 ? (one[0] as unknown) : one
    return typeof text === 'string' ? text : fail('ERR_DATA', 'TextVectorization', 'a string for each text', one)
  })
}

function textFrom(given: unknown): string {
  return typeof given === 'string' ? given : fail('ERR_DATA', 'TextVectorization.standardize', 'a string', given)
}

function tokensFrom(given: unknown): readonly string[] {
  const isList = Array.isArray(given) && given.every((one) => typeof one === 'string')
  return isList ? (given as string[]) : fail('ERR_DATA', 'TextVectorization.split', 'a list of strings', given)
}

/** The widths of runs: 1 to a number, or those in a list. */
function widthsOf(ngrams: number | readonly number[] | null): readonly number[] | undefined {
  if (typeof ngrams === 'number') return Array.from({ length: ngrams }, (_, i) => i + 1)
  return ngrams ?? undefined
}

/** Errors of the lookup inside, in the name of the layer. */
function named<R>(run: () => R): R {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof FerrogradError)) throw error
    const message = error.message.replace(/^StringLookup/, 'TextVectorization')
    throw new FerrogradError(error.code, message, { cause: error })
  }
}

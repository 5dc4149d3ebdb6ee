/** Texts on their way through a Dataset, cut into tokens by the real @huggingface/tokenizers. */

import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { config, Sequential } from 'ferrograd'
import { Dataset } from 'ferrograd/data'
import { Dense, Embedding, LSTM, TextVectorization } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { describe, expect, test } from 'vitest'

/** What is called of it. */
interface Tokenizer {
  encode(text: string): { readonly ids: number[] }
  decode(ids: readonly number[], options?: { readonly skip_special_tokens?: boolean }): string
  tokenize(text: string): string[]
}

interface Tokenizers {
  readonly Tokenizer: new (tokenizer: object, config: object) => Tokenizer
}

// The real library, where `npm ci --ignore-scripts --prefix __test__/data/libraries` has installed it.
async function installed(name: string): Promise<Tokenizers | undefined> {
  const require = createRequire(new URL('./libraries/package.json', import.meta.url))
  try {
    return (await import(pathToFileURL(require.resolve(name)).href)) as Tokenizers
  } catch (error) {
    console.warn(`Without ${name}, whose tests are skipped: ${(error as Error).message.split('\n')[0]}`)
    return undefined
  }
}
const library = await installed('@huggingface/tokenizers')

const vocabulary = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  'good',
  'bad',
  'film',
  'un',
  '##happy',
  '##ly',
  'a',
  'slow',
  '!',
]
const special = (id: number): object => ({
  id,
  content: vocabulary[id]!,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
})

/** A tokenizer of pieces of words, as BERT's file describes one. */
const file = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [0, 1, 2, 3].map(special),
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: true,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
  },
}

describe.skipIf(library === undefined)('@huggingface/tokenizers', () => {
  const tokenizer = (): Tokenizer => new library!.Tokenizer(file, { tokenizer_class: 'BertTokenizer' })
  const reviews = [
    { text: 'A good film!', good: 1 },
    { text: 'Unhappyly slow', good: 0 },
    { text: 'BAD', good: 0 },
    { text: 'Good, good', good: 1 },
  ]

  test('numbers of texts are its own, row by row, padded to the longest of a batch', async () => {
    const own = tokenizer()
    const rows = Dataset.from(reviews).map(({ text, good }) => ({ x: Int32Array.from(own.encode(text).ids), y: good }))
    const batches = []
    for await (const batch of rows.padBatch(2)) batches.push(batch)
    const [first, second] = batches
    expect([first!.x.shape, [...first!.x.values]]).toEqual([
      [2, 6],
      [2, 10, 4, 6, 12, 3, 2, 7, 8, 9, 11, 3],
    ])
    // A comma is not in its vocabulary.
    expect([second!.x.shape, [...second!.x.values]]).toEqual([
      [2, 5],
      [2, 5, 3, 0, 0, 2, 4, 1, 4, 3],
    ])
    expect(own.decode([...first!.x.values].slice(6), { skip_special_tokens: true })).toBe('unhappyly slow')
  })

  test('a model learns from a Dataset of texts', async () => {
    config.setSeed(1)
    const own = tokenizer()
    const rows = Dataset.from(reviews).map(({ text, good }) => ({ x: Int32Array.from(own.encode(text).ids), y: good }))
    const model = new Sequential([
      new Embedding({ inputDim: vocabulary.length, outputDim: 4, maskZero: true, inputShape: [null] }),
      new LSTM({ units: 4 }),
      new Dense({ units: 1, activation: 'sigmoid' }),
    ])
    model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
    const { history } = await model.fit(rows.shuffle({ seed: 1 }).padBatch(2), { epochs: 30, verbose: 0 })
    expect(history.accuracy!.at(-1)).toBe(1)
    expect(history.loss!.at(-1)).toBeLessThan(0.1 * history.loss![0]!)
  })

  test('its tokens are what TextVectorization looks up', () => {
    const own = tokenizer()
    const layer = new TextVectorization({
      standardize: null,
      split: (text) => own.tokenize(text),
      vocabulary: ['un', '##happy'],
    })
    expect(layer.vectorize(['unhappy', 'film un']).arraySync()).toEqual([
      [2, 3],
      [1, 2],
    ])
  })
})

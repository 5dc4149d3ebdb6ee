/** Text to numbers: TextVectorization and Hashing against the layers that Keras runs with TensorFlow, and streams. */

import { config, type Tensor, tensor } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Dataset } from '../../ts/data/index.js'
import {
  getLayer,
  HashedCrossing,
  Hashing,
  IntegerLookup,
  StringLookup,
  TextVectorization,
  type Tokens,
} from '../../ts/layers/index.js'
import { deserialize, serialize } from '../../ts/saving/index.js'
import { caught } from '../caught.js'
import { expectClose, fixture, type Numbers } from '../oracle.js'

interface Case {
  readonly name: string
  readonly layer: unknown
  readonly adapt?: readonly string[]
  readonly x: Tokens<string | number>
  readonly output: Numbers
  readonly vocabulary: readonly string[]
  readonly size: number
}

const { cases } = fixture<Case>('text')
const named = (start: string): Case[] => cases.filter(({ name }) => name.startsWith(start))

function expectOutput(output: Tensor, wanted: Numbers): void {
  expect(output.shape).toEqual(wanted.shape)
  expectClose(output.dataSync(), wanted, 1e-12, 'output')
}

describe('as Keras', () => {
  beforeAll(() => config.setFloatx('float64'))
  afterAll(() => config.setFloatx('float32'))

  it.each(named('TextVectorization'))('$name', async (one) => {
    const make = (): TextVectorization => getLayer(one.layer) as TextVectorization
    const layer = make()
    if (one.adapt) layer.adapt(one.adapt)
    expect(layer.getVocabulary()).toEqual(one.vocabulary)
    expect(layer.vocabularySize()).toBe(one.size)
    expectOutput(layer.vectorize(one.x as string[]), one.output)
    const copy = deserialize(serialize(layer)) as unknown as TextVectorization
    const nested = layer.options.split === null ? one.x : (one.x as string[]).map((text) => [text])
    expectOutput(copy.vectorize(nested as string[]), one.output)
    if (one.adapt === undefined) return
    const streamed = make()
    await streamed.adapt(Dataset.from(one.adapt))
    expect(streamed.getVocabulary()).toEqual(one.vocabulary)
    expectOutput(streamed.vectorize(one.x as string[]), one.output)
  })

  it.each(named('Hashing'))('$name', (one) => {
    const layer = getLayer(one.layer) as Hashing
    expectOutput(layer.hash(one.x), one.output)
    const copy = deserialize(serialize(layer)) as unknown as Hashing
    expectOutput(copy.hash(one.x), one.output)
  })
})

describe('crossed features equal those of Keras', () => {
  it.each(named('HashedCrossing'))('$name', (one) => {
    const layer = getLayer(one.layer) as HashedCrossing
    expectOutput(layer.cross(one.x as never), one.output)
    const copy = deserialize(serialize(layer)) as unknown as HashedCrossing
    expectOutput(copy.cross(one.x as never), one.output)
  })

  it('refuses what is no list of features', () => {
    const layer = new HashedCrossing({ numBins: 3 })
    expect(() => layer.cross([['a']])).toThrow('HashedCrossing: expected a list of at least two features')
    expect(() => layer.cross([['a', 'b'], [1]])).toThrow('HashedCrossing feature: expected [2], got [1]')
    expect(() => layer.cross([['a'], [0.5]])).toThrow('HashedCrossing: expected strings or whole numbers, got 0.5')
    expect(() => layer.cross([[['a', 'b']], [[1, 2]]])).toThrow('[], [batch] or [batch, 1], got [1, 2]')
    expect(() => layer.apply([[1]])).toThrow('call cross(features) before training')
  })
})

describe('texts', () => {
  it('alone give one row without the first axis', () => {
    const layer = new TextVectorization({ vocabulary: ['b', 'a'] })
    expect(layer.vectorize('a x b').arraySync()).toEqual([3, 1, 2])
  })

  it('that are all empty give no numbers, or empty sets', () => {
    expect(new TextVectorization({ vocabulary: ['a'] }).vectorize(['', ' ']).shape).toEqual([2, 0])
    const sets = new TextVectorization({ vocabulary: ['a'], outputMode: 'multiHot' }).vectorize(['', ' '])
    expect(sets.arraySync()).toEqual([
      [0, 0],
      [0, 0],
    ])
  })

  it('are split by a rule of one’s own', () => {
    const layer = new TextVectorization({
      standardize: (text) => text.toLocaleLowerCase('tr').normalize('NFC'),
      split: (text) => text.split(/(?<=\p{L})(?=\P{L})|(?<=\P{L})(?=\p{L})/u),
    })
    layer.adapt(['İ!a', 'a!a'])
    expect(layer.getVocabulary()).toEqual(['', '[UNK]', 'a', '!', 'i'])
    expect(caught(() => serialize(layer))).toMatchObject({ code: 'ERR_FORMAT' })
  })
})

describe('vocabularies are learnt from pieces', () => {
  async function* pieces(): AsyncGenerator<string[]> {
    yield ['b', 'a']
    yield ['a', 'c', 'b', 'a']
  }

  it('of strings and of ids', async () => {
    const words = new StringLookup()
    await words.adapt(pieces())
    expect(words.getVocabulary()).toEqual(['[UNK]', 'a', 'b', 'c'])
    const ids = new IntegerLookup()
    await ids.adapt(new Set([new Int32Array([5, 5]), tensor([7, 5], [2], 'int32')]))
    expect(ids.getVocabulary()).toEqual([-1, 5, 7])
  })

  it('and stay as they were where a piece is refused', async () => {
    const layer = new TextVectorization()
    layer.adapt(['a'])
    const broken = async function* (): AsyncGenerator<string[]> {
      yield ['b b']
      yield [3 as unknown as string]
    }
    await expect(layer.adapt(broken())).rejects.toMatchObject({ code: 'ERR_DATA' })
    expect(layer.getVocabulary()).toEqual(['', '[UNK]', 'a'])
  })
})

describe('what does not fit is refused', () => {
  const table: readonly (readonly [what: string, run: () => unknown, code: string, message: RegExp])[] = [
    [
      'no vocabulary yet',
      () => new TextVectorization().vectorize(['a']),
      'ERR_STATE',
      /^TextVectorization: call adapt first, or give a vocabulary/,
    ],
    [
      'an empty vocabulary',
      () => new TextVectorization({ vocabulary: [] }),
      'ERR_CONFIG',
      /^TextVectorization\.vocabulary: expected at least one entry/,
    ],
    [
      'a vocabulary that was given, learnt again',
      () => new TextVectorization({ vocabulary: ['a'] }).adapt(['b']),
      'ERR_STATE',
      /^TextVectorization\.adapt: the vocabulary was given to the layer/,
    ],
    [
      'runs of no words',
      () => new TextVectorization({ ngrams: [2, 0] }),
      'ERR_CONFIG',
      /^TextVectorization\.ngrams: expected an integer ≥ 1, or a list of them, got \[2, 0\]/,
    ],
    [
      'a length of sets',
      () => new TextVectorization({ outputMode: 'count', outputSequenceLength: 3 }),
      'ERR_CONFIG',
      /^TextVectorization\.outputSequenceLength: expected null where outputMode is 'count', got 3/,
    ],
    [
      'an unknown rule',
      () => new TextVectorization({ standardize: 'upper' as never }),
      'ERR_CONFIG',
      /^TextVectorization\.standardize: expected one of 'lowerAndStripPunctuation'/,
    ],
    [
      'ragged results',
      () => getLayer({ class_name: 'TextVectorization', config: { ragged: true } }),
      'ERR_FORMAT',
      /^TextVectorization config: expected a name that this class has, got 'ragged'/,
    ],
    [
      'a number for a text',
      () => new TextVectorization({ vocabulary: ['a'] }).vectorize([3 as unknown as string]),
      'ERR_DATA',
      /^TextVectorization: expected a string for each text, got 3/,
    ],
    [
      'a rule that gives no list',
      () => new TextVectorization({ vocabulary: ['a'], split: ((text: string) => text) as never }).vectorize(['a']),
      'ERR_DATA',
      /^TextVectorization\.split: expected a list of strings, got 'a'/,
    ],
    [
      'a tensor',
      () => new TextVectorization().apply(tensor([1])),
      'ERR_DTYPE',
      /^TextVectorization: tensors hold no texts/,
    ],
    ['no bins', () => new Hashing({ numBins: 0 }), 'ERR_CONFIG', /^Hashing\.numBins: expected an integer ≥ 1, got 0/],
    [
      'a fraction',
      () => new Hashing({ numBins: 3 }).hash([0.5]),
      'ERR_DATA',
      /^Hashing: expected strings or whole numbers, got 0\.5/,
    ],
    [
      'three keys',
      () => new Hashing({ numBins: 3, salt: [1, 2, 3] }),
      'ERR_CONFIG',
      /^Hashing\.salt: expected an integer, or two of them/,
    ],
  ]

  it.each(table)('%s', (_, run, code, message) =>
    expect(caught(run)).toMatchObject({ code, message: expect.stringMatching(message) }),
  )
})

/** Lookups and Discretization against the layers that Keras runs with TensorFlow: `adapt`, hashes, encodings, back again. */

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, type Tensor, tensor } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compile } from '../../ts/core/program.js'
import { placeholder, trace } from '../../ts/core/trace.js'
import { Dataset } from '../../ts/data/index.js'
import {
  type Discretization,
  getLayer,
  IntegerLookup,
  StringLookup,
  TextVectorization,
  type Token,
  type Tokens,
} from '../../ts/layers/index.js'
import { caught } from '../caught.js'
import { expectClose, fixture, floats, type Numbers, toTensor } from '../oracle.js'

interface Lookup<T extends Token> {
  readonly name: string
  readonly layer: unknown
  readonly adapt?: readonly (readonly T[])[]
  readonly x: readonly (readonly T[])[]
  readonly output: Numbers
  readonly inverted?: readonly (readonly T[])[]
  readonly vocabulary: readonly T[]
  readonly tokens: readonly T[]
  readonly size: number
}

interface Bins {
  readonly name: string
  readonly layer: unknown
  readonly adapt: Numbers
  readonly boundaries: Numbers
  readonly adapted: unknown
  readonly x: Numbers
  readonly output: Numbers
}

interface Pieces {
  readonly name: string
  readonly layer: unknown
  readonly pieces: readonly Numbers[]
  readonly boundaries: Numbers
}

const { cases } = fixture<{ readonly name: string }>('lookups')
const named = <C>(start: string): C[] => cases.filter(({ name }) => name.startsWith(start)) as unknown as C[]

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

function expectVocabulary<T extends Token>(layer: StringLookup | IntegerLookup, one: Lookup<T>): void {
  expect(layer.getVocabulary()).toEqual(one.vocabulary)
  expect(layer.getVocabulary({ special: false })).toEqual(one.tokens)
  expect(layer.vocabularySize()).toBe(one.size)
}

function expectOutput(output: Tensor, wanted: Numbers): void {
  expect(output.shape).toEqual(wanted.shape)
  expectClose(output.dataSync(), wanted, 1e-12, 'output')
}

describe('StringLookup', () => {
  it.each(named<Lookup<string>>('StringLookup'))('$name', (one) => {
    const layer = getLayer(one.layer) as StringLookup
    if (one.adapt) layer.adapt(one.adapt)
    expectVocabulary(layer, one)
    if (one.inverted) expect(layer.words(one.x as never)).toEqual(one.inverted.flat())
    else expectOutput(layer.lookUp(one.x), one.output)
    const copy = getLayer({ class_name: 'StringLookup', config: layer.getConfig() }) as StringLookup
    if (!one.inverted) expectOutput(copy.lookUp(one.x), one.output)
  })
})

describe('IntegerLookup', () => {
  const ids = (x: Lookup<number>['x']): Tensor => tensor(Int32Array.from(x.flat()), [x.length, x[0]!.length], 'int32')

  it.each(named<Lookup<number>>('IntegerLookup'))('$name', (one) => {
    const layer = getLayer(one.layer) as IntegerLookup
    if (one.adapt) layer.adapt(one.adapt as Tokens<number>)
    expectVocabulary(layer, one)
    if (one.inverted) expect(layer.apply(ids(one.x)).arraySync()).toEqual(one.inverted)
    else expectOutput(layer.apply(ids(one.x)), one.output)
    const copy = getLayer({ class_name: 'IntegerLookup', config: layer.getConfig() })
    if (!one.inverted) expectOutput(copy.apply(ids(one.x)), one.output)
  })
})

it('IntegerLookup searches by halves: among a hundred thousand it looks seven times more than among a thousand', () => {
  const looks = (words: number): number => {
    const layer = new IntegerLookup({ vocabulary: Array.from({ length: words }, (_, i) => 3 * i + 10) })
    const numbers = Int32Array.from({ length: 4096 }, (_, i) => 3 * ((i * 7919) % words) + 10)
    const found = layer.apply(tensor(numbers, [4096, 1], 'int32')) as Tensor
    expect([...found.dataSync().slice(0, 3)]).toEqual([1, (7919 % words) + 1, (15838 % words) + 1])
    const ids = placeholder([4096, 1], 'int32')
    const { result } = trace(() => layer.apply(ids) as Tensor)
    return compile({ inputs: [ids], outputs: [result] }).steps.filter((kernel) => kernel === 'gather').length
  }
  // One pass over the vocabulary for each id would look as often among any number of words.
  expect(looks(100_000) - looks(1000)).toBe(7)
})

describe('Discretization', () => {
  it.each(named<Bins>('Discretization-adapt'))('$name', (one) => {
    const layer = getLayer(one.layer) as Discretization
    layer.adapt(floats(one.adapt))
    expectClose(Float64Array.from(layer.boundaries!), one.boundaries, 0, 'boundaries')
    expectOutput(layer.apply(toTensor(one.x)), one.output)
    expectOutput(getLayer(one.adapted).apply(toTensor(one.x)), one.output)
  })

  it.each(named<Pieces>('Discretization-stream'))('$name', async (one) => {
    const layer = getLayer(one.layer) as Discretization
    await layer.adapt(Dataset.from(one.pieces.map(floats)))
    expectClose(Float64Array.from(layer.boundaries!), one.boundaries, 1e-6, 'boundaries')
  })
})

describe('lookups refuse', () => {
  it.each([
    ['a mask inside the vocabulary', { vocabulary: ['a', ''], maskToken: '' }, 'mask and unknown first'],
    ['the unknown inside, inverted', { vocabulary: ['a', '[UNK]'], invert: true }, 'mask and unknown first'],
    ['encodings of what is inverted', { vocabulary: ['a'], invert: true, outputMode: 'count' }, 'where invert is true'],
    ['a length that nobody says', { vocabulary: ['a'], padToMaxTokens: true }, 'where padToMaxTokens is true'],
    ['no room for words', { maxTokens: 2, numOovIndices: 2 }, 'more than the 2 for the mask and the unknown'],
    ['tfIdf without weights', { vocabulary: ['a', 'b'], outputMode: 'tfIdf' }, 'a weight for each of the 2 entries'],
    ['weights without tfIdf', { vocabulary: ['a'], idfWeights: [1] }, `weights only with outputMode 'tfIdf'`],
    ['an empty vocabulary', { vocabulary: [] }, 'at least one entry'],
    ['three keys', { numOovIndices: 2, salt: [1, 2, 3] }, 'an integer, or two of them'],
  ] as const)('%s', (_, options, words) => {
    expect(() => new StringLookup(options as never)).toThrow(words)
  })

  it('what is no 32-bit integer', () => {
    expect(() => new IntegerLookup({ vocabulary: [2 ** 31] })).toThrow('32-bit integers, got 2147483648')
    expect(() => new IntegerLookup({ oovMethod: 'farmhash' as never })).toThrow(`one of 'floormod'`)
  })

  it('adapting where the vocabulary was given', () => {
    expect(() => new IntegerLookup({ vocabulary: [1] }).adapt([1])).toThrow('was given to the layer')
  })
})

describe('a vocabulary in a text file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ferrograd-'))
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }

  it('has a token a line, with or without an end of the last', () => {
    const words = new StringLookup({ vocabulary: file('words', 'red\r\ngreen apple\nblue') })
    expect(words.getVocabulary()).toEqual(['[UNK]', 'red', 'green apple', 'blue'])
    expect(words.getConfig().vocabulary).toEqual(['red', 'green apple', 'blue'])
    const ids = new IntegerLookup({ vocabulary: file('ids', '12\n-7\n') })
    expect(ids.apply(new Int32Array([-7, 3, 12])).arraySync()).toEqual([2, 0, 1])
    const texts = new TextVectorization({ vocabulary: file('texts', 'the\ncat\n') })
    expect(texts.vectorize(['The dog', 'cat']).arraySync()).toEqual([
      [2, 1],
      [3, 0],
    ])
    texts.setVocabulary(file('others', 'dog\n'))
    expect(texts.getVocabulary({ special: false })).toEqual(['dog'])
  })

  it('that is not there, or has no ids, is refused; one that a configuration names is not read', () => {
    const missing = join(folder, 'missing')
    expect(caught(() => new TextVectorization({ vocabulary: missing }))).toMatchObject({
      code: 'ERR_IO',
      message: expect.stringContaining(`TextVectorization.vocabulary: cannot read '${missing}'`),
    })
    expect(caught(() => new IntegerLookup({ vocabulary: file('words', '1\nx\n') }))).toMatchObject({
      code: 'ERR_DATA',
      message: expect.stringContaining(`a 32-bit integer on each line, got 'x'`),
    })
    for (const name of ['StringLookup', 'TextVectorization'])
      expect(caught(() => getLayer({ class_name: name, config: { vocabulary: file('words', 'a\n') } }))).toMatchObject({
        code: 'ERR_FORMAT',
      })
  })
})

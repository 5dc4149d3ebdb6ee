/** Every layer of the library through a `.keras` file and back: the same configuration, weights and results. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, input, loadModel, Model, Sequential, type SymbolicTensor } from 'ferrograd'
import { HashedCrossing, Hashing, type Layer, StringLookup, TextVectorization } from 'ferrograd/layers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tensor } from '../../ts/core/tensor.js'
import { getLayer, layerFamily } from '../../ts/layers/family.js'
import { fixture, type Numbers, toTensor } from '../oracle.js'

interface Case {
  readonly kind?: string
  readonly layer: { readonly class_name: string }
  readonly inputs: readonly Numbers[]
  /** What a cell begins with. */
  readonly states?: readonly Numbers[]
}

const cell = (units: number): object => ({
  module: 'keras.layers',
  class_name: 'GRUCell',
  config: { units },
  registered_name: null,
})

/** Layers that the fixtures of layers lack. */
const others: Readonly<
  Record<
    string,
    { readonly config: object; readonly x: Numbers; readonly dtype?: 'int32'; readonly states?: readonly number[] }
  >
> = {
  GaussianNoise: { config: { stddev: 1, seed: 3 }, x: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] } },
  IntegerLookup: {
    config: { vocabulary: [7, 9], max_tokens: null },
    x: { shape: [3, 1], data: [9, 7, 4] },
    dtype: 'int32',
  },
  ReversibleEmbedding: {
    config: { input_dim: 5, output_dim: 3 },
    x: { shape: [1, 3], data: [1, 4, 2] },
    dtype: 'int32',
  },
  TokenAndPositionEmbedding: {
    config: { vocabulary_size: 5, sequence_length: 4, embedding_dim: 3 },
    x: { shape: [1, 3], data: [1, 4, 2] },
    dtype: 'int32',
  },
  StackedRNNCells: {
    config: { cells: [cell(3), cell(2)] },
    x: { shape: [2, 2], data: [1, 2, 3, 4] },
    states: [3, 2],
  },
  RandomColorJitter: { config: { hue_factor: 0.2 }, x: { shape: [1, 1, 1, 3], data: [10, 20, 30] } },
  RandAugment: { config: { factor: 0.3, seed: 4 }, x: { shape: [1, 2, 1, 3], data: [10, 20, 30, 1, 2, 3] } },
  MelSpectrogram: {
    config: { fft_length: 4, sequence_stride: 2, num_mel_bins: 2 },
    x: { shape: [1, 5], data: [1, 2, 0, 4, 1] },
  },
  STFTSpectrogram: { config: { frame_length: 4 }, x: { shape: [1, 6, 1], data: [1, 2, 0, 4, 1, 3] } },
  Masking: { config: { mask_value: 1 }, x: { shape: [1, 2, 2], data: [1, 1, 3, 4] } },
}

/** Those that take no numbers, and what stands for data. */
const without = ['HashedCrossing', 'Hashing', 'InputLayer', 'StringLookup', 'TextVectorization']

interface Changed {
  readonly class_name: string
  readonly options: object
  readonly images: Numbers
}

const changes = fixture<Changed>('augmentation').cases.map(({ class_name, options, images }) => {
  return { layer: { module: 'keras.layers', class_name, config: options }, inputs: [images] }
})
const cases: readonly Case[] = [
  ...['layers', 'picture_layers', 'attention_layers', 'recurrent_layers', 'conv_lstm', 'wrappers'].flatMap(
    // What a stateful layer is called with comes batch by batch.
    (topic) => fixture<Case>(topic).cases.filter(({ kind }) => kind !== 'stateful'),
  ),
  ...changes,
]
let folder: string
beforeAll(() => {
  config.setFloatx('float64')
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-layers-'))
})
afterAll(() => {
  config.setFloatx('float32')
  rmSync(folder, { recursive: true })
})

/** A model of one layer, and data for it. */
function modelOf(name: string): { readonly model: Model; readonly data: readonly Tensor[] } {
  const given = cases.find(({ layer }) => layer.class_name === layerFamily.classes[name]!.className)
  const other = others[name]
  if (given === undefined && other === undefined) throw new Error(`${name} has no case here: give it one`)
  const layer = getLayer(given?.layer ?? { module: 'keras.layers', class_name: name, config: other!.config })
  const data = (given?.inputs ?? [other!.x]).map((numbers) => toTensor(numbers, other?.dtype ?? typeOf(name)))
  const symbols = data.map(({ shape, dtype }) => input({ shape: shape.slice(1), dtype }))
  const states = firstStates(given, other?.states)
  const firsts = states.map(({ shape, dtype }) => input({ shape: shape.slice(1), dtype }))
  const context = firsts.length === 0 ? {} : { states: firsts }
  const outputs = layer.apply(
    (symbols.length === 1 ? symbols[0]! : symbols) as never,
    context as never,
  ) as unknown as SymbolicTensor
  const first = Array.isArray(outputs) ? (outputs as SymbolicTensor[])[0]! : outputs
  return { model: new Model({ inputs: [...symbols, ...firsts], outputs: first }), data: [...data, ...states] }
}

/** What a cell begins with: the states of its case, or zeros of some lengths. */
function firstStates(given: Case | undefined, lengths: readonly number[] = []): readonly Tensor[] {
  const own =
    given?.kind === 'cell'
      ? given.states!
      : lengths.map((units) => ({ shape: [2, units], data: new Array<number>(2 * units).fill(0) }))
  return own.map((numbers) => toTensor(numbers))
}

const typeOf = (name: string): 'int32' | 'float64' => (name === 'Embedding' ? 'int32' : 'float64')

describe('every layer', () => {
  const names = Object.keys(layerFamily.classes).filter((name) => !without.includes(name))
  test.each(names)('%s', async (name) => {
    const { model, data } = modelOf(name)
    const path = join(folder, `${name}.keras`)
    await model.save(path)
    const copy = await loadModel(path)
    expect(copy.toConfig()).toEqual(model.toConfig())
    const weights = (one: Model): string[] => one.weights.map((weight) => `${weight.name} ${weight.dataSync()}`)
    expect(weights(copy)).toEqual(weights(model))
    const results = await Promise.all([model, copy].map((one) => one.predict(data as never)))
    const [wanted, got] = results.map((result) => [...(result as Tensor).dataSync()])
    expect(got).toEqual(wanted)
  })
})

/** They take text, which no graph does: asked as they are, in a model of their own. */
const ofText: readonly (readonly [string, () => Layer, (layer: never) => Tensor])[] = [
  ['Hashing', () => new Hashing({ numBins: 7, salt: 3 }), (layer: Hashing) => layer.hash(['a', 'b', 'c'])],
  [
    'HashedCrossing',
    () => new HashedCrossing({ numBins: 9 }),
    (layer: HashedCrossing) =>
      layer.cross([
        ['a', 'b'],
        ['x', 'y'],
      ]),
  ],
  [
    'StringLookup',
    () => adapted(new StringLookup({ maskToken: '' }), ['b', 'a', 'b']),
    (layer: StringLookup) => layer.lookUp(['a', 'b', '', 'z']),
  ],
  [
    'TextVectorization',
    () => adapted(new TextVectorization({ outputMode: 'tfIdf' }), ['x y', 'y z', 'Y!']),
    (layer: TextVectorization) => layer.vectorize(['y y', 'z q']),
  ],
]

function adapted<L extends { adapt(data: string[]): unknown }>(layer: L, data: string[]): L {
  layer.adapt(data)
  return layer
}

describe('every layer that takes text', () => {
  test('is here', () => {
    expect([...ofText.map(([name]) => name), 'InputLayer'].sort()).toEqual([...without].sort())
  })
  test.each(ofText)('%s', async (name, make, ask) => {
    const model = new Sequential([make()])
    await model.save(join(folder, `${name}.keras`))
    const copy = await loadModel(join(folder, `${name}.keras`))
    expect(copy.toConfig()).toEqual(model.toConfig())
    const [wanted, got] = [model, copy].map((one) => ask(one.layers[0] as never).arraySync())
    expect(got).toEqual(wanted)
  })
})

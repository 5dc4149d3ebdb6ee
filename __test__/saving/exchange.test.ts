/** State dicts of real PyTorch and sharded weights of real Keras, read; and ours, as they have read them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { input, Model, Sequential, type Tensor } from 'ferrograd'
import { Dense, EinsumDense, GRU, type Layer, MultiHeadAttention } from 'ferrograd/layers'
import { loadTensors } from 'ferrograd/saving'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  blocksModel,
  channelsModel,
  exchangeFile,
  phrasesModel,
  picturesModel,
  readExchange,
  shardedModel,
  stackModel,
  stepsModel,
  wordsModel,
} from './exchange-models.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-exchange-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)

const told = readExchange()

async function expectPredicted(model: Model, { x, y }: (typeof told)['words']): Promise<void> {
  const got = (await model.predict(x as never)) as unknown as { dataSync(): Float32Array }
  for (const [i, wanted] of y.flat().entries()) expect(got.dataSync()[i]).toBeCloseTo(wanted, 4)
}

const numbers = (model: Model): string[] => model.weights.map((weight) => `${weight.dataSync()}`)

describe('naming: torch', () => {
  const named = {
    words: wordsModel,
    pictures: picturesModel,
    channels: channelsModel,
    steps: stepsModel,
    phrases: phrasesModel,
  } as const

  test.each(['words', 'pictures', 'channels', 'steps', 'phrases'] as const)(
    'a state dict by the names of modules: %s',
    async (name) => {
      const model = named[name]()
      const report = await model.loadWeights(exchangeFile(`${name}.safetensors`), { naming: 'torch' })
      expect(report).toEqual({ missing: [], unexpected: [] })
      await expectPredicted(model, told[name])
    },
  )

  test('a state dict of torch.nn.Sequential, whose modules are numbers', async () => {
    const model = stackModel(['a', 'b', 'c'])
    await model.loadWeights(exchangeFile('numbered.safetensors'), { naming: 'torch' })
    await expectPredicted(model, told.numbered)
    const block = blocksModel(['a', 'b'])
    await block.loadWeights(exchangeFile('blocks.safetensors'), { naming: 'torch' })
    await expectPredicted(block, told.blocks)
  })

  test.each(['words', 'pictures', 'channels', 'phrases'] as const)(
    'written, it is the state dict that was read: %s',
    async (name) => {
      const [model, file] = [named[name](), `${name}.safetensors`]
      await model.loadWeights(exchangeFile(file), { naming: 'torch' })
      await model.saveWeights(at(file), { naming: 'torch' })
      const [theirs, ours] = await Promise.all([exchangeFile(file), at(file)].map(loadTensors))
      expect(Object.keys(ours!).sort()).toEqual(Object.keys(theirs!).sort())
      const plain = (all: typeof ours): unknown =>
        Object.entries(all!)
          .map(([key, one]) => [key, one.shape, [...one.dataSync()]] as const)
          .sort(([a], [b]) => a.localeCompare(b))
      expect(plain(ours)).toEqual(plain(theirs))
    },
  )

  test('recurrent layers are written as PyTorch has them, but for the two biases that are one', async () => {
    const [model, again] = [stepsModel(), stepsModel()]
    await model.loadWeights(exchangeFile('steps.safetensors'), { naming: 'torch' })
    await model.saveWeights(at('steps.safetensors'), { naming: 'torch' })
    const [theirs, ours] = await Promise.all(
      [exchangeFile('steps.safetensors'), at('steps.safetensors')].map(loadTensors),
    )
    const shapes = (all: typeof ours): unknown =>
      Object.entries(all!)
        .map(([key, { shape }]) => `${key} ${shape}`)
        .sort()
    expect(shapes(ours)).toEqual(shapes(theirs))
    const same = Object.keys(theirs!).filter((key) => `${theirs![key]!.dataSync()}` === `${ours![key]!.dataSync()}`)
    const both = ['hh_l0', 'hh_l0_reverse', 'ih_l0', 'ih_l0_reverse']
    expect(
      Object.keys(theirs!)
        .filter((key) => !same.includes(key))
        .sort(),
    ).toEqual(both.map((end) => `both.bias_${end}`))
    await again.loadWeights(at('steps.safetensors'), { naming: 'torch' })
    expect(numbers(again)).toEqual(numbers(model))
    const gru = new Sequential([new GRU({ units: 2, resetAfter: false, inputShape: [4, 3], name: 'g' })])
    await expect(gru.saveWeights(at('g.safetensors'), { naming: 'torch' })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/resetAfter: true, which torch.nn.GRU always has, got 'g' without/),
    })
  })

  test.each([
    [
      'wider heads',
      { numHeads: 2, keyDim: 3 },
      /together as wide as the query.*got 'a' with 2 heads of 3 and 3, 4 → 4/,
    ],
    ['other values', { numHeads: 2, keyDim: 2, valueDim: 3 }, /2 heads of 2 and 3/],
    ['another result', { numHeads: 2, keyDim: 2, outputShape: 5 }, /4 → 5/],
    ['a gate', { numHeads: 2, keyDim: 2, useGate: true }, /without a gate/],
  ])('attention with %s is none of torch.nn', async (_, options, message) => {
    const x = input({ shape: [3, 4] })
    const attention = new MultiHeadAttention({ ...options, name: 'a' })
    const model = new Model({ inputs: x, outputs: attention.apply({ query: x, value: x }) })
    await expect(model.saveWeights(at('a.safetensors'), { naming: 'torch' })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(message),
    })
  })

  test('attention of other widths than the file has is refused by the names of its parts', async () => {
    const attention = (features: number): Model => {
      const x = input({ shape: [3, features] })
      const layer = new MultiHeadAttention({ numHeads: 2, keyDim: features / 2, name: 'a' })
      return new Model({ inputs: x, outputs: layer.apply({ query: x, value: x }) })
    }
    await attention(4).saveWeights(at('block.safetensors'), { naming: 'torch' })
    const wider = attention(6)
    const before = numbers(wider)
    await expect(wider.loadWeights(at('block.safetensors'), { naming: 'torch' })).rejects.toMatchObject({
      code: 'ERR_SHAPE',
      message: expect.stringMatching(/a\/key\/kernel: expected shape \[6, 2, 3\], got \[4, 2, 2\]/),
    })
    expect(numbers(wider)).toEqual(before)
  })

  test.each(['words', 'phrases'] as const)(
    'what is fine-tuned by low ranks is written with what was learnt: %s',
    async (name) => {
      const [model, plain] = [named[name](), named[name]()]
      const layers = (one: Layer): Layer[] => [one, ...one.sublayers.flatMap(layers)]
      const tuned = layers(model).filter((one) => one instanceof Dense || one instanceof EinsumDense)
      for (const one of tuned) {
        one.enableLora(2)
        one.lora!.b.set(one.lora!.b.dataSync().map((_, i) => 0.1 * ((i % 3) - 1)))
      }
      expect(tuned.length).toBeGreaterThan(1)
      await model.saveWeights(at('tuned.safetensors'), { naming: 'torch' })
      await plain.loadWeights(at('tuned.safetensors'), { naming: 'torch' })
      const results = async (one: Model): Promise<number[]> => [
        ...((await one.predict(told[name].x as never)) as unknown as Tensor).dataSync(),
      ]
      const wanted = await results(model)
      for (const [i, value] of (await results(plain)).entries()) expect(value).toBeCloseTo(wanted[i]!, 4)
      await model.loadWeights(at('tuned.safetensors'), { naming: 'torch' })
      for (const [i, value] of (await results(model)).entries()) expect(value).toBeCloseTo(wanted[i]!, 4)
    },
  )

  test('what it cannot be used for is refused by name', async () => {
    const einsum = new Sequential([
      new EinsumDense({ equation: 'ab,bc->ac', outputShape: [2], inputShape: [3], name: 'e' }),
    ])
    await expect(einsum.saveWeights(at('e.safetensors'), { naming: 'torch' })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/EinsumDense 'e'/),
    })
    await expect(wordsModel().saveWeights(at('w.weights.h5'), { naming: 'torch' })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/naming: expected a path that ends in \.safetensors/),
    })
    const wider = new Sequential([new Dense({ units: 5, inputShape: [3], name: '0' })])
    const before = numbers(wider)
    await expect(
      wider.loadWeights(exchangeFile('numbered.safetensors'), { naming: 'torch', strict: false }),
    ).rejects.toMatchObject({ code: 'ERR_SHAPE', message: expect.stringMatching(/\[3, 5\], got \[3, 4\]/) })
    expect(numbers(wider)).toEqual(before)
  })
})

describe('sharded weights', () => {
  const MOST = { maxShardSize: 300 / 2 ** 30 }

  test('files of real Keras', async () => {
    const model = shardedModel()
    expect(await model.loadWeights(exchangeFile('w.weights.json'))).toEqual({ missing: [], unexpected: [] })
    await expectPredicted(model, told.shards)
  })

  test('the first save has the files and the index of Keras', async () => {
    const model = shardedModel()
    await model.loadWeights(exchangeFile('w.weights.json'))
    await model.saveWeights(at('w.weights.json'), MOST)
    const [ours, theirs] = [at('w.weights.json'), exchangeFile('w.weights.json')].map((path) =>
      JSON.parse(readFileSync(path, 'utf8')),
    )
    expect(ours).toEqual(theirs)
  })

  test('a later save leaves the set before whole until its index is there, and then removes it', async () => {
    const [model, other] = [shardedModel(), shardedModel()]
    await model.saveWeights(at('again.weights.json'), MOST)
    for (const one of [other, model, other]) {
      await one.saveWeights(at('again.weights.json'), MOST)
      const copy = shardedModel()
      await copy.loadWeights(at('again.weights.json'))
      expect(numbers(copy)).toEqual(numbers(one))
    }
    const index = JSON.parse(readFileSync(at('again.weights.json'), 'utf8'))
    const named = new Set(Object.values(index.weight_map as Record<string, string | string[]>).flat())
    const there = readdirSync(folder).filter((name) => name.startsWith('again_'))
    expect(there.filter((name) => !named.has(name))).toEqual(['again_00000.weights.h5'])
  })

  test.each([
    ['a name that leads elsewhere', { '/vars': '../x.weights.h5' }, /beside it, got \.\.\/x/],
    ['no map', undefined, /an index with a weight_map/],
    ['a map of something else', { '/vars': 3 }, /an index with a weight_map/],
  ])('%s is refused', async (_, map, message) => {
    writeFileSync(at('bad.weights.json'), JSON.stringify({ metadata: {}, weight_map: map }))
    await expect(shardedModel().loadWeights(at('bad.weights.json'))).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringMatching(message),
    })
  })

  test('one weight larger than a file may be', async () => {
    await expect(shardedModel().saveWeights(at('s.weights.json'), { maxShardSize: 1e-9 })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/maxShardSize/),
    })
  })
})

/** `.keras` files of real Keras with vocabularies beside the weights: opened and written again, they look up the same. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { config, type FerrogradError, input, loadModel, Model, ops, Sequential, type Tensor } from 'ferrograd'
import { Dense, Embedding, StringLookup, type TextVectorization } from 'ferrograd/layers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readZip, writeZip } from '../../ts/saving/archive.js'
import { caught } from '../caught.js'
import { expectClose, fixture, type Numbers } from '../oracle.js'

interface Case {
  readonly name: 'words' | 'texts'
  readonly x: { readonly shape: readonly [number, number]; readonly data: readonly never[] }
  readonly value: Numbers
  readonly vocabulary: readonly string[]
}

/** A whole model, trained for an epoch and saved; what three more made of it. */
interface Trained {
  readonly name: string
  readonly x: Data | Readonly<Record<string, Data>>
  readonly y: Numbers
  readonly fit: Readonly<Record<string, unknown>>
  readonly history: Readonly<Record<string, readonly number[]>>
  readonly after_weights: readonly Numbers[]
  readonly predict: Numbers
}

interface Data {
  readonly shape: readonly [number, number]
  readonly data: readonly (string | number)[]
}

const { cases, models } = fixture<Case>('lookup-files/lookups') as unknown as {
  readonly cases: readonly Case[]
  readonly models: readonly Trained[]
}
const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/lookup-files/${name}.keras`, import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-lookups-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Text goes into the layer itself. */
function ask(model: Model, { name, x: { shape, data } }: Case): Tensor {
  const [layer] = model.layers
  const rows = Array.from({ length: shape[0] }, (_, i) => data.slice(i * shape[1], (i + 1) * shape[1]))
  return name === 'words' ? (layer as StringLookup).lookUp(rows) : (layer as TextVectorization).vectorize(rows.flat())
}

function expectSame(model: Model, given: Case): void {
  const lookup = model.layers[0] as StringLookup | TextVectorization
  expect(lookup.getVocabulary().map(String)).toEqual(given.vocabulary)
  expectClose(ask(model, given).dataSync(), given.value, 1e-6, given.name)
}

test.each(cases)('$name', async (given) => {
  const model = (await loadModel(pathOf(given.name))) as Model
  expectSame(model, given)
  const path = join(folder, `${given.name}.keras`)
  await model.save(path)
  expectSame((await loadModel(path)) as Model, given)
})

describe('whole models that begin with a lookup, or take whole numbers of another width', () => {
  beforeAll(() => config.setFloatx('float64'))
  afterAll(() => config.setFloatx('float32'))

  const nested = ({ shape, data }: Data): unknown[] =>
    Array.from({ length: shape[0] }, (_, i) => data.slice(i * shape[1], (i + 1) * shape[1]))
  const inputsOf = (x: Trained['x']): never =>
    ('data' in x
      ? nested(x as Data)
      : Object.fromEntries(Object.entries(x).map(([name, one]) => [name, nested(one)]))) as never

  async function expectFurther(model: Model, given: Trained): Promise<void> {
    const x = inputsOf(given.x)
    const { history } = await model.fit(x, nested(given.y as never) as never, {
      epochs: 3,
      batchSize: 2,
      shuffle: false,
      verbose: 0,
    })
    for (const [name, values] of Object.entries(given.history))
      for (const [i, value] of values.entries()) expect(history[name]![i]).toBeCloseTo(value, 10)
    for (const [i, wanted] of given.after_weights.entries())
      expectClose(model.trainableWeights[i]!.dataSync(), wanted, 1e-10, `weight ${i}`)
    expectClose((await model.predict<Tensor>(x)).dataSync(), given.predict, 1e-10, 'predictions')
  }

  test.each(models)('$name: three epochs more are those of Keras', async (given) => {
    await expectFurther(await loadModel(pathOf(given.name)), given)
  })

  test.each(models)('$name: saved by us and opened again, they still are', async (given) => {
    const model = await loadModel(pathOf(given.name))
    const path = join(folder, `${given.name}.keras`)
    await model.save(path)
    const copy = await loadModel(path)
    expect(copy.toConfig()).toEqual(model.toConfig())
    await expectFurther(copy, given)
  })

  test('weights alone keep the weights of words', async () => {
    const [model, other] = [await loadModel(pathOf('words_tf_idf')), await loadModel(pathOf('words_tf_idf'))]
    const lookup = other.layers[0] as StringLookup
    lookup.setVocabulary(['[UNK]', 'red', 'blue'], [1, 2, 3])
    const path = join(folder, 'w.weights.h5')
    await model.saveWeights(path)
    expect(await other.loadWeights(path)).toEqual({ missing: [], unexpected: [] })
    expect(lookup.idfWeights!.map(Math.fround)).toEqual([0.3, 0.5, 1.25].map(Math.fround))
  })

  test('a stack that begins with text learns its shape from the data', async () => {
    const lookup = new StringLookup({ vocabulary: ['red', 'green'] })
    const model = new Sequential([lookup, new Embedding({ inputDim: 3, outputDim: 1 })]) as unknown as Model
    const y = await model.predict<Tensor>([
      ['red', 'pink'],
      ['green', 'red'],
    ] as never)
    const table = model.getWeights()[0]!.dataSync()
    expect([...y.dataSync()]).toEqual([1, 0, 2, 1].map((id) => table[id]))
    expect((model as unknown as Sequential).entrance!.getConfig()).toMatchObject({
      batch_shape: [null, 2],
      dtype: 'string',
    })
  })

  test('text where there is none, and none where there is', async () => {
    const text = input({ shape: [2], dtype: 'string' })
    const refused = (run: () => unknown, code: string, message: RegExp): void => {
      const error = caught(run) as FerrogradError
      expect(error.code).toBe(code)
      expect(error.message).toMatch(message)
    }
    const lookup = (): StringLookup => new StringLookup({ vocabulary: ['a'], name: 'words' })
    refused(
      () => new Dense({ units: 1, name: 'd' }).apply(text),
      'ERR_DTYPE',
      /^d input: expected numbers.*StringLookup/,
    )
    refused(() => ops.add(text, 1), 'ERR_DTYPE', /expected numbers/)
    refused(() => lookup().apply(input({ shape: [2] })), 'ERR_DTYPE', /^words input: expected text/)
    const [one, two] = [lookup().apply(text), new StringLookup({ vocabulary: ['b'] }).apply(text)]
    refused(() => new Model({ inputs: text, outputs: [one, two] }), 'ERR_CONFIG', /one layer that looks up its text/)
    const model = new Model({ inputs: text, outputs: one }) as unknown as Model
    const asked = (x: unknown): Promise<unknown> => model.predict(x as never)
    await expect(asked([[1, 2]])).rejects.toMatchObject({ code: 'ERR_DATA', message: expect.stringMatching(/a text/) })
    await expect(asked([['a']])).rejects.toMatchObject({
      code: 'ERR_SHAPE',
      message: expect.stringMatching(/samples, 2/),
    })
    await expect(asked(new Float32Array(4))).rejects.toMatchObject({ code: 'ERR_DATA' })
  })
})

test('real Keras has opened ours of each, and trained on to the same', () => {
  const { apart } = JSON.parse(readFileSync(pathOf('accepted').replace('.keras', '.json'), 'utf8')) as {
    readonly apart: Readonly<Record<string, number>>
  }
  expect(Object.keys(apart).sort()).toEqual([...cases, ...models].map(({ name }) => `${name}.keras`).sort())
  expect(Math.max(...Object.values(apart))).toBeLessThanOrEqual(1e-10)
})

describe('files that say one thing and hold another', () => {
  /** A file of Keras's with some of its members changed. */
  async function changed(name: string, change: (members: Map<string, Uint8Array | string>) => void): Promise<string> {
    const zip = await readZip(pathOf(name))
    const members = new Map<string, Uint8Array | string>(zip.names.map((one) => [one, zip.bytes(one)!]))
    change(members)
    const path = join(folder, 'changed.keras')
    await writeZip(path, members as never)
    return path
  }
  const vocabulary = (name: string, text: string): Promise<string> =>
    changed(name, (members) => {
      const key = [...members.keys()].find((one) => one.endsWith('vocabulary.txt'))!
      members.set(key, text)
    })

  test.each([
    [
      'fewer words than the graph was made for',
      'ids_graph',
      '-1\n7',
      /expected 5 entries, as the configuration says, got 2/,
    ],
    ['a word among ids', 'ids_graph', '-1\n7\nx\n3\n900', /expected a 32-bit integer on each line, got 'x'/],
    ['an id of more bits', 'ids_graph', '-1\n7\n4294967296\n3\n900', /32-bit integer on each line, got '4294967296'/],
    ['more words than weights', 'ids_tf_idf', '-1\n-1\n7\n3\n-4\n900\n5', /a weight for each of 7 entries/],
  ])('%s', async (_, name, text, message) => {
    await expect(loadModel(await vocabulary(name, text))).rejects.toMatchObject({
      message: expect.stringMatching(message),
    })
  })

  test('no weights of words', async () => {
    const path = await changed('ids_tf_idf', (members) => {
      const weights = Buffer.from(members.get('model.weights.h5') as Uint8Array)
      const at = weights.indexOf('idf_weights')
      weights.write('odd_weights', at)
      members.set('model.weights.h5', weights)
    })
    await expect(loadModel(path)).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringMatching(/an array layers\/integer_lookup\/vars\/idf_weights/),
    })
  })
})

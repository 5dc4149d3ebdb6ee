/** Weights alone, in and out of files: what does not match is refused by name, and nothing has changed then. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FerrogradError, input, loadModel, Model, ops, Sequential, type Tensor, tensor } from 'ferrograd'
import { Dense, Layer } from 'ferrograd/layers'
import { loadTensors, registerClass, saveTensors } from 'ferrograd/saving'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Member, readZip, writeZip } from '../../ts/saving/archive.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-weights-'))
  mkdirSync(at('dir.weights.h5'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const at = (name: string): string => join(folder, name)

function nested(units = 3): Model {
  const x = input({ shape: [2] })
  const inner = new Sequential([new Dense({ units, inputShape: [2], name: 'hidden' })], { name: 'encoder' })
  return new Model({ inputs: x, outputs: new Dense({ units: 1, name: 'head' }).apply(inner.apply(x)) })
}

const numbers = (model: Model): string[] => model.weights.map((weight) => `${weight.dataSync()}`)

describe.each(['w.weights.h5', 'w.safetensors'])('%s', (name) => {
  test('weights come back', async () => {
    const model = nested()
    await model.saveWeights(at(name))
    const other = nested()
    expect(numbers(other)).not.toEqual(numbers(model))
    expect(await other.loadWeights(at(name))).toEqual({ missing: [], unexpected: [] })
    expect(numbers(other)).toEqual(numbers(model))
  })

  test('another shape is refused with both, and nothing changes; skipMismatch leaves it', async () => {
    await nested().saveWeights(at(name))
    const wider = nested(4)
    const before = numbers(wider)
    await expect(wider.loadWeights(at(name))).rejects.toThrow(
      /encoder\/hidden\/kernel: expected shape \[2, 4\], got \[2, 3\]/,
    )
    expect(numbers(wider)).toEqual(before)
    const { missing } = await wider.loadWeights(at(name), { skipMismatch: true })
    expect(missing).toEqual(['encoder/hidden/kernel', 'encoder/hidden/bias', 'head/kernel'])
  })

  test('what the file lacks is named; strict: false loads what both have', async () => {
    const small = new Sequential([new Dense({ units: 3, inputShape: [2], name: 'hidden' })])
    await small.saveWeights(at(name))
    await expect(nested().loadWeights(at(name))).rejects.toMatchObject({
      code: expect.stringMatching(/ERR_FORMAT|ERR_SHAPE/),
    })
    const report = await nested().loadWeights(at(name), { strict: false, skipMismatch: true })
    expect(report.missing.length + report.unexpected.length).toBeGreaterThan(0)
  })
})

test('a whole model whose weights have another shape is refused without a word of options that loadModel has not', async () => {
  const model = new Sequential([new Dense({ units: 3, inputShape: [2], name: 'hidden' })])
  await model.save(at('m.keras'))
  const zip = await readZip(at('m.keras'))
  const members = new Map<string, Member>(zip.names.map((name) => [name, zip.bytes(name)!]))
  members.set('config.json', zip.text('config.json')!.replace(/"units": ?3/, '"units":4'))
  await writeZip(at('m.keras'), members)
  const error = await loadModel(at('m.keras')).then(
    () => expect.unreachable('it was loaded'),
    (reason: unknown) => reason as FerrogradError,
  )
  expect(error.message).toMatch(/hidden\/kernel.*: expected shape \[2, 4\], got \[2, 3\]/)
  expect(error.hint).toBeUndefined()
})

describe('weights of other types', () => {
  const model = (): Sequential => new Sequential([new Dense({ units: 2, inputShape: [1], name: 'd' })])
  const written = async (kernel: Tensor): Promise<string> => {
    await saveTensors(at('types.safetensors'), { 'd/kernel': kernel, 'd/bias': [0, 1] })
    return at('types.safetensors')
  }

  test('floats of the other width are rounded, as far as they fit', async () => {
    const one = model()
    await one.loadWeights(await written(tensor([[0.1, Number.NEGATIVE_INFINITY]], [1, 2], 'float64')))
    expect([...one.weights[0]!.dataSync()]).toEqual([Math.fround(0.1), Number.NEGATIVE_INFINITY])
    const before = numbers(one)
    await expect(one.loadWeights(await written(tensor([[1, -1e300]], [1, 2], 'float64')))).rejects.toMatchObject({
      code: 'ERR_DATA',
      message: expect.stringMatching(/d\/kernel: expected numbers that float32 holds, got -1e\+300/),
    })
    expect(numbers(one)).toEqual(before)
  })

  test.each(['int32', 'bool'] as const)('%s for a weight of floats is refused by name', async (dtype) => {
    await expect(model().loadWeights(await written(tensor([[1, 0]], [1, 2], dtype)))).rejects.toMatchObject({
      code: 'ERR_DTYPE',
      message: expect.stringContaining(`d/kernel: expected float32, got ${dtype}`),
    })
  })
})

test('weights come out of a whole model, without its configuration', async () => {
  const [model, other] = [nested(), nested()]
  model.compile({ optimizer: 'adam', loss: 'mse' })
  await model.trainOnBatch([[1, 2]], [[3]])
  await model.save(at('whole.keras'))
  expect(await other.loadWeights(at('whole.keras'))).toEqual({ missing: [], unexpected: [] })
  expect(numbers(other)).toEqual(numbers(model))
  await expect(nested(4).loadWeights(at('whole.keras'))).rejects.toMatchObject({ code: 'ERR_SHAPE' })
  await saveTensors(at('else.safetensors'), { a: 1 })
  await expect(other.loadWeights(at('else.safetensors'))).rejects.toMatchObject({ code: 'ERR_FORMAT' })
})

test('safetensors carry the names of layers', async () => {
  await nested().saveWeights(at('n.safetensors'))
  expect(Object.keys(await loadTensors(at('n.safetensors'))).sort()).toEqual([
    'encoder/hidden/bias',
    'encoder/hidden/kernel',
    'head/bias',
    'head/kernel',
  ])
})

describe('refused', () => {
  const model = (): Model => nested()
  test.each([
    ['another extension', () => model().save(at('m.h5')), 'ERR_CONFIG', /ends in \.keras, got/],
    ['no path', () => model().save(''), 'ERR_CONFIG', /the path of a file, got ''/],
    [
      'weights in an unknown format',
      () => model().saveWeights(at('w.bin')),
      'ERR_CONFIG',
      /\.weights\.h5 or \.weights\.json or \.safetensors/,
    ],
    ['a file that is not there', () => loadModel(at('none.keras')), 'ERR_IO', /none\.keras/],
    ['a directory', () => loadModel(folder), 'ERR_IO', /cannot read: is a directory/],
    ['a directory, to be written', () => model().saveWeights(at('dir.weights.h5')), 'ERR_IO', /cannot write: /],
    [
      'a folder that is not there',
      () => model().save(at('none/m.keras')),
      'ERR_IO',
      /none[\\/]m\.keras: cannot write: /,
    ],
    [
      'weights as a model',
      () => loadModel(at('w.safetensors')),
      'ERR_CONFIG',
      /loadModel\.path: expected a path of a whole model.*model\.loadWeights reads weights alone/,
    ],
    [
      'an unbuilt model',
      () => new Sequential([new Dense({ units: 1 })]).saveWeights(at('u.safetensors')),
      'ERR_STATE',
      /not built/,
    ],
    [
      'an unknown option',
      () => model().loadWeights(at('x.safetensors'), { byname: true } as never),
      'ERR_CONFIG',
      /unknown option 'byname'/,
    ],
  ])('%s', async (_, act, code, message) => {
    await expect(act()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  const readers: [string, string, (path: string) => Promise<unknown>][] = [
    ['loadModel', 'keras', loadModel],
    ['loadModel', 'h5', loadModel],
    ...['weights.h5', 'safetensors', 'keras', 'h5'].map(
      (ending): [string, string, (path: string) => Promise<unknown>] => [
        'loadWeights',
        ending,
        (path) => model().loadWeights(path),
      ],
    ),
    ['loadTensors', 'safetensors', loadTensors],
  ]
  test.each(readers)('%s of .%s: none, a directory, another format, each by what it is', async (_, ending, load) => {
    const refused = async (name: string, code: string, message: RegExp): Promise<void> =>
      await expect(load(at(`${name}.${ending}`))).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      })
    mkdirSync(at(`folder.${ending}`), { recursive: true })
    writeFileSync(at(`picture.${ending}`), Buffer.from('89504e470d0a1a0a0000000d', 'hex'))
    await refused('missing', 'ERR_IO', /missing.*cannot read: /)
    await refused('folder', 'ERR_IO', /folder.*cannot read: is a directory/)
    await refused('picture', 'ERR_FORMAT', /picture.*expected a file of .*, got one of PNG/)
  })

  test('a file of another format is called by its name', async () => {
    await saveTensors(at('t.safetensors'), { a: [1, 2] })
    await nested().save(at('real.keras'))
    await expect(nested().loadWeights(at('real.weights.h5'))).rejects.toMatchObject({ code: 'ERR_IO' })
    writeFileSync(at('fake.keras'), '{"not": "a zip"}')
    await expect(loadModel(at('fake.keras'))).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringMatching(/JSON/),
    })
  })

  test.each([
    ['declares weights that the file cannot fill', { units: 2 ** 30 }, /hidden.*at most the \d+ numbers/],
    ['nests too deep', { activation: 'DEEP' }, /at most 256 levels deep/],
    ['has another shape', { units: 5 }, /hidden\/kernel: expected shape \[2, 5\], got \[2, 3\]/],
  ])('a configuration that %s', async (_, change, message) => {
    await nested().save(at('sound.keras'))
    const zip = await readZip(at('sound.keras'))
    const config = JSON.parse(zip.text('config.json')!)
    Object.assign(config.config.layers[1].config.layers[1].config, change)
    const text = JSON.stringify(config).replace('"DEEP"', '['.repeat(5000) + ']'.repeat(5000))
    const members = [['config.json', text] as const, ['model.weights.h5', zip.bytes('model.weights.h5')!] as const]
    await writeZip(at('bad.keras'), new Map<string, string | Uint8Array>(members))
    await expect(loadModel(at('bad.keras'))).rejects.toMatchObject({
      code: expect.stringMatching(/ERR_FORMAT|ERR_SHAPE/),
      message: expect.stringMatching(message),
    })
  })

  test('a taken path, where it is not to be replaced', async () => {
    await nested().save(at('taken.keras'))
    await expect(nested().save(at('taken.keras'), { overwrite: false })).rejects.toMatchObject({ code: 'ERR_IO' })
  })

  /** A sound file with a text of a member changed. */
  async function changed(name: string, member: string, change: (text: string) => string): Promise<string> {
    await nested().save(at(name))
    const zip = await readZip(at(name))
    const members = new Map<string, Member>(zip.names.map((one) => [one, zip.bytes(one)!]))
    members.set(member, change(zip.text(member)!))
    await writeZip(at(name), members)
    return at(name)
  }

  test('a class that is not known: the nearest ones, and how to make it so', async () => {
    const renamed = (name: string): Promise<string> =>
      changed('class.keras', 'config.json', (text) => text.replace('"class_name":"Dense"', `"class_name":"${name}"`))
    await expect(loadModel(await renamed('Densse'))).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/got 'Densse'.*registerClass it first.*customObjects. Did you mean 'Dense'\?/),
    })
    await expect(loadModel(await renamed('MyMixture'))).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/customObjects\. The nearest of 1\d\d known: (\w+, ){4}\w+$/),
    })
  })

  test('what only a newer Keras knows, by its version', async () => {
    const path = await changed('newer.keras', 'config.json', (text) =>
      text.replace('"units":', '"new_thing":1,"units":'),
    )
    await expect(loadModel(path)).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringMatching(/got 'new_thing'\. Known: [a-z_, ]*$/),
    })
    const zip = await readZip(path)
    const members = new Map<string, Member>(zip.names.map((one) => [one, zip.bytes(one)!]))
    for (const [version, said] of [
      ['4.0.0', /got 'new_thing'.*newer\.keras is of Keras 4\.0\.0; files up to 3\.15 are known$/],
      ['3.16.0', /is of Keras 3\.16\.0/],
      ['3.9.2', /Known: [a-z_, ]*$/],
    ] as const) {
      await writeZip(path, members.set('metadata.json', JSON.stringify({ keras_version: version })))
      await expect(loadModel(path)).rejects.toMatchObject({ code: 'ERR_FORMAT', message: expect.stringMatching(said) })
    }
    for (const metadata of ['null', '{"keras_version":{}}', '{']) {
      await writeZip(path, members.set('metadata.json', metadata))
      await expect(loadModel(path)).rejects.toMatchObject({ code: 'ERR_FORMAT' })
    }
  })

  test('damage inside is said of the file', async () => {
    await nested().save(at('inside.keras'))
    const zip = await readZip(at('inside.keras'))
    const cut = zip.bytes('model.weights.h5')!.slice(0, 100)
    await writeZip(
      at('inside.keras'),
      new Map<string, Member>([
        ['config.json', zip.text('config.json')!],
        ['model.weights.h5', cut],
      ]),
    )
    await expect(loadModel(at('inside.keras'))).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringMatching(/inside\.keras model\.weights\.h5: hdf5: /),
    })
  })

  test("a class of one's own comes back by its registered name, or as it is passed", async () => {
    class Odd extends Layer {
      static override readonly className: string = 'Odd'
      override call(x: Tensor): Tensor {
        return ops.multiply(x, 3)
      }
    }
    const x = input({ shape: [2] })
    registerClass(Odd)
    await new Model({ inputs: x, outputs: new Odd().apply(x) }).save(at('odd.keras'))
    const copy = await loadModel(at('odd.keras'), { customObjects: { Odd } })
    expect(copy.layers[1]).toBeInstanceOf(Odd)
  })
})

test('save during a fit keeps one step, and the fit goes on', async () => {
  const model = new Sequential([new Dense({ units: 64, inputShape: [16] }), new Dense({ units: 1 })])
  model.compile({ optimizer: 'adam', loss: 'mse' })
  const rows = 4096
  const x = { values: Float32Array.from({ length: rows * 16 }, (_, i) => Math.sin(i)), shape: [rows, 16] }
  const y = { values: new Float32Array(rows).fill(1), shape: [rows, 1] }
  const stop = new AbortController()
  const running = model.fit(x, y, { epochs: 100_000, verbose: 0, signal: stop.signal })
  const steps = (): number => model.optimizer.iterations.dataSync()[0]!
  while (steps() === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  await model.save(at('during.keras'))
  for (const before = steps(); steps() === before; ) await new Promise((resolve) => setTimeout(resolve, 10))
  stop.abort()
  await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  const [saved, last] = [await loadModel(at('during.keras')), model].map(
    (one) => one.optimizer.variables[0]!.dataSync()[0]!,
  )
  expect(saved).toBeGreaterThan(0)
  expect(saved).toBeLessThan(last!)
})

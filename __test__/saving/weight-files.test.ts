/** Weights alone, in and out of files: what does not match is refused by name, and nothing has changed then. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FerrogradError, input, loadModel, Model, ops, Sequential, type Tensor } from 'ferrograd'
import { Dense, Layer } from 'ferrograd/layers'
import { loadTensors, registerClass, saveTensors } from 'ferrograd/saving'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Member, readZip, writeZip } from '../../ts/saving/archive.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-weights-'))
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
    ['a directory', () => loadModel(folder), 'ERR_IO', /./],
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

  test('a class that is not known, with the way to make it so', async () => {
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
  await new Promise((resolve) => setTimeout(resolve, 30))
  await model.save(at('during.keras'))
  stop.abort()
  await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  const [saved, last] = [await loadModel(at('during.keras')), model].map(
    (one) => one.optimizer.variables[0]!.dataSync()[0]!,
  )
  expect(saved).toBeGreaterThan(0)
  expect(saved).toBeLessThan(last!)
})

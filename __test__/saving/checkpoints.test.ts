/** Checkpoints of a fit: what is gone on from is what was, to the last bit; what cannot be gone on from is refused. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, type FitOptions, Sequential } from 'ferrograd'
import { EarlyStopping, ReduceLROnPlateau } from 'ferrograd/callbacks'
import { Dataset } from 'ferrograd/data'
import { BatchNormalization, Dense, Dropout } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { abortAt } from './abort-at.js'

const ROWS = 90
const x = { values: Float32Array.from({ length: ROWS * 3 }, (_, i) => Math.sin(i)), shape: [ROWS, 3] }
const y = { values: Float32Array.from({ length: ROWS }, (_, i) => Math.cos(i)), shape: [ROWS, 1] }

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ferrograd-checkpoints-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/** A model as a new process would make it; its own seeds and first weights differ each time. */
function fresh(units = 8): Sequential {
  const model = new Sequential([
    new Dense({ units, activation: 'tanh', inputShape: [3] }),
    new BatchNormalization(),
    new Dropout({ rate: 0.4 }),
    new Dense({ units: 1 }),
  ])
  model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'mse', metrics: ['mae'] })
  return model
}

const batches = (): Dataset<readonly [object, object]> =>
  Dataset.fromArrays({ x, y })
    .shuffle(40, 5)
    .batch(8)
    .map((batch) => [batch.x, batch.y] as const)

const folder = mkdtempSync(join(tmpdir(), 'ferrograd-checkpoints-rows-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'rows.csv')
const lines = Array.from(y.values, (target, i) => `${[...x.values.subarray(3 * i, 3 * i + 3)]},${target}\n`)
writeFileSync(path, `a,b,c,y\n${lines.join('')}`)

/** The same rows from a file, which is read again up to where the training was. */
const table = (): Dataset<readonly [object, object]> =>
  Dataset.csv(path, { schema: { a: 'float32', b: 'float32', c: 'float32', y: 'float32' } })
    .shuffle({ buffer: 20, seed: 5 })
    .inputsAndTarget(['a', 'b', 'c'], 'y')
    .batch(8)
    .map((batch) => [batch.x, batch.y] as const)

const bits = (model: Sequential): string[] => model.getWeights().map((weight) => `${[...weight.dataSync()]}`)

type Fit = (model: Sequential, options: FitOptions) => ReturnType<Sequential['fit']>
const fits: Readonly<Record<string, Fit>> = {
  arrays: (model, options) => model.fit(x, y, { batchSize: 8, validationSplit: 0.1, ...options }),
  'arrays with a number of steps': (model, options) => model.fit(x, y, { batchSize: 8, stepsPerEpoch: 7, ...options }),
  'a data set': (model, options) => model.fit(batches() as never, undefined, options),
  'a table in a file': (model, options) => model.fit(table() as never, undefined, options),
  'a data set with a number of steps': (model, options) =>
    model.fit(batches().repeat() as never, undefined, { stepsPerEpoch: 9, ...options }),
}

describe('a training that stops and goes on', () => {
  for (const [source, train] of Object.entries(fits)) {
    test.each([3, 6, 11, 12, 29])(`on ${source}, left in batch %i: the bits of one that was not`, async (batch) => {
      const options = (): FitOptions => ({
        epochs: 4,
        verbose: 0,
        callbacks: [
          new ReduceLROnPlateau({ monitor: 'loss', patience: 1, factor: 0.5, minDelta: 0.5 }),
          new EarlyStopping({ monitor: 'loss', patience: 2, restoreBestWeights: true }),
        ],
      })
      // The seeds of layers and orders are drawn from here, once.
      config.setSeed(3)
      const whole = fresh()
      const { history } = await train(whole, options())

      config.setSeed(3)
      const { signal, hook } = abortAt(batch)
      const checkpoint = { dir, everySteps: 2 }
      const first = { ...options(), checkpoint, signal }
      await train(fresh(), { ...first, callbacks: [...(first.callbacks as []), hook] }).catch(() => undefined)

      config.setSeed(99)
      const model = fresh()
      const resumed = await train(model, { ...options(), checkpoint })
      expect(bits(model)).toEqual(bits(whole))
      expect(resumed.history).toEqual(history)
    })
  }
})
describe('what is gone on from', () => {
  const run = (model: Sequential, options: FitOptions = {}): ReturnType<Sequential['fit']> =>
    model.fit(x, y, { epochs: 2, batchSize: 8, verbose: 0, checkpoint: { dir }, ...options })

  test('a training that is done is done', async () => {
    const model = fresh()
    await run(model)
    const again = fresh()
    const { history } = await run(again)
    expect(bits(again)).toEqual(bits(model))
    expect(history.loss).toHaveLength(2)
  })

  test('more epochs go on behind the last', async () => {
    await run(fresh())
    const { epoch } = await run(fresh(), { epochs: 4 })
    expect(epoch).toEqual([0, 1, 2, 3])
  })

  test('resume: false begins anew, and what it writes is what comes next', async () => {
    await run(fresh())
    const anew = fresh()
    const { history } = await run(anew, { resume: false, epochs: 1 })
    expect(history.loss).toHaveLength(1)
    const next = fresh()
    await run(next, { epochs: 1 })
    expect(bits(next)).toEqual(bits(anew))
  })

  test.each([true, false])('resume: a path goes on from that one; checkpoints are written: %s', async (writes) => {
    const whole = fresh()
    await run(whole, { epochs: 4, checkpoint: { dir, keep: 9 } })
    const before = readdirSync(dir)
    // After each epoch; the end is that of the last.
    expect(before).toHaveLength(4)
    const [seen, again] = [[] as number[], fresh()]
    const { history } = await again.fit(x, y, {
      epochs: 4,
      batchSize: 8,
      verbose: 0,
      resume: join(dir, before[1]!),
      callbacks: { onEpochBegin: (epoch) => void seen.push(epoch) },
      ...(writes && { checkpoint: { dir, keep: 9 } }),
    })
    expect(seen).toEqual([2, 3])
    expect(bits(again)).toEqual(bits(whole))
    expect(history.loss).toHaveLength(4)
    expect(readdirSync(dir).length > 4).toBe(writes)
  })

  test('resume: a path that is none, or of another file, is refused, and the model is as it was', async () => {
    await run(fresh())
    await fresh().save(join(dir, 'm.keras'))
    const model = fresh()
    const before = bits(model)
    for (const [path, code, message] of [
      [join(dir, 'none'), 'ERR_IO', /none: cannot read: /],
      [dir, 'ERR_IO', /cannot read: is a directory/],
      [join(dir, 'm.keras'), 'ERR_FORMAT', /m\.keras: expected a file of checkpoint, got one of zip/],
    ] as const) {
      const expected = { code, message: expect.stringMatching(message) }
      await expect(run(model, { resume: path })).rejects.toMatchObject(expected)
      await expect(model.fit(x, y, { verbose: 0, resume: path })).rejects.toMatchObject(expected)
    }
    const path = join(dir, readdirSync(dir)[0]!)
    const other = fresh(9).fit(x, y, { epochs: 2, batchSize: 8, verbose: 0, resume: path })
    await expect(other).rejects.toMatchObject({ code: 'ERR_STATE', message: expect.stringMatching(/was 8 and is 9/) })
    expect(bits(model)).toEqual(before)
  })

  test('a directory that is a file, and a file of a newer version', async () => {
    await run(fresh())
    const [file, newer] = [join(dir, 'file'), join(dir, 'newer')]
    writeFileSync(file, 'x')
    const bytes = readFileSync(join(dir, readdirSync(dir).find((name) => name.startsWith('checkpoint'))!))
    writeFileSync(newer, Buffer.from(bytes).fill(9, 8, 9))
    const model = fresh()
    const before = bits(model)
    await expect(run(model, { checkpoint: { dir: file } })).rejects.toMatchObject({ code: 'ERR_IO' })
    await expect(run(model, { resume: newer })).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringMatching(/newer: checkpoint: expected version 2, got 9, of a newer ferrograd/),
    })
    expect(bits(model)).toEqual(before)
  })

  test('the last few are kept', async () => {
    await run(fresh(), { epochs: 9, checkpoint: { dir, keep: 2 } })
    expect(readdirSync(dir)).toHaveLength(2)
  })

  test('another model is refused, and the difference named', async () => {
    await run(fresh())
    await expect(run(fresh(9))).rejects.toThrow(
      /of another training: model\.config\.layers\[1\]\.config\.units was 8 and is 9/,
    )
  })

  test('other data are refused', async () => {
    await run(fresh())
    const other = { values: x.values.map((value) => value + 1), shape: x.shape }
    const again = fresh().fit(other, y, { epochs: 2, batchSize: 8, verbose: 0, checkpoint: { dir } })
    await expect(again).rejects.toThrow(/another training: data\[0\]\.checksum/)
  })

  test('a damaged one is passed over, with a warning', async () => {
    const model = fresh()
    await run(model, { epochs: 2, checkpoint: { dir, keep: 5 } })
    const newest = join(dir, readdirSync(dir).sort().at(-1)!)
    const bytes = readFileSync(newest)
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(newest, bytes)
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const again = fresh()
    await run(again)
    expect(bits(again)).toEqual(bits(model))
    expect((await warned).message).toMatch(/not whole and was passed over/)
  })

  test.each([
    [{ checkpoint: { dir: '' } }, /fit\.checkpoint\.dir: expected a non-empty string/],
    [{ checkpoint: { dir: 'd', everySteps: 0 } }, /fit\.checkpoint\.everySteps: expected an integer ≥ 1, got 0/],
    [{ checkpoint: { dir: 'd', every: 3 } }, /unknown option 'every'/],
    [{ resume: true }, /fit\.resume: expected 'auto', the path of a checkpoint, or false, got true/],
  ])('%o is refused', async (options, message) => {
    await expect(run(fresh(), options as FitOptions)).rejects.toThrow(message)
  })
})

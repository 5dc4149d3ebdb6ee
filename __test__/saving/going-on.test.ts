/** What a training goes on with: when checkpoints are written, what callbacks remember, sources that cannot seek, a full disk. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { config, type FitOptions, loadModel, ops, Sequential, type Tensor, type Variable } from 'ferrograd'
import { BackupAndRestore, CSVLogger, type Hooks, ModelCheckpoint, SwapEMAWeights } from 'ferrograd/callbacks'
import { Dataset } from 'ferrograd/data'
import { Dense, Dropout, Layer } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCheckpoint } from '../../ts/saving/archive.js'
import { abortAt } from './abort-at.js'

const ROWS = 48
const x = { values: Float32Array.from({ length: ROWS * 3 }, (_, i) => Math.sin(i)), shape: [ROWS, 3] }
const y = { values: Float32Array.from({ length: ROWS }, (_, i) => Math.cos(i)), shape: [ROWS, 1] }

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ferrograd-going-on-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }), 60_000)

function fresh(seed: number): Sequential {
  config.setSeed(seed)
  const model = new Sequential([
    new Dense({ units: 6, activation: 'tanh', inputShape: [3] }),
    new Dropout({ rate: 0.3 }),
    new Dense({ units: 1 }),
  ])
  model.compile({ optimizer: new Adam({ learningRate: 0.02, useEma: true, emaMomentum: 0.8 }), loss: 'mse' })
  return model
}

const bits = (model: Sequential): string[] => model.weights.map((weight) => `${[...weight.dataSync()]}`)

type Train = (model: Sequential, options: FitOptions) => ReturnType<Sequential['fit']>

/** The same training whole, and left behind a batch and gone on with. */
async function wholeAndResumed(
  train: Train,
  options: (name: string) => FitOptions,
  batch: number,
): Promise<readonly [Sequential, Sequential, unknown, unknown]> {
  const checkpoint = { dir: join(dir, 'checkpoints'), everySteps: 2 }
  const whole = fresh(3)
  const { history } = await train(whole, { ...options('whole'), epochs: 4, verbose: 0 })
  const { signal, hook } = abortAt(batch)
  const first = { ...options('resumed'), epochs: 4, verbose: 0 as const, checkpoint, signal }
  await expect(
    train(fresh(3), { ...first, callbacks: [...((first.callbacks as Hooks[] | undefined) ?? []), hook] }),
  ).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  const resumed = fresh(99)
  const again = await train(resumed, { ...options('resumed'), epochs: 4, verbose: 0, checkpoint })
  return [whole, resumed, history, again.history]
}

describe('when checkpoints are written', () => {
  const points = async (): Promise<{ epoch: number; step: number }[]> => {
    const names = readdirSync(dir).sort()
    const read = names.map(async (name) => JSON.parse((await readCheckpoint(join(dir, name))).text) as { point: never })
    return (await Promise.all(read)).map(({ point }) => point)
  }
  const run = (checkpoint: object): Promise<unknown> =>
    Promise.resolve(
      fresh(1).fit(x, y, { epochs: 5, batchSize: 8, verbose: 0, checkpoint: { dir, keep: 99, ...checkpoint } }),
    )

  test('everyEpochs: behind every so many, and at the end', async () => {
    await run({ everyEpochs: 2 })
    expect(await points()).toEqual([2, 4, 5].map((epoch) => ({ epoch, step: 0 })))
  })

  test('everySeconds: within epochs, too; never where the time is long', async () => {
    await run({ everySeconds: 1e-9 })
    expect((await points()).some(({ step }) => step > 0)).toBe(true)
    for (const name of readdirSync(dir)) rmSync(join(dir, name))
    await run({ everySeconds: 1e6 })
    expect(await points()).toEqual([{ epoch: 5, step: 0 }])
  })
})

test.each([3, 8, 13])('callbacks that have a state, left in batch %i', async (batch) => {
  const options = (name: string): FitOptions => ({
    batchSize: 8,
    validationData: [x, y],
    callbacks: [
      new CSVLogger({ filename: join(dir, `${name}.csv`) }),
      new ModelCheckpoint({
        filepath: join(dir, `${name}.weights.h5`),
        saveBestOnly: true,
        saveWeightsOnly: true,
        monitor: 'val_loss',
        initialValueThreshold: 1,
      }),
      new SwapEMAWeights(),
    ],
  })
  const [whole, resumed, history, again] = await wholeAndResumed((model, all) => model.fit(x, y, all), options, batch)
  expect(bits(resumed)).toEqual(bits(whole))
  expect(again).toEqual(history)
  expect(readFileSync(join(dir, 'resumed.csv'), 'utf8')).toBe(readFileSync(join(dir, 'whole.csv'), 'utf8'))
  const best = await Promise.all(
    ['whole', 'resumed'].map(async (name) => {
      const model = fresh(1)
      await model.loadWeights(join(dir, `${name}.weights.h5`))
      return bits(model)
    }),
  )
  expect(best[1]).toEqual(best[0])
})

function* batches(): Generator<unknown> {
  for (let at = 0; at < ROWS; at += 8)
    yield [
      { values: x.values.subarray(at * 3, (at + 8) * 3), shape: [8, 3] },
      { values: y.values.subarray(at, at + 8), shape: [8, 1] },
    ]
}
const sources: Readonly<Record<string, () => unknown>> = {
  'a generator': () => batches,
  'what is behind filter': () =>
    Dataset.fromArrays({ x, y })
      .filter(({ y }) => ((y as { values: ArrayLike<number> }).values[0] ?? 0) > -0.9)
      .shuffle(16, 5)
      .batch(8),
}

for (const [source, make] of Object.entries(sources)) {
  test.each([3, 7])(`${source}, left in batch %i: the bits of a training that was not`, async (batch) => {
    const train: Train = (model, options) => model.fit(make() as never, undefined, options)
    const [whole, resumed, history, again] = await wholeAndResumed(train, () => ({}), batch)
    expect(bits(resumed)).toEqual(bits(whole))
    expect(again).toEqual(history)
  })
}

test('save during a fit has one step of all weights', async () => {
  /** Sixteen weights with a gradient of 1 at each step: after n steps all are −n. */
  class Counting extends Layer {
    counts: Variable[] = []
    override build(): void {
      this.counts = Array.from({ length: 16 }, (_, i) =>
        this.addWeight({ name: `count_${i}`, shape: [500], initializer: 'zeros' }),
      )
    }
    override call(x: Tensor): Tensor {
      const sums = this.counts.map((count) => ops.sum(count.read()))
      return ops.add(
        ops.multiply(x, 0),
        sums.reduce((all, one) => ops.add(all, one)),
      )
    }
  }
  const model = new Sequential([new Counting({ inputShape: [1] })])
  const mean = (_: Tensor, yPred: Tensor): Tensor => ops.mean(yPred, { axis: -1 })
  model.compile({ optimizer: { class_name: 'SGD', config: { learning_rate: 1 } } as never, loss: mean })
  const stop = new AbortController()
  const data = { values: new Float32Array(64), shape: [64, 1] }
  const running = model.fit(data, data, { epochs: 1_000_000, batchSize: 4, verbose: 0, signal: stop.signal })
  const ended = expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  const seen = new Set<number>()
  for (let i = 0; i < 6; i++) {
    await model.save(join(dir, `${i}.keras`))
    const copy = await loadModel(join(dir, `${i}.keras`), { customObjects: { Counting, mean } })
    const numbers = new Set(copy.weights.flatMap((weight) => [...weight.dataSync()]))
    expect([...numbers]).toEqual([-copy.optimizer.iterations.dataSync()[0]! || 0])
    seen.add([...numbers][0]!)
  }
  stop.abort()
  await ended
  expect(seen.size).toBeGreaterThan(1)
})

/** What bounds the files of a process is a command of this shell. */
const noShell = process.platform !== 'linux' || spawnSync('bash', ['-c', 'true']).status !== 0

test.skipIf(noShell)('a full disk: ERR_IO, and the checkpoint before goes on', () => {
  const child = fileURLToPath(new URL('./full-disk-child.mjs', import.meta.url))
  const run = (epochs: number, limit: string): unknown => {
    const command = `trap '' XFSZ; ${limit} exec "$0" "$@"`
    const { stdout } = spawnSync('bash', ['-c', command, process.execPath, child, join(dir, 'c'), `${epochs}`])
    return JSON.parse(String(stdout))
  }
  expect(run(1, '')).toEqual({ code: null, epochs: 1 })
  const names = readdirSync(join(dir, 'c'))
  const before = names.map((name) => readFileSync(join(dir, 'c', name)))
  expect(run(3, 'ulimit -f 32;')).toMatchObject({ code: 'ERR_IO' })
  expect(readdirSync(join(dir, 'c'))).toEqual(names)
  expect(names.map((name) => readFileSync(join(dir, 'c', name)))).toEqual(before)
  expect(run(3, '')).toEqual({ code: null, epochs: 3 })
})

test('BackupAndRestore without options is refused by name', () => {
  expect(() => new (BackupAndRestore as unknown as new () => object)()).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/BackupAndRestore\.backupDir: is required/),
    }),
  )
})

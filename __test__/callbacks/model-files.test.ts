/** ModelCheckpoint with files: where they are, how they are called, and that they are what was trained. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadModel, Sequential } from 'ferrograd'
import { BackupAndRestore, ModelCheckpoint, type ModelCheckpointOptions } from 'ferrograd/callbacks'
import { Dense } from 'ferrograd/layers'
import { SGD } from 'ferrograd/optimizers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ferrograd-model-files-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const steps = 4
/** `w ← w + 1` a step, from 0: the loss of an epoch, and its validation, are known. */
async function fitted(options: ModelCheckpointOptions, epochs = 3): Promise<ModelCheckpoint> {
  const callback = new ModelCheckpoint(options)
  const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })])
  model.compile({ optimizer: new SGD({ learningRate: 1 }), loss: 'mae' })
  const [x, y] = [new Array(steps).fill([1]), new Array(steps).fill([100])]
  await model.fit(x, y, { epochs, batchSize: 1, verbose: 0, validationData: [[[1]], [[9.5]]], callbacks: [callback] })
  return callback
}
const names = (folder = dir): string[] => readdirSync(folder).sort()
const weightIn = async (name: string): Promise<number> =>
  (await loadModel(join(dir, name))).getWeights()[0]!.dataSync()[0]!

describe('the name', () => {
  test.each([
    ['w-{epoch:02d}-{val_loss:.4f}.keras', ['w-01-5.5000.keras', 'w-02-1.5000.keras', 'w-03-2.5000.keras']],
    ['{epoch}-{valLoss:06.2f}.keras', ['1-005.50.keras', '2-001.50.keras', '3-002.50.keras']],
    ['{epoch}-{loss:.1e}.keras', ['1-9.9e+01.keras', '2-9.5e+01.keras', '3-9.1e+01.keras']],
  ])('%s', async (pattern, wanted) => {
    await fitted({ filepath: join(dir, pattern) })
    expect(names()).toEqual(wanted)
  })

  test('of every so many batches has their number, over epochs on', async () => {
    await fitted({ filepath: join(dir, '{epoch}-{batch}.keras'), saveFreq: 3 })
    expect(names()).toEqual(['1-3.keras', '2-2.keras', '3-1.keras', '3-4.keras'])
    expect([await weightIn('1-3.keras'), await weightIn('3-1.keras')]).toEqual([3, 9])
  })

  test('that no log has, or that Python would not read, is refused by name', async () => {
    await expect(fitted({ filepath: join(dir, '{epoch}-{val_los}.keras') })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/names of epoch, loss, val_loss, got 'val_los'; did you mean 'val_loss'\?/),
    })
    expect(() => new ModelCheckpoint({ filepath: 'w-{epoch:02x.keras' })).toThrow(/a pattern as Python writes it/)
    expect(() => new ModelCheckpoint({ filepath: 'w.h5' })).toThrow(/a path that ends in \.keras/)
    expect(() => new ModelCheckpoint({ filepath: 'w.keras', saveWeightsOnly: true })).toThrow(/\.weights\.h5 or/)
  })
})

test('the folder is made where it is not there, and is refused where it is a file', async () => {
  await fitted({ filepath: join(dir, 'runs/{epoch}/w.weights.h5'), saveWeightsOnly: true }, 2)
  expect([names(join(dir, 'runs')), names(join(dir, 'runs/2'))]).toEqual([['1', '2'], ['w.weights.h5']])
  writeFileSync(join(dir, 'file'), '')
  await expect(fitted({ filepath: join(dir, 'file/w.keras') })).rejects.toMatchObject({
    code: 'ERR_IO',
    message: expect.stringMatching(/file: cannot make: /),
  })
})

test('the best alone is written, from the first that beats a threshold on', async () => {
  const best = await fitted({ filepath: join(dir, 'best.keras'), saveBestOnly: true })
  expect([best.epoch, best.best, best.path]).toEqual([1, 1.5, join(dir, 'best.keras')])
  expect(await weightIn('best.keras')).toBe(8)
  await fitted({ filepath: join(dir, 'high.keras'), saveBestOnly: true, initialValueThreshold: 2 })
  expect(await weightIn('high.keras')).toBe(8)
  const none = await fitted({ filepath: join(dir, 'no.keras'), saveBestOnly: true, initialValueThreshold: 0.5 })
  expect([none.path, existsSync(join(dir, 'no.keras'))]).toEqual([undefined, false])
  const most = await fitted({ filepath: join(dir, 'most.keras'), saveBestOnly: true, mode: 'max' })
  expect([most.epoch, most.best]).toEqual([0, 5.5])
})

describe('BackupAndRestore', () => {
  const run = async (options: { deleteCheckpoint?: boolean; saveFreq?: number }, dies?: number): Promise<number[]> => {
    const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })])
    model.compile({ optimizer: new SGD({ learningRate: 1 }), loss: 'mae' })
    const seen: number[] = []
    const hooks = {
      onTrainBatchEnd: () => {
        seen.push(model.getWeights()[0]!.dataSync()[0]!)
        if (seen.length === dies) throw new Error('dies')
      },
    }
    const backup = new BackupAndRestore({ backupDir: join(dir, 'backup'), ...options })
    const [x, y] = [new Array(steps).fill([1]), new Array(steps).fill([100])]
    await model
      .fit(x, y, { epochs: 3, batchSize: 1, verbose: 0, callbacks: [backup, hooks] })
      .catch((error: unknown) => expect((error as Error).message).toBe('dies'))
    return seen
  }

  test('goes on behind the last epoch, and its files go with the end', async () => {
    expect(await run({}, 6)).toEqual([1, 2, 3, 4, 5, 6])
    expect(names(join(dir, 'backup'))).toHaveLength(1)
    expect(await run({})).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
    expect(existsSync(join(dir, 'backup'))).toBe(false)
  })

  test('every so many batches, amid an epoch; files stay where they are to', async () => {
    const seen = await run({ saveFreq: 3 }, 7)
    const then = await run({ saveFreq: 3, deleteCheckpoint: false })
    expect(then[0]).toBeGreaterThan(3)
    expect(then[0]).toBeLessThanOrEqual(seen.length + 1)
    expect(then.at(-1)).toBe(12)
    expect(names(join(dir, 'backup')).length).toBeGreaterThan(0)
    expect(await run({ saveFreq: 3 })).toEqual([])
  })
})

/** The same bits: at any number of threads, again with the same seed, and beside other trainings. */
import { config } from 'ferrograd'
import { afterEach, describe, expect, test } from 'vitest'
import { bits, heavy, noise } from './busy.js'

const x = noise(150, 96)
const y = Float32Array.from({ length: 150 }, (_, i) => Math.cos(i))

async function train(seed = 7): Promise<{ weights: Float32Array; history: object; predictions: unknown }> {
  const model = heavy(96, seed)
  const { history } = await model.fit(x, y, {
    epochs: 2,
    batchSize: 64,
    validationSplit: 0.2,
    sampleWeight: Float32Array.from(y, (_, i) => 1 + (i % 3)),
    verbose: 0,
  })
  return { weights: bits(model), history, predictions: await (await model.predict(x)).data() }
}

afterEach(() => config.setThreads(0))

describe('a training with dropout, shuffling and a short last batch', () => {
  test('has the same bits at 1, 2, 3, 4 and 8 threads', async () => {
    config.setThreads(1)
    const one = await train()
    for (const threads of [2, 3, 4, 8]) {
      config.setThreads(threads)
      expect(config.threads()).toBe(threads)
      expect(await train()).toEqual(one)
    }
  })

  test('has the same bits again, and others with another seed', async () => {
    const first = await train()
    expect(await train()).toEqual(first)
    expect((await train(8)).weights).not.toEqual(first.weights)
  })

  test('has the same bits beside others, that use other numbers of threads', async () => {
    const alone = await train()
    const fits = []
    for (const threads of [1, 3, 4]) {
      config.setThreads(threads)
      fits.push(train())
    }
    expect(await Promise.all(fits)).toEqual([alone, alone, alone])
  })
})

/** A training may end at any moment, by a signal or by an error of the user's; the model is then whole and free. */
import { config } from 'ferrograd'
import { expect, test } from 'vitest'
import { classifier, pause, points, weightsOf } from '../training/models.js'
import { bits, heavy, noise } from './busy.js'

const { x, y } = points()
const quiet = { verbose: 0 } as const
const aborted = { code: 'ERR_ABORTED' }

/** The weights after each step of a training, the last of them those after its end. */
async function stepwise(steps: number): Promise<number[][][]> {
  const model = classifier()
  const after = [weightsOf(model)]
  const note = { onTrainBatchEnd: () => void after.push(weightsOf(model)) }
  await model.fit(x, y, { batchSize: 16, epochs: steps / 4, shuffle: false, ...quiet, callbacks: note })
  return after
}

test.each([
  ['onTrainBegin', 0],
  ['onEpochBegin', 0],
  ['onTrainBatchBegin', 0],
  ['onTrainBatchEnd', 1],
  ['onEpochEnd', 4],
])('aborted in %s: the weights are those after %i whole steps', async (hook, steps) => {
  const known = await stepwise(8)
  const model = classifier()
  const stop = new AbortController()
  const callbacks = { [hook]: () => stop.abort() }
  const run = model.fit(x, y, { batchSize: 16, epochs: 2, shuffle: false, ...quiet, signal: stop.signal, callbacks })
  await expect(run).rejects.toMatchObject(aborted)
  expect(weightsOf(model)).toEqual(known[steps])
  await model.fit(x, y, quiet)
})

test('aborted after the end, or twice: nothing changes', async () => {
  const stop = new AbortController()
  const model = classifier()
  await model.fit(x, y, { ...quiet, signal: stop.signal })
  const before = weightsOf(model)
  stop.abort()
  stop.abort()
  await pause()
  expect(weightsOf(model)).toEqual(before)
  await expect(model.fit(x, y, { ...quiet, signal: stop.signal })).rejects.toMatchObject(aborted)
  await expect(model.predict(x, { signal: stop.signal })).rejects.toMatchObject(aborted)
  await expect(model.evaluate(x, y, { signal: stop.signal })).rejects.toMatchObject(aborted)
  expect(weightsOf(model)).toEqual(before)
  await model.fit(x, y, quiet)
})

test('aborted amid the steps of a long epoch, it ends within a step, and the next training goes on', async () => {
  const rows = 4096
  const model = heavy(64)
  const data = noise(rows, 64)
  const targets = new Float32Array(rows)
  const stop = new AbortController()
  const run = model.fit(data, targets, { epochs: 1_000_000, batchSize: 8, ...quiet, signal: stop.signal })
  await pause(100)
  const start = performance.now()
  stop.abort()
  await expect(run).rejects.toMatchObject(aborted)
  const took = performance.now() - start
  expect(took).toBeLessThan(500)
  expect(bits(model).every(Number.isFinite)).toBe(true)
  await model.fit(data, targets, { ...quiet, batchSize: 1024 })
})

test('signals keep no listeners of trainings that have ended', async () => {
  const stop = new AbortController()
  let listeners = 0
  const { signal } = stop
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...args)
  }
  const model = classifier()
  const callbacks = { onTrainBatchEnd: () => pause() }
  for (let i = 0; i < 3; i++) await model.fit(x, y, { ...quiet, signal, epochs: 2, validationSplit: 0.5, callbacks })
  expect(listeners).toBe(0)
})

test.each([
  'onTrainBegin',
  'onEpochBegin',
  'onTrainBatchBegin',
  'onTrainBatchEnd',
  'onTestBegin',
  'onTestBatchEnd',
  'onEpochEnd',
  'onTrainEnd',
])('an error thrown in %s is what the training rejects with, stack and all', async (hook) => {
  const model = classifier()
  const mine = new RangeError('mine')
  const { stack } = mine
  const throwing = {
    [hook]: () => {
      throw mine
    },
  }
  const options = { epochs: 2, validationSplit: 0.5, ...quiet }
  const error = await model.fit(x, y, { ...options, callbacks: throwing }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBe(mine)
  expect((error as Error).stack).toBe(stack)
  expect(stack).toContain('cancellation.test')
  await model.fit(x, y, options)
})

test('callbacks that return promises are waited for, in every hook', async () => {
  const order: string[] = []
  const slow = (name: string): (() => Promise<void>) => {
    return async () => {
      order.push(`${name} begins`)
      await pause(2)
      order.push(`${name} ends`)
    }
  }
  const hooks = ['onTrainBegin', 'onEpochBegin', 'onTrainBatchBegin', 'onTrainBatchEnd', 'onEpochEnd', 'onTrainEnd']
  const callbacks = Object.fromEntries(hooks.map((hook) => [hook, slow(hook)]))
  await classifier().fit(x, y, { batchSize: 64, ...quiet, callbacks })
  expect(order).toEqual(hooks.flatMap((hook) => [`${hook} begins`, `${hook} ends`]))
})

test('leaving the loop over a training ends it after a whole step', async () => {
  config.setSeed(1)
  const model = classifier()
  for await (const { epoch } of model.fit(x, y, { epochs: 1000, ...quiet })) if (epoch === 2) break
  const before = weightsOf(model)
  await pause(10)
  expect(weightsOf(model)).toEqual(before)
  await model.fit(x, y, quiet)
})

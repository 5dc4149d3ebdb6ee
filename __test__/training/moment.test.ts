/** Each call works on the values that held when it was made, however large the model and whatever is assigned next. */
import { config, jit, type Model, Sequential, type Tensor, tensor } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { beforeAll, describe, expect, test } from 'vitest'
import { pause } from './models.js'

const rows = 1024
const values = Float32Array.from({ length: 2 * rows }, (_, i) => Math.sin(i + 1))
const x = { values, shape: [rows, 2] }
const y = new Float32Array(rows).fill(1)
/** The same as four batches. */
const batches = [0, 1, 2, 3].map((i) => ({
  x: { values: values.slice(i * 512, (i + 1) * 512), shape: [256, 2] },
  y: y.slice(0, 256),
}))

/** 2-512-512-1: a step of it takes long enough to go to a thread. */
function large(): Model {
  config.setSeed(1)
  const model = new Sequential([
    new Dense({ units: 512, activation: 'tanh', inputShape: [2] }),
    new Dense({ units: 512, activation: 'tanh' }),
    new Dense({ units: 1 }),
  ])
  model.compile({ optimizer: 'sgd', loss: 'mse' })
  return model
}

type Call = (model: Model) => Promise<unknown>
const numbers = async (given: Tensor | Tensor[]): Promise<number[]> => [...(await (given as Tensor).data())]
const forward = new WeakMap<Model, (x: Tensor) => Promise<Tensor>>()

/** Calls that are all but over when they return: what is done next must not matter to them. */
const calls: Readonly<Record<string, Call>> = {
  predict: async (model) => numbers(await model.predict(x, { batchSize: 256 })),
  'predict with a last batch of its own': async (model) => numbers(await model.predict(x, { batchSize: 300 })),
  'predict with hooks': async (model) =>
    numbers(await model.predict(x, { batchSize: 256, callbacks: { onPredictBegin() {}, onPredictBatchEnd() {} } })),
  'predict of a stream': async (model) => numbers(await model.predict(() => batches.map(({ x }) => ({ x })))),
  predictOnBatch: async (model) => numbers(await model.predictOnBatch(x)),
  evaluate: (model) => model.evaluate(x, y, { batchSize: 256 }),
  'evaluate with hooks': (model) =>
    model.evaluate(x, y, { batchSize: 256, callbacks: { onTestBegin() {}, onTestBatchEnd() {} } }),
  'evaluate of a stream': (model) => model.evaluate(() => batches),
  testOnBatch: (model) => model.testOnBatch(x, y),
  jit: async (model) => numbers(await forward.get(model)!(tensor(values, [rows, 2]))),
  getWeights: async (model) => {
    const weights = model.getWeights()
    await pause()
    return weights.map((weight) => [...weight.dataSync()])
  },
}

/** What may come next. */
const changes: Readonly<Record<string, (model: Model) => unknown>> = {
  setWeights: (model) => model.setWeights(model.getWeights().map((weight) => weight.mul(0))),
  assign: (model) => model.weights[2]!.assign(model.weights[2]!.read().mul(0)),
  'jit that assigns': (model) => zero.get(model)!(),
}
const busies: typeof changes = {
  fit: (model) => model.fit(x, y, { epochs: 1, verbose: 0 }),
  trainOnBatch: (model) => model.trainOnBatch(x, y),
}
const zero = new WeakMap<Model, () => Promise<unknown>>()

async function warm(call: Call): Promise<{ model: Model; wanted: unknown }> {
  const model = large()
  forward.set(
    model,
    jit((x: Tensor) => model.apply(x) as Tensor),
  )
  zero.set(
    model,
    jit(() => model.weights[2]!.assign(model.weights[2]!.read().mul(0))),
  )
  const weights = model.getWeights()
  await zero.get(model)!()
  await model.trainOnBatch(x, y)
  model.setWeights(weights)
  await call(model)
  return { model, wanted: await call(model) }
}

describe.each(Object.entries(calls))('%s', (name, call) => {
  test('is of the weights that held, whatever comes next', async () => {
    const { model, wanted } = await warm(call)
    const weights = model.getWeights()
    const all = { ...changes, ...(/evaluate|test/.test(name) ? {} : busies) }
    for (const [what, change] of Object.entries(all)) {
      const pending = call(model)
      const changed = change(model)
      expect(await pending, what).toEqual(wanted)
      await changed
      expect(await call(model), `${what}, afterwards`).not.toEqual(wanted)
      model.setWeights(weights)
      expect(await call(model), `after ${what} was undone`).toEqual(wanted)
    }
  })

  test('after runs that are in flight, is of what they leave', async () => {
    const { model, wanted } = await warm(call)
    const weights = model.getWeights()
    const changed = zero.get(model)!()
    const pending = call(model)
    model.setWeights(weights)
    const then = await pending
    await changed
    expect(then).not.toEqual(wanted)
    expect(await call(model)).toEqual(wanted)
  })
})

describe('amid a fit', () => {
  let model: Model
  beforeAll(() => {
    model = large()
  })

  test('a prediction is of one whole step, however many batches it has', async () => {
    const stop = new AbortController()
    const fit = model.fit(x, y, { epochs: 10_000, batchSize: 8, verbose: 0, signal: stop.signal })
    await pause(30)
    const same = { values: new Float32Array(2 * rows).fill(0.5), shape: [rows, 2] }
    for (let i = 0; i < 5; i += 1) {
      const all = await numbers(await model.predict(same, { batchSize: 64 }))
      expect(new Set(all).size).toBe(1)
    }
    stop.abort()
    await expect(fit).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})

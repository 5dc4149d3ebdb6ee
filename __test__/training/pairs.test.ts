/** Two calls at one moment give what they give one after the other, for every pair, with a model too large to run where it is called. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, FerrogradError, GradientTape, jit, type Model, ops, Sequential, type Tensor, tensor } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { SGD } from 'ferrograd/optimizers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModel, loadTensors } from '../../ts/saving/index.js'

const rows = 256
const values = Float32Array.from({ length: 2 * rows }, (_, i) => Math.sin(i + 1))
const x = { values, shape: [rows, 2] }
const y = new Float32Array(rows).fill(1)
const halves = [0, 1].map((i) => ({ values: values.slice(i * rows, (i + 1) * rows), shape: [rows / 2, 2] }))
const quiet = { batchSize: 64, verbose: 0 } as const

let folder: string
let files = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferrograd-pairs-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Subject {
  readonly model: Model
  readonly forward: (x: Tensor) => Promise<Tensor>
  readonly step: () => Promise<Tensor>
}

/** 2-256-256-1, the same at every call. */
function subject(): Subject {
  config.setSeed(1)
  const model = new Sequential([
    new Dense({ units: 256, activation: 'tanh', inputShape: [2] }),
    new Dense({ units: 256, activation: 'tanh' }),
    new Dense({ units: 1 }),
  ])
  model.compile({ optimizer: new SGD({ learningRate: 0.01, momentum: 0.9 }), loss: 'mse' })
  const loop = new SGD({ learningRate: 0.01 })
  const [inputs, targets] = [tensor(values, [rows, 2]), tensor(y, [rows, 1])]
  const step = jit(() => {
    const tape = new GradientTape()
    const loss = tape.record(() => ops.mean(ops.square(ops.subtract(model.apply(inputs) as Tensor, targets))))
    loop.apply(tape.gradient(loss, model.trainableVariables), model.trainableVariables)
    return loss
  })
  return { model, forward: jit((given: Tensor) => model.apply(given) as Tensor), step }
}

const of = async (one: unknown): Promise<number[]> => [...(await (one as Tensor).data())]
const calls: Readonly<Record<string, (subject: Subject) => Promise<unknown>>> = {
  predict: async ({ model }) => of(await model.predict(x, quiet)),
  'predict of a stream': async ({ model }) => of(await model.predict(() => halves.map((one) => ({ x: one })))),
  predictOnBatch: async ({ model }) => of(await model.predictOnBatch(x)),
  evaluate: ({ model }) => model.evaluate(x, y, quiet),
  testOnBatch: ({ model }) => model.testOnBatch(x, y),
  trainOnBatch: ({ model }) => model.trainOnBatch(x, y),
  'jit that reads': async ({ forward }) => of(await forward(tensor(values, [rows, 2]))),
  'jit that trains': async ({ step }) => of(await step()),
  getWeights: async ({ model }) => model.getWeights().map((one) => [...one.dataSync()]),
  setWeights: async ({ model }) => model.setWeights(model.weights.map((one) => ops.full(one.shape, 0.01))),
  save: async ({ model }) => {
    const path = join(folder, `${files++}.safetensors`)
    await model.saveWeights(path)
    return Object.values(await loadTensors(path)).map((one) => [...(one as Tensor).dataSync()])
  },
  'save of all': async ({ model }) => {
    const path = join(folder, `${files++}.keras`)
    await model.save(path)
    const { weights, optimizer } = await loadModel(path)
    return [...weights, ...optimizer.variables.slice(2)].map((one) => [...one.dataSync()])
  },
  fit: async ({ model }) => (await model.fit(x, y, { ...quiet, shuffle: false })).history.loss,
}

const ending = async (run: Promise<unknown>): Promise<unknown> => {
  try {
    return await run
  } catch (error) {
    // A model that trains or is evaluated refuses to do so a second time at once.
    if (error instanceof FerrogradError && error.code === 'ERR_STATE') return 'refused'
    throw error
  }
}

/** As it was made, but for how often it was trained. */
function again({ model }: Subject, start: readonly Tensor[]): void {
  model.setWeights([...start])
  for (const slot of model.optimizer.variables.slice(2)) slot.assign(ops.zeros(slot.shape))
}

const names = Object.keys(calls)
const before = names.filter((name) => name !== 'fit')

/** Trains, evaluates or steps: one of these at a time. */
const passes = /evaluate|OnBatch|fit/
describe.each(before)('%s, then', (first) => {
  test('every other call', async () => {
    const [apart, together] = [subject(), subject()]
    const start = apart.model.getWeights()
    for (const one of [apart, together]) for (const call of Object.values(calls)) await call(one)
    for (const second of names) {
      for (const one of [apart, together]) again(one, start)
      const wanted = [await calls[first]!(apart), await calls[second]!(apart)]
      const [a, b] = [ending(calls[first]!(together)), ending(calls[second]!(together))]
      const got = [await a, await b]
      if (got[1] === 'refused') {
        expect([passes.test(first), passes.test(second)], `${first}, ${second}`).toEqual([true, true])
        continue
      }
      expect(got, `${first}, ${second}`).toEqual(wanted)
      const left = ({ model }: Subject): number[][] => model.getWeights().map((one) => [...one.dataSync()])
      expect(left(together), `what ${first}, ${second} leave`).toEqual(left(apart))
    }
  }, 120_000)
})

/** Four steps, with a call between two of them; what the call gave, and what is left in the end. */
async function between(step: number, call: () => Promise<unknown>, { model }: Subject): Promise<unknown> {
  let given: unknown
  const at = async (now: number): Promise<void> => {
    if (now === step) given = await ending(call())
  }
  const { history } = await model.fit(x, y, { ...quiet, shuffle: false, callbacks: { onTrainBatchBegin: at } })
  await at(4)
  return { given, loss: history.loss, left: stateOf(model) }
}

const stateOf = (model: Model): number[][] =>
  [...model.weights, ...model.optimizer.variables.slice(2)].map((one) => [...one.dataSync()])

test.each(before)('fit, then %s: between two of its steps', async (second) => {
  const [apart, together] = [subject(), subject()]
  const start = apart.model.getWeights()
  // What the optimizer remembers is there before.
  for (const { model } of [apart, together]) await model.trainOnBatch(x, y)
  again(together, start)
  const wanted: unknown[] = []
  for (let step = 0; step <= 4; step++) {
    again(apart, start)
    wanted.push(await between(step, () => calls[second]!(apart), apart))
  }
  const run = together.model.fit(x, y, { ...quiet, shuffle: false })
  const given = ending(calls[second]!(together))
  const { history } = await run
  const got = { given: await given, loss: history.loss, left: stateOf(together.model) }
  expect(wanted).toContainEqual(got)
})

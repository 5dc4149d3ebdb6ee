import { Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { MeanAbsoluteError } from 'ferrograd/metrics'
import { expect, test } from 'vitest'

const rows = 4096
const x = { values: new Float32Array(rows), shape: [rows, 1] }
const y = { values: Float32Array.from({ length: rows }, () => 1), shape: [rows, 1] }

/** Gives what its bias is, for zeros: its error against ones is `|1 − bias|`. */
function modelOf(bias: number, metric: MeanAbsoluteError | 'mae'): Sequential {
  const model = new Sequential([new Dense({ units: 1, inputShape: [1], name: `of${bias * 4}` })])
  model.setWeights([[[0]], [bias]])
  model.compile({ optimizer: 'sgd', loss: 'mse', metrics: [metric] })
  return model
}

const options = { batchSize: 1, verbose: 0 } as const

test('a metric object of two models counts for one pass at a time; the other model is refused by name', async () => {
  const metric = new MeanAbsoluteError()
  const [first, second] = [modelOf(0.5, metric), modelOf(0.25, metric)]
  const running = first.evaluate(x, y, options)
  const refused = {
    code: 'ERR_STATE',
    message: expect.stringMatching(/evaluate: expected metric objects .*Give each model/),
  }
  await expect(second.evaluate(x, y, options)).rejects.toMatchObject(refused)
  await expect(second.trainOnBatch([[0]], [[1]])).rejects.toMatchObject({ code: 'ERR_STATE' })
  await expect(second.fit(x, y, options)).rejects.toMatchObject({ code: 'ERR_STATE' })
  expect((await running).mean_absolute_error).toBeCloseTo(0.5, 6)
  // What was refused has taken nothing, and what has ended has given back.
  expect((await second.evaluate(x, y, options)).mean_absolute_error).toBeCloseTo(0.75, 6)
  expect((await first.evaluate(x, y, options)).mean_absolute_error).toBeCloseTo(0.5, 6)
})

test('a pass that fails frees its metrics too', async () => {
  const metric = new MeanAbsoluteError()
  const [first, second] = [modelOf(0.5, metric), modelOf(0.25, metric)]
  await expect(first.evaluate([[1, 2]], [[1]])).rejects.toMatchObject({ code: 'ERR_SHAPE' })
  expect((await second.evaluate(x, y, options)).mean_absolute_error).toBeCloseTo(0.75, 6)
})

test('within a training, its own validation and the evaluations of its callbacks use the metric', async () => {
  const metric = new MeanAbsoluteError()
  const model = modelOf(0.5, metric)
  const seen: number[] = []
  const onEpochEnd = async (): Promise<void> => {
    seen.push((await model.evaluate([[0]], [[1]])).mean_absolute_error!)
  }
  await model.fit([[0]], [[1]], { epochs: 2, verbose: 0, validationData: [[[0]], [[1]]], callbacks: { onEpochEnd } })
  expect(seen).toHaveLength(2)
})

test("metrics by name are each model's own", async () => {
  const [first, second] = [modelOf(0.5, 'mae'), modelOf(0.25, 'mae')]
  const both = await Promise.all([first.evaluate(x, y, options), second.evaluate(x, y, options)])
  expect(both.map((logs) => logs.mae ?? logs.mean_absolute_error)).toEqual([
    expect.closeTo(0.5, 6),
    expect.closeTo(0.75, 6),
  ])
})

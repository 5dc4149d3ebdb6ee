/** NaN and infinity, wherever they come from, stop a training before they reach the weights. */
import { type FerrogradError, Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { SGD } from 'ferrograd/optimizers'
import { describe, expect, test } from 'vitest'
import { points, weightsOf } from '../training/models.js'

const { x, y } = points()
const quiet = { verbose: 0, shuffle: false } as const

function linear(learningRate = 0.01): Sequential {
  const model = new Sequential([new Dense({ units: 1, inputShape: [2], kernelInitializer: 'ones' })])
  model.compile({ optimizer: new SGD({ learningRate }), loss: 'mse' })
  return model
}

const at = (data: Float32Array, index: number, value: number): Float32Array =>
  data.map((old, i) => (i === index ? value : old))

async function failure(run: PromiseLike<unknown>): Promise<FerrogradError> {
  return run.then(
    () => expect.unreachable('it went on'),
    (error: unknown) => error as FerrogradError,
  )
}

describe.each([
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['minus infinity', Number.NEGATIVE_INFINITY],
])('%s', (_, value) => {
  test.each([
    [
      'x',
      (model: Sequential) => model.fit({ ...x, values: at(x.values, 9, value) }, y, quiet),
      /x sample 4, feature 1/,
    ],
    ['y', (model: Sequential) => model.fit(x, at(y, 9, value), quiet), /y sample 9/],
    [
      'sampleWeight',
      (model: Sequential) => model.fit(x, y, { ...quiet, sampleWeight: at(y, 9, value) }),
      /sampleWeight sample 9/,
    ],
    [
      'validation data',
      (model: Sequential) => model.fit(x, y, { ...quiet, validationData: [x, at(y, 9, value)] }),
      /validationData\.y sample 9/,
    ],
  ])('in %s is refused where it stands', async (_, run, place) => {
    const model = linear()
    const before = weightsOf(model)
    const error = await failure(run(model))
    expect(error.code).toBe('ERR_DATA')
    expect(error.message).toMatch(place)
    expect(weightsOf(model)).toEqual(before)
    await model.fit(x, y, quiet)
  })

  test('in a weight is found at the first batch', async () => {
    const model = linear()
    model.setWeights([[[1], [value]], [0]])
    const before = weightsOf(model)
    const error = await failure(model.fit(x, y, { ...quiet, epochs: 2 }))
    expect(error.code).toBe('ERR_NON_FINITE')
    expect(error.message).toMatch(/epoch 1, batch 0/)
    expect(weightsOf(model)).toEqual(before)
  })
})

test('a loss that overflows in a later batch of a later epoch is named, and the weights are as before it', async () => {
  const known: number[][][] = []
  const exploding = (): Sequential => linear(1e6)
  const model = exploding()
  const note = { onTrainBatchEnd: () => void known.push(weightsOf(model)) }
  const error = await failure(model.fit(x, y, { ...quiet, batchSize: 32, epochs: 9, callbacks: note }))
  expect(error.code).toBe('ERR_NON_FINITE')
  const [, epoch, batch] = /epoch (\d+), batch (\d+)/.exec(error.message)!.map(Number)
  expect(2 * (epoch! - 1) + batch!).toBe(known.length)
  expect(known.length).toBeGreaterThan(0)
  expect(weightsOf(model)).toEqual(known.at(-1))
  // Without callbacks nothing waits between steps: the same place, the same weights.
  const other = exploding()
  const again = await failure(other.fit(x, y, { ...quiet, batchSize: 32, epochs: 9 }))
  expect(again.message).toBe(error.message)
  expect(weightsOf(other)).toEqual(weightsOf(model))
})

test("nonFinite: 'continue' goes on to the last epoch", async () => {
  const { epoch, history } = await linear(1e6).fit(x, y, { ...quiet, epochs: 9, nonFinite: 'continue' })
  expect(epoch).toHaveLength(9)
  expect(history.loss!.at(-1)).toBeNaN()
})

test('a learning rate that is no number is refused when it is set', () => {
  const model = linear()
  for (const rate of [Number.NaN, Number.POSITIVE_INFINITY, -1, '0.1', undefined]) {
    expect(() => {
      model.optimizer.learningRate = rate as number
    }).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
  }
})

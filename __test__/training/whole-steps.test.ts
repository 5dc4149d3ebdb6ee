/** A step is whole or nothing where an index is out of range, and is made of the batch as it was handed over. */
import { type FerrogradError, GradientTape, jit, type Model, ops, Sequential, type Tensor, tensor } from 'ferrograd'
import { Dense, Embedding, Flatten } from 'ferrograd/layers'
import { Adam, SGD } from 'ferrograd/optimizers'
import { describe, expect, test } from 'vitest'

const quiet = { verbose: 0, shuffle: false, batchSize: 2 } as const

/** Ids 0 to 4, by two layers that are trained before and after the table in the order of the step. */
function table(): Model {
  const model = new Sequential([
    new Embedding({ inputDim: 5, outputDim: 3, inputShape: [2] }),
    new Flatten(),
    new Dense({ units: 4, activation: 'tanh' }),
    new Dense({ units: 1 }),
  ])
  model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'mse', metrics: ['mae'] })
  return model
}

const stateOf = (model: Model): number[][] =>
  [...model.weights, ...model.optimizer.variables].map((one) => Array.from(one.dataSync()))

const failure = (run: PromiseLike<unknown>): Promise<FerrogradError> =>
  Promise.resolve(run).then(
    () => expect.unreachable('it went on'),
    (error: unknown) => error as FerrogradError,
  )

const good = [
  [0, 1],
  [2, 3],
]
const bad = [
  [4, 0],
  [1, 5],
]
const y = [[1], [2]]

describe('an id that the table has not, in the second batch', () => {
  const ways: Readonly<Record<string, (model: Model) => PromiseLike<unknown>>> = {
    'fit of arrays': (model) => model.fit([...good, ...bad], [...y, ...y], quiet),
    'fit of arrays, with hooks': (model) =>
      model.fit([...good, ...bad], [...y, ...y], { ...quiet, callbacks: { onTrainBatchEnd() {} } }),
    'fit of a stream': (model) => model.fit(() => [[good, y] as const, [bad, y] as const], undefined, { verbose: 0 }),
    trainOnBatch: (model) => model.trainOnBatch(good, y).then(() => model.trainOnBatch(bad, y)),
    jit: async (model) => {
      const step = jit((x: Tensor, targets: Tensor) => {
        const tape = new GradientTape()
        const loss = tape.record(() => ops.mean(ops.square(ops.subtract(model.apply(x) as Tensor, targets))))
        model.optimizer.apply(tape.gradient(loss, model.trainableVariables), model.trainableVariables)
        return loss
      })
      await step(tensor(Int32Array.from(good.flat()), [2, 2]), tensor(y))
      await step(tensor(Int32Array.from(bad.flat()), [2, 2]), tensor(y))
    },
  }

  test.each(Object.entries(ways))('%s: the first step is done and nothing of the second', async (_, train) => {
    const [model, other] = [table(), table()]
    for (const one of [model, other]) await one.predict(good)
    other.setWeights(model.getWeights())
    await other.trainOnBatch(good, y)
    const error = await failure(train(model))
    expect(error.code).toBe('ERR_DATA')
    expect(error.message).toMatch(/index 5 at position 3 is outside \[0, 5\)/)
    expect(stateOf(model)).toEqual(stateOf(other))
    await model.fit(good, y, quiet)
    expect(stateOf(model).flat().every(Number.isFinite)).toBe(true)
  })
})

describe('a batch whose array is overwritten', () => {
  const line = (): Model => {
    const model = new Sequential([new Dense({ units: 1, inputShape: [1], kernelInitializer: 'ones' })])
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' })
    return model
  }
  const numbers = [1, 2, 3, 4]
  const fresh = (): unknown[] => numbers.map((n) => [[[n]], [[2 * n]]])

  test.each(['onTrainBatchBegin', 'onTrainBatchEnd'] as const)('by %s counts as it was handed over', async (hook) => {
    const [model, other] = [line(), line()]
    await other.fit(fresh as never, undefined, { verbose: 0 })
    const held: Float32Array[] = []
    const stream = function* () {
      for (const n of numbers) {
        held.push(Float32Array.of(n), Float32Array.of(2 * n))
        yield held.slice(-2).map((values) => ({ values, shape: [1, 1] }))
      }
    }
    const spoil = (): void => {
      for (const array of held) array.fill(Number.NaN)
    }
    await model.fit(stream as never, undefined, { verbose: 0, callbacks: { [hook]: spoil } })
    expect(stateOf(model)).toEqual(stateOf(other))
  })

  test('by the stream itself, which has one array for all batches', async () => {
    const [model, other] = [line(), line()]
    await other.fit(fresh as never, undefined, { verbose: 0 })
    const [x, targets] = [new Float32Array(1), new Float32Array(1)]
    const stream = function* () {
      for (const n of numbers) {
        x[0] = n
        targets[0] = 2 * n
        yield [
          { values: x, shape: [1, 1] },
          { values: targets, shape: [1, 1] },
        ]
      }
    }
    await model.fit(stream as never, undefined, { verbose: 0 })
    expect(stateOf(model)).toEqual(stateOf(other))
  })
})

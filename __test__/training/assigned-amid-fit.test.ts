/** What is assigned while a training runs holds at its next step, and what was trained before does not come back. */
import { constraints, GradientTape, jit, type Model, ops, Sequential } from 'ferrograd'
import { type CallbackLike, ModelCheckpoint } from 'ferrograd/callbacks'
import { BatchNormalization, Dense } from 'ferrograd/layers'
import { SGD } from 'ferrograd/optimizers'
import { L2 } from 'ferrograd/regularizers'
import { describe, expect, test } from 'vitest'
import { pause } from './models.js'

const steps = 6
const X = Array.from({ length: steps }, () => [1])
const Y = X.map(() => [100])

/** `w ← w + rate` a step, from 0. */
function line(learningRate = 1): { model: Model; w: () => number; dense: Dense } {
  const dense = new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })
  const model = new Sequential([dense])
  model.compile({ optimizer: new SGD({ learningRate }), loss: 'mae', metrics: ['mae'] })
  return { model, dense, w: () => dense.kernel.dataSync()[0]! }
}

/** The same batches, out of arrays, out of a stream, and one by one. */
const ways = {
  arrays: (model: Model, callbacks: CallbackLike) => model.fit(X, Y, { batchSize: 1, verbose: 0, callbacks }),
  shuffled: (model: Model, callbacks: CallbackLike) =>
    model.fit(X, Y, { batchSize: 1, verbose: 0, callbacks, shuffle: true, seed: 3 }),
  stream: (model: Model, callbacks: CallbackLike) =>
    model.fit(() => X.map((x, i) => [[x], [Y[i]!]] as const), undefined, { verbose: 0, callbacks }),
  'steps per epoch': (model: Model, callbacks: CallbackLike) =>
    model.fit(X.slice(0, 3), Y.slice(0, 3), {
      batchSize: 1,
      verbose: 0,
      callbacks,
      shuffle: false,
      stepsPerEpoch: steps,
    }),
}

describe.each(Object.entries(ways))('%s', (_, train) => {
  const seen = async (
    hooks: (model: Model, dense: Dense) => { begin?: (batch: number) => unknown; end?: (batch: number) => unknown },
  ): Promise<number[]> => {
    const { model, w, dense } = line()
    const { begin, end } = hooks(model, dense)
    const values: number[] = []
    await train(model, {
      onTrainBatchBegin: (batch) => void begin?.(batch),
      onTrainBatchEnd: (batch) => {
        values.push(w())
        end?.(batch)
      },
    })
    return values
  }

  test('a learning rate', async () => {
    const rates = [0.5, 0.25, 0.125, 1, 2, 4]
    const values = await seen((model) => ({ begin: (batch) => (model.optimizer.learningRate = rates[batch]!) }))
    expect(values).toEqual([0.5, 0.75, 0.875, 1.875, 3.875, 7.875])
  })

  test('weights', async () => {
    const set = await seen((model) => ({ end: (batch) => batch === 2 && model.setWeights([[[0]]]) }))
    expect(set).toEqual([1, 2, 3, 1, 2, 3])
    const added = await seen((_, dense) => ({ end: (batch) => batch === 2 && dense.kernel.assignAdd([[10]]) }))
    expect(added).toEqual([1, 2, 3, 14, 15, 16])
  })

  test('weights of a checkpoint', async () => {
    const best = new ModelCheckpoint()
    const { model } = line()
    model.setWeights([[[20]]])
    best.setModel(model)
    best.weights = model.getWeights()
    const values = await seen((other) => {
      best.setModel(other)
      return { end: (batch) => batch === 1 && best.restore() }
    })
    expect(values).toEqual([1, 2, 21, 22, 23, 24])
  })

  test('steps taken', async () => {
    const { model } = line()
    await train(model, {
      onTrainBatchEnd: (batch) => {
        if (batch === 0) model.optimizer.iterations.assign(100)
      },
    })
    expect(model.optimizer.iterations.dataSync()[0]).toBe(100 + steps - 1)
  })

  test('metrics', async () => {
    const { model } = line(0)
    const logs: number[] = []
    model.setWeights([[[0]]])
    await train(model, {
      onTrainBatchEnd: (batch, { mae }) => {
        logs.push(mae!)
        if (batch === 2) {
          model.setWeights([[[50]]])
          for (const metric of model.metrics) metric.reset()
        }
      },
    })
    expect(logs).toEqual([100, 100, 100, 50, 50, 50])
  })

  test('a constraint', async () => {
    const values = await seen((_, dense) => ({
      end: (batch) => {
        if (batch === 1) dense.kernel.constraint = new constraints.MaxNorm({ maxValue: 2.5 })
        if (batch === 3) dense.kernel.constraint = undefined
      },
    }))
    expect(values).toEqual([1, 2, 2.5, 2.5, 3.5, 4.5])
  })

  test('a penalty', async () => {
    const values = await seen((_, dense) => ({
      end: (batch) => {
        if (batch === 2) dense.kernel.regularizer = new L2({ l2: 0.25 })
        if (batch === 3) dense.kernel.regularizer = undefined
      },
    }))
    // The slope of a quarter of the square of 3 is 1.5, of which the loss takes 1 off.
    expect(values).toEqual([1, 2, 3, 2.5, 3.5, 4.5])
  })

  test('trainable', async () => {
    const dense = new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })
    const second = new Dense({ units: 1, useBias: false, kernelInitializer: 'ones', trainable: false })
    const model = new Sequential([dense, second])
    model.compile({ optimizer: new SGD({ learningRate: 1 }), loss: 'mae' })
    const values: number[] = []
    await train(model, {
      onTrainBatchEnd: (batch) => {
        values.push(dense.kernel.dataSync()[0]!)
        if (batch === 1) [dense.trainable, second.trainable] = [false, true]
        if (batch === 3) [dense.trainable, second.trainable] = [true, false]
      },
    })
    // While the first layer stands at 2, the second grows by 2 a step, twice: to 5.
    expect(values).toEqual([1, 2, 2, 2, 7, 12])
    expect(second.kernel.dataSync()[0]).toBe(5)
  })
})

describe('by a timer, without a hook', () => {
  const long = { values: new Float32Array(4000).fill(1), shape: [4000, 1] }
  const targets = new Float32Array(4000).fill(1e9)
  const train = (model: Model, signal: AbortSignal): Promise<unknown> =>
    model.fit(long, targets, { batchSize: 1, epochs: 1e6, verbose: 0, signal }).then(undefined, () => undefined)

  test('weights are set all at once, and stay where nothing trains them', async () => {
    const { model, w } = line(1)
    const stop = new AbortController()
    const running = train(model, stop.signal)
    await pause(20)
    model.optimizer.learningRate = 0
    await pause(20)
    const then = w()
    expect(then).toBeGreaterThan(0)
    await pause(20)
    expect(w()).toBe(then)
    model.setWeights([[[-5]]])
    await pause(20)
    expect(w()).toBe(-5)
    stop.abort()
    await running
    expect(w()).toBe(-5)
  })

  test('a frozen layer stands still within the epoch', async () => {
    const { model, dense, w } = line(1)
    const other = new Dense({ units: 1, useBias: false, kernelInitializer: 'ones' })
    const both = new Sequential([dense, other])
    both.compile({ optimizer: new SGD({ learningRate: 1e-3 }), loss: 'mae' })
    model.setWeights([[[1]]])
    const stop = new AbortController()
    const running = both
      .fit({ values: new Float32Array(4e6).fill(1), shape: [4e6, 1] }, new Float32Array(4e6).fill(1e9), {
        batchSize: 1,
        verbose: 0,
        signal: stop.signal,
      })
      .then(undefined, () => undefined)
    const scale = (): number => other.kernel.dataSync()[0]!
    const moved = async (from: number): Promise<void> => {
      while (scale() === from) await pause(1)
    }
    await moved(1)
    dense.trainable = false
    await pause(5)
    const frozen = w()
    await moved(scale())
    await pause(5)
    expect(w()).toBe(frozen)
    stop.abort()
    await running
  })
})

test('what a step was compiled for is what is set: a frozen normalisation without weights to train', async () => {
  const bn = new BatchNormalization({ center: false, scale: false, momentum: 0.5 })
  const model = new Sequential([
    new Dense({ units: 1, inputShape: [1], kernelInitializer: 'ones' }),
    bn,
    new Dense({ units: 1 }),
  ])
  model.compile({ optimizer: new SGD({ learningRate: 0 }), loss: 'mse' })
  const mean = async (trainable: boolean): Promise<number> => {
    bn.trainable = trainable
    await model.fit([[1], [3]], [[0], [0]], { verbose: 0 })
    return bn.movingMean.dataSync()[0]!
  }
  expect([await mean(true), await mean(false), await mean(true), await mean(false)]).toEqual([1, 1, 1.5, 1.5])
})

test('a penalty set between two trainings, or between two steps of a loop, is part of the loss, and logged', async () => {
  const { model, dense, w } = line(1)
  const logs = [await model.fit([[1]], [[100]], { verbose: 0 })]
  dense.kernel.regularizer = new L2({ l2: 0.25 })
  logs.push(await model.fit([[1]], [[100]], { verbose: 0 }))
  expect(logs.map(({ history }) => history.loss![0])).toEqual([100, 99 + 0.25])
  expect(logs.map(({ history }) => history.penalty)).toEqual([undefined, [0.25]])
  expect(w()).toBe(1.5)
  expect((await model.evaluate([[1]], [[100]])).loss).toBe(98.5 + 0.25 * 1.5 ** 2)
  dense.kernel.regularizer = undefined
  await model.trainOnBatch([[1]], [[100]])
  expect(w()).toBe(2.5)

  const optimizer = new SGD({ learningRate: 1 })
  const step = jit(() => {
    const tape = new GradientTape()
    const loss = tape.record(() => model.losses().reduce((sum, one) => ops.add(sum, one), ops.mean(dense.kernel)))
    optimizer.apply(tape.gradient(loss, [dense.kernel]), [dense.kernel])
  })
  await step()
  expect(w()).toBe(1.5)
  dense.kernel.regularizer = new L2({ l2: 1 })
  await step()
  expect(w()).toBe(1.5 - 1 - 3)
})

test('a penalty or a constraint by its name is that one, and what is neither is refused', async () => {
  const { model, dense } = line(1)
  for (const [name, known, other] of [
    ['regularizer', 'l2', 'a regularizer'],
    ['constraint', 'maxNorm', 'a constraint'],
  ] as const) {
    dense.kernel[name] = known as never
    await model.trainOnBatch([[1]], [[100]])
    dense.kernel[name] = 3 as never
    await expect(model.trainOnBatch([[1]], [[100]])).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining(`kernel.${name}: expected ${other}`),
    })
    dense.kernel[name] = undefined
  }
})

test('a constraint set between two trainings, or between two batches, is applied', async () => {
  const { model, dense, w } = line(1)
  await model.fit([[1]], [[100]], { verbose: 0 })
  dense.kernel.constraint = new constraints.MaxNorm({ maxValue: 0.5 })
  await model.fit([[1]], [[100]], { verbose: 0 })
  expect(w()).toBe(0.5)
  dense.kernel.constraint = undefined
  await model.trainOnBatch([[1]], [[100]])
  expect(w()).toBe(1.5)
  dense.kernel.constraint = new constraints.MaxNorm({ maxValue: 0.25 })
  await model.trainOnBatch([[1]], [[100]])
  expect(w()).toBe(0.25)
})

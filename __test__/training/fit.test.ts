import { config, FerrogradError, ops, Sequential } from 'ferrograd'
import { Callback, type Logs, TerminateOnNaN } from 'ferrograd/callbacks'
import { Dataset } from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { describe, expect, test } from 'vitest'
import type { EpochReport } from '../../ts/training/fit-run.js'
import { classifier, pause, points, weightsOf } from './models.js'

const { x, y } = points()
const quiet = { verbose: 0 } as const

describe('fit', () => {
  test('learns, and tells it by epoch', async () => {
    const { history, epoch } = await classifier().fit(x, y, { epochs: 30, ...quiet })
    expect(epoch).toEqual(Array.from({ length: 30 }, (_, i) => i))
    expect(Object.keys(history)).toEqual(['loss', 'accuracy'])
    expect(history.loss!.at(-1)).toBeLessThan(0.5 * history.loss![0]!)
    expect(history.accuracy!.at(-1)).toBeGreaterThan(0.9)
  })

  test('the loss of an epoch is the mean over its samples, a short last batch included', async () => {
    const model = classifier('sgd', 1e-30)
    const { history } = await model.fit(x, y, { batchSize: 48, shuffle: false, ...quiet })
    const whole = await model.evaluate(x, y, { batchSize: 64 })
    expect(history.loss![0]).toBeCloseTo(whole.loss!, 6)
    expect(history.accuracy![0]).toBe(whole.accuracy)
  })

  test('the same seed gives the same bits, another one others', async () => {
    const run = async (seed: number): Promise<number[][]> => {
      const model = classifier()
      await model.fit(x, y, { epochs: 3, batchSize: 10, seed, ...quiet })
      return weightsOf(model)
    }
    const first = await run(5)
    expect(await run(5)).toEqual(first)
    expect(await run(6)).not.toEqual(first)
  })

  test.each([
    [10, 0.8, 2],
    [10, 0.3, 7],
    [10, 0.9, 1],
    [100, 0.29, 71],
    [3, 0.4, 1],
  ])('of %i samples, with a validationSplit of %f, trains on %i', async (rows, validationSplit, wanted) => {
    const seen = { onTrainBatchEnd: 0, onTestBatchEnd: 0 }
    const count = (hook: keyof typeof seen) => () => {
      seen[hook] += 1
    }
    const model = new Sequential([new Dense({ units: 1, inputShape: [1] })])
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    const x = { values: new Float32Array(rows), shape: [rows, 1] }
    const callbacks = { onTrainBatchEnd: count('onTrainBatchEnd'), onTestBatchEnd: count('onTestBatchEnd') }
    await model.fit(x, new Float32Array(rows), { validationSplit, batchSize: 1, verbose: 0, callbacks })
    expect(seen).toEqual({ onTrainBatchEnd: wanted, onTestBatchEnd: rows - wanted })
  })

  test('goes on where it stopped with initialEpoch: the order depends on the epoch', async () => {
    const options = { batchSize: 10, seed: 3, ...quiet }
    const whole = classifier()
    await whole.fit(x, y, { epochs: 4, ...options })
    const parts = classifier()
    await parts.fit(x, y, { epochs: 2, ...options })
    const { epoch } = await parts.fit(x, y, { epochs: 4, initialEpoch: 2, ...options })
    expect(epoch).toEqual([2, 3])
    expect(weightsOf(parts)).toEqual(weightsOf(whole))
  })

  test('changes of `trainable` and of the learning rate take effect at the next step', async () => {
    const model = classifier()
    await model.fit(x, y, quiet)
    model.layers[0]!.trainable = false
    const before = weightsOf(model)
    await model.fit(x, y, quiet)
    const after = weightsOf(model)
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2))
    expect(after.slice(2)).not.toEqual(before.slice(2))
    model.layers[0]!.trainable = true
    model.optimizer.learningRate = 0
    await model.fit(x, y, quiet)
    expect(weightsOf(model)).toEqual(after)
  })

  test('a data set of single rows is told what to call', async () => {
    const model = new Sequential([new Dense({ units: 1, inputShape: [2] })])
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    const rows = Dataset.fromArrays({ x: Float32Array.of(1, 2), y: Float32Array.of(1, 2) })
    const single = rows.map(({ x, y }) => ({ x: [x, x], y: [y] }))
    await expect(model.fit(single, quiet)).rejects.toThrow(/\[samples, 2\], got \[2\].*call \.batch\(32\) on it/)
  })

  test('data are copied: what is written to them afterwards is not trained on', async () => {
    const [a, b] = [classifier(), classifier()]
    const mine = { values: x.values.slice(), shape: x.shape }
    const run = a.fit(mine, y, { epochs: 3, seed: 1, ...quiet })
    mine.values.fill(Number.NaN)
    await run
    await b.fit(x, y, { epochs: 3, seed: 1, ...quiet })
    expect(weightsOf(a)).toEqual(weightsOf(b))
  })
})

describe('a fit that is iterated', () => {
  test('gives one report an epoch, and waits for the body of the loop', async () => {
    const model = classifier()
    const reports: EpochReport[] = []
    let busy = 0
    for await (const report of model.fit(x, y, { epochs: 3, ...quiet })) {
      reports.push(report)
      // The model is at rest in the body: it may be evaluated, and its weights read.
      const before = weightsOf(model)
      await pause(10)
      busy += Number(String(weightsOf(model)) !== String(before))
      await model.evaluate(x, y)
    }
    expect(reports.map(({ epoch }) => epoch)).toEqual([0, 1, 2])
    expect(reports[0]!.logs.loss).toBeGreaterThan(reports[2]!.logs.loss!)
    expect(busy).toBe(0)
  })

  test('ends when the loop is left, and the model can be trained again', async () => {
    const model = classifier()
    const run = model.fit(x, y, { epochs: 100, ...quiet })
    for await (const { epoch } of run) if (epoch === 1) break
    expect((await run).epoch).toEqual([0, 1])
    expect((await model.fit(x, y, quiet)).epoch).toEqual([0])
  })

  test('throws what the fit rejects with', async () => {
    const loop = async (): Promise<void> => {
      for await (const _ of classifier().fit(x, y.subarray(1), quiet)) expect.unreachable()
    }
    await expect(loop()).rejects.toMatchObject({ code: 'ERR_SHAPE' })
  })
})

describe('callbacks', () => {
  test('are called in order, and waited for', async () => {
    const calls: string[] = []
    const note = async (name: string): Promise<void> => {
      await pause(1)
      calls.push(name)
    }
    await classifier().fit(x, y, {
      epochs: 1,
      batchSize: 32,
      validationData: [x, y],
      ...quiet,
      callbacks: {
        onTrainBegin: () => note('train begin'),
        onEpochBegin: (epoch) => note(`epoch ${epoch} begin`),
        onTrainBatchBegin: (batch) => note(`batch ${batch} begin`),
        onTrainBatchEnd: (batch) => note(`batch ${batch} end`),
        onTestBegin: () => note('test begin'),
        onTestBatchEnd: (batch) => note(`test batch ${batch} end`),
        onTestEnd: () => note('test end'),
        onEpochEnd: (epoch) => note(`epoch ${epoch} end`),
        onTrainEnd: () => note('train end'),
      },
    })
    expect(calls).toEqual([
      'train begin',
      'epoch 0 begin',
      'batch 0 begin',
      'batch 0 end',
      'batch 1 begin',
      'batch 1 end',
      'test begin',
      'test batch 0 end',
      'test batch 1 end',
      'test end',
      'epoch 0 end',
      'train end',
    ])
  })

  test('see running means after each batch, the last of them those of the epoch', async () => {
    const seen: Logs[] = []
    const { history } = await classifier().fit(x, y, {
      batchSize: 16,
      ...quiet,
      callbacks: { onTrainBatchEnd: (_, logs) => void seen.push(logs) },
    })
    expect(seen).toHaveLength(4)
    expect(seen[3]).toEqual({ loss: history.loss![0], accuracy: history.accuracy![0] })
  })

  test('may stop the training after an epoch, or amid one', async () => {
    const model = classifier()
    const after = await model.fit(x, y, {
      epochs: 9,
      ...quiet,
      callbacks: {
        onEpochEnd: (epoch) => {
          model.stopTraining = epoch === 2
        },
      },
    })
    expect(after.epoch).toEqual([0, 1, 2])
    let batches = 0
    const amid = await model.fit(x, y, {
      epochs: 9,
      batchSize: 8,
      ...quiet,
      callbacks: {
        onTrainBatchEnd: (batch) => {
          batches += 1
          model.stopTraining = batch === 2
        },
      },
    })
    expect([amid.epoch, batches]).toEqual([[0], 3])
  })

  test('what they throw rejects the fit, with its stack, and the model is free again', async () => {
    const model = classifier()
    const mine = new TypeError('mine')
    const throwing = { onTrainBatchEnd: () => Promise.reject(mine) }
    await expect(model.fit(x, y, { ...quiet, callbacks: throwing })).rejects.toBe(mine)
    const late = {
      onEpochEnd: () => {
        throw mine
      },
    }
    await expect(model.fit(x, y, { ...quiet, callbacks: late })).rejects.toBe(mine)
    await model.fit(x, y, quiet)
  })

  test('may be plain objects that hear of an interruption, or end an epoch whose loss is not finite', async () => {
    const heard: string[] = []
    const thrown = new Error('enough')
    const callbacks = {
      onInterrupt: () => void heard.push('interrupted'),
      onEpochEnd: () => {
        throw thrown
      },
    }
    await expect(classifier().fit(x, y, { ...quiet, callbacks })).rejects.toBe(thrown)
    expect(heard).toEqual(['interrupted'])
    const model = new Sequential([new Dense({ units: 1, inputShape: [1] })])
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    const { epoch } = await model.fit([[1e30]], [1], { ...quiet, epochs: 3, callbacks: { stopsOnNonFinite: true } })
    expect(epoch).toEqual([0])
  })

  test('may evaluate the model between epochs', async () => {
    const model = classifier()
    const losses: number[] = []
    class Watch extends Callback {
      override async onEpochEnd(): Promise<void> {
        losses.push((await this.model.evaluate(x, y)).loss!)
      }
    }
    const { history } = await model.fit(x, y, { epochs: 2, validationData: [x, y], ...quiet, callbacks: new Watch() })
    expect(losses).toEqual(history.val_loss)
  })
})

describe('a signal', () => {
  test('that is aborted already refuses the fit', async () => {
    const model = classifier()
    const before = weightsOf(model)
    await expect(model.fit(x, y, { ...quiet, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    })
    expect(weightsOf(model)).toEqual(before)
  })

  test('ends a fit between two steps, twice if need be', async () => {
    const model = classifier()
    const stop = new AbortController()
    const run = model.fit(x, y, { epochs: 1_000_000, ...quiet, signal: stop.signal })
    await pause(30)
    stop.abort(new Error('enough'))
    stop.abort()
    await expect(run).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: new Error('enough') })
    expect(weightsOf(model).flat().every(Number.isFinite)).toBe(true)
    await model.fit(x, y, quiet)
  })

  test('ends the wait for a callback that never settles', async () => {
    const stop = new AbortController()
    const stuck = { onEpochEnd: () => new Promise<void>(() => undefined) }
    const run = classifier().fit(x, y, { ...quiet, callbacks: stuck, signal: stop.signal })
    await pause(20)
    stop.abort()
    await expect(run).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})

describe('a loss that is not finite', () => {
  // Squared errors of an exploding linear model overflow within a few steps.
  const explode = (): ReturnType<typeof classifier> => {
    const model = classifier('sgd', 0.1)
    model.compile({ optimizer: model.optimizer, loss: 'mse' })
    model.layers[1]!.setWeights([[[1e18], [1e18], [1e18], [1e18]], [0]])
    return model
  }
  const far = Float32Array.from(y, () => 3e38)

  test('stops the fit before the weights change, and names epoch and batch', async () => {
    const model = explode()
    const before = weightsOf(model)
    const run = model.fit(x, far, { epochs: 3, ...quiet })
    await expect(run).rejects.toThrow(/epoch 1, batch 0/)
    await expect(run).rejects.toMatchObject({ code: 'ERR_NON_FINITE' })
    expect(weightsOf(model)).toEqual(before)
    await model.fit(x, y, quiet)
  })

  test('ends it quietly with TerminateOnNaN, and not at all if one wishes to go on', async () => {
    const quietly = await explode().fit(x, far, { epochs: 3, ...quiet, callbacks: new TerminateOnNaN() })
    expect([quietly.epoch, quietly.history.loss]).toEqual([[0], [Number.NaN]])
    const on = await explode().fit(x, far, { epochs: 2, ...quiet, nonFinite: 'continue' })
    expect(on.epoch).toEqual([0, 1])
    expect(Number.isFinite(on.history.loss![0])).toBe(false)
  })

  test('is an error of trainOnBatch, too', async () => {
    await expect(explode().trainOnBatch(x, far)).rejects.toMatchObject({ code: 'ERR_NON_FINITE' })
  })
})

describe('at the same time', () => {
  test('two models train as each does alone', async () => {
    const train = async (learningRate: number): Promise<number[][]> => {
      const model = classifier('adam', learningRate)
      await model.fit(x, y, { epochs: 20, batchSize: 4, seed: 2, ...quiet })
      return weightsOf(model)
    }
    const alone = [await train(0.01), await train(0.02)]
    expect(await Promise.all([train(0.01), train(0.02)])).toEqual(alone)
  })

  test('a second fit of one model, or an evaluation amid a fit, is refused', async () => {
    const model = classifier()
    const first = model.fit(x, y, { epochs: 200, ...quiet })
    await expect(model.fit(x, y, quiet)).rejects.toThrow(/busy.*inside fit.*Await fit first/)
    await expect(model.evaluate(x, y)).rejects.toMatchObject({ code: 'ERR_STATE' })
    await expect(model.trainOnBatch(x, y)).rejects.toMatchObject({ code: 'ERR_STATE' })
    expect((await first).epoch).toHaveLength(200)
  })

  test('a fit inside a callback of a fit is refused, an evaluation there is not', async () => {
    const model = classifier()
    const seen: unknown[] = []
    const onEpochEnd = async (): Promise<void> => {
      seen.push(
        await model.fit(x, y, quiet).then(String, (error: unknown) => error instanceof FerrogradError && error.code),
      )
      seen.push(typeof (await model.evaluate(x, y)).loss)
    }
    await model.fit(x, y, { epochs: 2, callbacks: { onEpochEnd }, ...quiet })
    expect(seen).toEqual(['ERR_STATE', 'number', 'ERR_STATE', 'number'])
  })

  test('with initialEpoch, portions of stepsPerEpoch begin at the beginning of the data', async () => {
    const train = async (epochs: number, initialEpoch: number): Promise<number[][]> => {
      config.setSeed(3)
      const model = classifier('sgd', 0.1)
      const rows = Math.ceil(x.shape[0]! / 3)
      await model.fit(x, y, { epochs, initialEpoch, stepsPerEpoch: 2, batchSize: rows, ...quiet, shuffle: false })
      return weightsOf(model)
    }
    expect(await train(4, 2)).toEqual(await train(2, 0))
    expect(await train(4, 1)).not.toEqual(await train(2, 0))
  })

  test('predict sees the weights after some whole step, and setWeights takes effect', async () => {
    const model = classifier('sgd', 0)
    const run = model.fit(x, y, { epochs: 3000, ...quiet })
    await pause(5)
    const before = Array.from(await (await model.predict(x)).data())
    model.setWeights(model.getWeights().map((weight) => ops.zeros(weight.shape)))
    const after = Array.from(await (await model.predict(x)).data())
    await run
    expect(before.every((p) => p > 0 && p < 1)).toBe(true)
    expect(new Set(after)).toEqual(new Set([0.5]))
    // A rate of 0: the training left the new weights as they are.
    expect(
      weightsOf(model)
        .flat()
        .every((weight) => weight === 0),
    ).toBe(true)
  })
})

describe('dispose', () => {
  test('ends the use of a model, once or twice, but not amid a fit', async () => {
    const model = classifier()
    const run = model.fit(x, y, { epochs: 100, ...quiet })
    expect(() => model.dispose()).toThrow(/not busy.*inside fit/)
    await run
    const weights = weightsOf(model)
    model.dispose()
    model.dispose()
    const gone = { code: 'ERR_STATE', message: expect.stringMatching(/one that was disposed/) }
    await expect(model.fit(x, y, quiet)).rejects.toMatchObject(gone)
    await expect(model.predict(x)).rejects.toMatchObject(gone)
    await expect(model.evaluate(x, y)).rejects.toMatchObject(gone)
    await expect(model.trainOnBatch(x, y)).rejects.toMatchObject(gone)
    expect(weightsOf(model)).toEqual(weights)
  })
})

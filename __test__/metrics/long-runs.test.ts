/** Metrics over more samples than float32 counts, far from 0, and on predictions that are no probabilities. */

import { jit, ops, type Tensor, tensor } from 'ferrograd'
import { afterAll, describe, expect, it } from 'vitest'
import { Sequential } from '../../ts/index.js'
import { Dense } from '../../ts/layers/index.js'
import {
  AUC,
  BinaryIoU,
  F1Score,
  FalsePositives,
  Mean,
  MeanAbsoluteError,
  Metric,
  PearsonCorrelation,
  Precision,
  R2Score,
  RecallAtPrecision,
  SensitivityAtSpecificity,
  Sum,
  TruePositives,
} from '../../ts/metrics/index.js'
import { SGD } from '../../ts/optimizers/index.js'

describe('counts and sums beyond 2^24', () => {
  const many = 2 ** 24

  it('a sum and a mean', () => {
    const [sum, mean] = [new Sum(), new Mean()]
    for (const value of [many, 1, 1, 1]) sum.update([value])
    expect(sum.result().itemSync()).toBe(many + 3 + 1) // float32 has no odd number here
    mean.update([1], { sampleWeight: [many] })
    for (let i = 0; i < 8; i++) mean.update([1], { sampleWeight: [1] })
    expect(mean.result().itemSync()).toBe(1)
    expect(mean.count.dataSync()[0]).toBe(many + 8)
  })

  it('the loss and the metrics of a fit and of an evaluation', async () => {
    const rows = 16
    const model = new Sequential([new Dense({ units: 1, inputShape: [1], kernelInitializer: 'zeros' })])
    model.compile({ optimizer: new SGD({ learningRate: 0 }), loss: 'mae', weightedMetrics: ['mae'] })
    const data = [{ values: new Float32Array(rows), shape: [rows, 1] }, new Float32Array(rows).fill(0.1)] as const
    // Each sample counts as some millions: they are no whole multiple of what float32 adds up there.
    const sampleWeight = new Float32Array(rows).map((_, i) => (i === 0 ? many : 1))
    const wanted = { loss: (0.1 * (many + 15)) / rows, mae: 0.1 }
    const logs = await model.evaluate(...data, { batchSize: 1, sampleWeight, verbose: 0 })
    const { history } = await model.fit(...data, { batchSize: 1, sampleWeight, verbose: 0 })
    for (const { loss, mae } of [logs, { loss: history.loss![0]!, mae: history.mae![0]! }]) {
      expect(loss! / wanted.loss).toBeCloseTo(1, 7)
      expect(mae).toBeCloseTo(wanted.mae, 7)
    }
  })

  it('counts of decisions', () => {
    const [hits, alarms, share] = [new TruePositives(), new FalsePositives(), new Precision()]
    for (const metric of [hits, alarms, share]) {
      metric.update([[1]], [[1]], { sampleWeight: [many] })
      for (let i = 0; i < 5; i++) metric.update([[1]], [[1]], { sampleWeight: [1] })
    }
    expect(hits.accumulator.dataSync()[0]).toBe(many + 5)
    expect(alarms.accumulator.dataSync()[0]).toBe(0)
    expect(share.result().itemSync()).toBe(1)
  })

  it('a mean does not drift', async () => {
    const metric = new MeanAbsoluteError()
    const step = jit((y: Tensor, p: Tensor) => {
      metric.update(y, p)
      return metric.result()
    })
    let last = 0
    for (let i = 0; i < 100; i++) last = (await step(tensor([[0]]), tensor([[0.1]]))).itemSync()
    metric.total.set(Float64Array.of(0.1 * 2 ** 26))
    metric.count.set(Float64Array.of(2 ** 26))
    for (let i = 0; i < 2000; i++) last = (await step(tensor([[0]]), tensor([[0.3]]))).itemSync()
    expect(last).toBeCloseTo(0.1, 4)
    expect(metric.count.dataSync()[0]).toBe(2 ** 26 + 2000)
    expect(metric.total.dataSync()[0]! - 0.1 * 2 ** 26).toBeCloseTo(600, 3)
  })

  it('overlaps of classes', () => {
    const metric = new BinaryIoU()
    metric.update([[1]], [[1]], { sampleWeight: [many] })
    for (let i = 0; i < 3; i++) metric.update([[1]], [[1]], { sampleWeight: [1] })
    expect(metric.totals.dataSync()[3]).toBe(many + 3)
  })
})

describe('far from 0', () => {
  it.each([0, 1e4, 1e6])('R² of targets about %f, in one batch or four', (offset) => {
    const y = [1, 2, 3, 4].map((value) => [offset + value])
    const p = [1.5, 1.5, 3.5, 3.5].map((value) => [offset + value])
    const [whole, parts] = [new R2Score(), new R2Score()]
    whole.update(y, p)
    y.forEach((row, i) => void parts.update([row], [p[i]!]))
    expect(whole.result().itemSync()).toBeCloseTo(0.8, 5)
    expect(parts.result().itemSync()).toBeCloseTo(0.8, 5)
  })

  it('R² with weights is that of repeated samples', () => {
    const [weighted, repeated] = [new R2Score(), new R2Score()]
    weighted.update([[1], [2], [4]], [[1], [3], [4]], { sampleWeight: [1, 0, 3] })
    repeated.update([[1], [4], [4], [4]], [[1], [4], [4], [4]])
    expect(weighted.result().itemSync()).toBeCloseTo(repeated.result().itemSync(), 6)
  })

  it('a correlation, and one that is not defined', () => {
    const metric = new PearsonCorrelation({ axis: 0 })
    metric.update([[1e4 + 1], [1e4 + 2], [1e4 + 4]], [[2e20], [4e20], [8e20]])
    expect(metric.result().itemSync()).toBeCloseTo(1, 5)
    const flat = new PearsonCorrelation({ axis: 0 })
    flat.update([[5], [5], [5]], [[1], [2], [3]])
    expect(flat.result().itemSync()).toBe(0)
  })
})

describe('thresholds', () => {
  const y = [[1], [0], [1], [0], [1], [0]]
  const p = [[0.9], [0.8], [0.6], [0.4], [0.3], [0.1]]

  it('are counted at in any order, with equals', () => {
    const thresholds = [0.6, 0.1, 0.5, 0.5, 0.95, 0]
    const metric = new TruePositives({ thresholds })
    metric.update(y, p)
    expect([...metric.result().dataSync()]).toEqual(
      thresholds.map((t) => p.filter(([value], i) => value! > Math.fround(t) && y[i]![0] === 1).length),
    )
  })

  it('five thousand cost about what ten do', { retry: 2 }, async () => {
    const time = async (numThresholds: number): Promise<number> => {
      const metric = new AUC({ numThresholds })
      const step = jit((a: Tensor, b: Tensor) => {
        metric.update(a, b)
        return ops.sum(b)
      })
      const [a, b] = [
        ops.cast(ops.greater(ops.mod(ops.arange(20_000), 3), 0), 'float32'),
        ops.divide(ops.arange(20_000), 20_000),
      ]
      let best = Number.POSITIVE_INFINITY
      for (let i = 0; i < 8; i++) {
        const start = performance.now()
        await step(ops.reshape(a, [-1, 1]), ops.reshape(b, [-1, 1]))
        best = Math.min(best, performance.now() - start)
      }
      return best
    }
    expect(await time(5000)).toBeLessThan(Math.max(4, 8 * (await time(10))))
  })

  const warnings: string[] = []
  const hear = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', hear)
  afterAll(() => void process.off('warning', hear))

  it('predictions outside [0, 1] count as its ends, with one warning that says what to do', async () => {
    const [logits, clipped] = [new AUC(), new AUC()]
    const scores = [[5], [-3], [0.7], [-0.2], [12], [0.4]]
    logits.update(y, scores)
    clipped.update(
      y,
      scores.map(([value]) => [Math.min(Math.max(value!, 0), 1)]),
    )
    expect(logits.result().itemSync()).toBe(clipped.result().itemSync())
    expect(logits.result().itemSync()).toBeGreaterThan(0.9)
    const recall = new RecallAtPrecision({ precision: 0.5 })
    recall.update(y, scores)
    expect(recall.result().itemSync()).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings.filter((text) => /AUC.*fromLogits: true/.test(text))).toHaveLength(1)
    expect(warnings.filter((text) => /RecallAtPrecision.*sigmoid/.test(text))).toHaveLength(1)
  })

  it('probabilities are not told of', async () => {
    const before = warnings.length
    const metric = new SensitivityAtSpecificity({ specificity: 0.5 })
    metric.update(y, p)
    metric.result().itemSync()
    metric.reset()
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings.length).toBe(before)
  })
})

describe('one column', () => {
  it('F1 decides at one half', () => {
    const metric = new F1Score()
    metric.update([[1], [0], [1], [0]], [[0.9], [0.8], [0.2], [0.1]])
    expect(metric.result().dataSync()[0]).toBeCloseTo(0.5, 5)
  })

  it.each([
    ['hinge', 'tanh', [[3], [-3], [0.2]], [1, -1, 1]],
    ['squaredHinge', 'tanh', [[3], [-3], [0.2]], [1, 0, 1]],
    ['mse', 'tanh', [[3], [-3], [0.2]], [1, -1, 1]],
    ['binaryCrossentropy', 'sigmoid', [[3], [-3], [0.2]], [1, 0, 1]],
  ] as const)('accuracy with %s', async (loss, activation, x, targets) => {
    const model = new Sequential([new Dense({ units: 1, activation, inputShape: [1], kernelInitializer: 'ones' })])
    model.compile({ optimizer: 'sgd', loss, metrics: ['accuracy'] })
    expect((await model.evaluate(x, [...targets], { verbose: 0 })).accuracy).toBe(1)
  })
})

describe('own metrics see targets as losses do', () => {
  it.each([
    [
      'a function',
      (shapes: string[]) =>
        (yTrue: Tensor, yPred: Tensor): Tensor => {
          shapes.push(String(yTrue.shape))
          return ops.abs(ops.subtract(yTrue, yPred))
        },
    ],
    [
      'a class',
      (shapes: string[]) =>
        new (class extends Metric {
          readonly total = this.addState('total')
          override update(yTrue: Tensor, yPred: Tensor): void {
            shapes.push(String(yTrue.shape))
            this.total.assign(ops.mean(ops.abs(ops.subtract(yTrue, yPred))))
          }
          override result(): Tensor {
            return this.total.read()
          }
        })({ name: 'own' }),
    ],
  ])('%s: (n) against (n, 1) is (n, 1)', async (_, make) => {
    const shapes: string[] = []
    const model = new Sequential([new Dense({ units: 1, inputShape: [1], kernelInitializer: 'ones' })])
    const metric = make(shapes)
    model.compile({ optimizer: 'sgd', loss: 'mae', metrics: [metric] })
    const logs = await model.evaluate([[1], [2], [3]], [1, 1, 1], { verbose: 0 })
    expect(new Set(shapes)).toEqual(new Set(['3,1']))
    expect(Object.values(logs).at(-1)).toBeCloseTo(1, 6)
  })
})

describe('metrics in a training', () => {
  const stack = (metrics: readonly (string | Metric)[]): Sequential => {
    const model = new Sequential([new Dense({ units: 3, inputShape: [1] })])
    model.compile({ optimizer: 'sgd', loss: (_, p) => ops.mean(p, { axis: -1 }), metrics: metrics as never })
    return model
  }

  it.each([
    ['meanAbsoluteError', 'meanAbsoluteError'],
    ['mean_absolute_error', 'meanAbsoluteError'],
    ['topKCategoricalAccuracy', 'topKCategoricalAccuracy'],
    ['mae', 'mae'],
  ])('%s is called %s in errors', async (name, called) => {
    const run = stack([name]).fit([[1], [2]], [[1], [2]].map((row) => [...row, 0]) as never, { verbose: 0 })
    await expect(run).rejects.toThrow(`${called} targets`)
  })

  it('a name that was given stays', async () => {
    const run = stack([new MeanAbsoluteError({ name: 'my_error' })]).evaluate([[1]], [[1, 2]], { verbose: 0 })
    await expect(run).rejects.toThrow('my_error targets')
  })

  it('several numbers are no log: refused before anything changes', async () => {
    const y = [
      [1, 0, 0],
      [0, 1, 0],
    ]
    for (const train of [
      (model: Sequential) => model.fit([[1], [2]], y, { verbose: 0 }),
      (model: Sequential) => model.trainOnBatch([[1], [2]], y),
    ]) {
      const model = stack([new F1Score()])
      const before = model.getWeights().map((one) => [...one.dataSync()])
      await expect(train(model)).rejects.toThrow(/f1_score.*one number to log.*shape \[3\].*average: 'macro'/)
      expect(model.getWeights().map((one) => [...one.dataSync()])).toEqual(before)
    }
    const logs = await stack([new F1Score({ average: 'macro' })]).evaluate([[1], [2]], y, { verbose: 0 })
    expect(Object.keys(logs)).toContain('f1_score')
  })

  it('R² of targets that do not vary is 1 where they are met, else 0', () => {
    const score = (predictions: readonly (readonly number[])[], options = {}): number[] => {
      const metric = new R2Score(options)
      metric.update(tensor([[5], [5]]), tensor(predictions as number[][]))
      return Array.from(metric.result().dataSync())
    }
    expect(score([[5], [5]])).toEqual([1])
    expect(score([[5], [6]])).toEqual([0])
    expect(score([[5], [5]], { classAggregation: 'varianceWeightedAverage' })).toEqual([1])
  })
})

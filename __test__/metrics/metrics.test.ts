/** Every metric streamed over uneven batches, unweighted and weighted, against real Keras in float64. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as config from '../../ts/config.js'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import { statisticFamily } from '../../ts/metrics/family.js'
import {
  BinaryAccuracy,
  getMetric,
  Mean,
  MeanSquaredError,
  Metric,
  OneHotMeanIoU,
  Precision,
  type Statistic,
  Sum,
  TopKCategoricalAccuracy,
} from '../../ts/metrics/index.js'
import { resolveObject } from '../../ts/options/family.js'
import { expectClose, fixture, floats, leftOut, type Numbers } from '../oracle.js'

interface Streamed {
  readonly results: readonly Numbers[]
  readonly after_reset?: Numbers
}

interface Case {
  readonly name: string
  readonly metric: { readonly class_name: string; readonly config: Readonly<Record<string, unknown>> }
  readonly batches: readonly number[]
  readonly y_true?: Numbers
  readonly y_pred?: Numbers
  readonly values?: Numbers
  readonly sample_weight?: Numbers
  readonly unweighted: Streamed
  readonly weighted?: Streamed
  readonly tolerance?: number
}

const cases = ['metrics', 'perplexity'].flatMap((topic) => fixture<Case>(topic).cases)

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

function rows(numbers: Numbers, start: number, count: number): Tensor {
  const width = numbers.shape.slice(1).reduce((product, length) => product * length, 1)
  return tensor(
    floats(numbers).slice(start * width, (start + count) * width),
    [count, ...numbers.shape.slice(1)],
    'float64',
  )
}

function feed(metric: Statistic, one: Case, start: number, count: number, weighted: boolean): void {
  const weighting = weighted ? { sampleWeight: rows(one.sample_weight!, start, count) } : {}
  if (metric instanceof Metric)
    metric.update(rows(one.y_true!, start, count), rows(one.y_pred!, start, count), weighting)
  else if (metric instanceof Mean || metric instanceof Sum) metric.update(rows(one.values!, start, count), weighting)
}

function check(one: Case, streamed: Streamed, weighted: boolean): void {
  const metric = resolveObject(
    { ...one.metric, config: { ...one.metric.config, ...leftOut(one.name) } },
    'metric',
    statisticFamily,
  )
  let start = 0
  for (const [i, count] of one.batches.entries()) {
    feed(metric, one, start, count, weighted)
    expectClose(metric.result().dataSync(), streamed.results[i]!, one.tolerance, `after batch ${i}`)
    start += count
  }
  if (streamed.after_reset === undefined) return
  metric.reset()
  const last = one.batches.at(-1)!
  feed(metric, one, start - last, last, weighted)
  expectClose(metric.result().dataSync(), streamed.after_reset, one.tolerance, 'after reset')
}

describe('metrics equal those of Keras', () => {
  it.each(cases)('$name', (one) => {
    check(one, one.unweighted, false)
    if (one.weighted) check(one, one.weighted, true)
  })
})

describe('accuracy is resolved from the shapes', () => {
  it.each([
    [[null, 1], [null, 1], 'BinaryAccuracy'],
    [[null], [null, 1], 'BinaryAccuracy'],
    [[null], [null, 10], 'SparseCategoricalAccuracy'],
    [[null, 1], [null, 10], 'SparseCategoricalAccuracy'],
    [[null, 10], [null, 10], 'CategoricalAccuracy'],
    [[null, 5], [null, 5, 10], 'SparseCategoricalAccuracy'],
  ] as const)('%j against %j', (yTrue, yPred, className) => {
    const metric = getMetric('accuracy', yTrue, yPred)
    expect([metric.className, metric.name]).toEqual([className, 'accuracy'])
  })
})

describe('a metric goes by the name it was given', () => {
  it.each([
    ['mse', 'mse', 'MeanSquaredError'],
    ['acc', 'acc', 'CategoricalAccuracy'],
    ['binaryAccuracy', 'binary_accuracy', 'BinaryAccuracy'],
    ['binary_accuracy', 'binary_accuracy', 'BinaryAccuracy'],
    ['auc', 'auc', 'AUC'],
    ['f1Score', 'f1_score', 'F1Score'],
  ] as const)('%s', (given, name, className) => {
    const metric = getMetric(given, [null, 3], [null, 3])
    expect([metric.name, metric.className]).toEqual([name, className])
  })

  it('an unknown name suggests the nearest', () => {
    expect(() => getMetric('acuracy' as never, [null], [null, 3])).toThrow("did you mean 'accuracy'?")
  })
})

describe('plain arrays will do', () => {
  const yTrue = [
    [0, 1],
    [1, 0],
    [1, 0],
  ]
  const yPred = [
    [0.2, 0.8],
    [0.7, 0.3],
    [0.4, 0.6],
  ]
  it.each([
    [new BinaryAccuracy(), 3 / 7],
    [new MeanSquaredError(), (0.04 + 0.09 * 2 + 0.36 * 4) / 7],
    [new Precision(), 3 / 7],
    [new TopKCategoricalAccuracy({ k: 1 }), 3 / 7],
    [new OneHotMeanIoU({ numClasses: 2 }), (2 / 6 + 1 / 5) / 2],
  ])('$className', (metric, wanted) => {
    metric.update(yTrue, yPred, { sampleWeight: [1, 2, 4] })
    expect(metric.result().itemSync()).toBeCloseTo(wanted, 5)
  })

  it('Mean', () => {
    const mean = new Mean()
    mean.update([1, 2, 6])
    expect(mean.result().itemSync()).toBe(3)
  })
})

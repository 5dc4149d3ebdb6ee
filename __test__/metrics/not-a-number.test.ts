/** A prediction that is NaN is never right, whatever the target. */

import { describe, expect, it } from 'vitest'
import { Sequential, tensor } from '../../ts/index.js'
import { Dense } from '../../ts/layers/index.js'
import {
  Accuracy,
  BinaryAccuracy,
  BinaryIoU,
  CategoricalAccuracy,
  MeanIoU,
  type Metric,
  OneHotIoU,
  OneHotMeanIoU,
  SparseCategoricalAccuracy,
  SparseTopKCategoricalAccuracy,
  TopKCategoricalAccuracy,
} from '../../ts/metrics/index.js'

const nan = Number.NaN
const hot = (label: number): number[] => [0, 1, 2].map((i) => (i === label ? 1 : 0))

function of(metric: Metric, target: number[] | number[][], prediction: number[] | number[][]): number {
  metric.update(tensor(target), tensor(prediction))
  return metric.result().itemSync()
}

describe.each([0, 1, 2])('class %d', (label) => {
  it.each([
    ['all NaN', [nan, nan, nan]],
    ['a NaN among others', [nan, 0.9, 0.1]],
    ['the last one NaN', [0.9, 0.1, nan]],
  ])('%s: no class is the largest', (_, prediction) => {
    expect(of(new CategoricalAccuracy(), [hot(label)], [prediction])).toBe(0)
    expect(of(new SparseCategoricalAccuracy(), [label], [prediction])).toBe(0)
  })

  it.each([1, 2, 3, 5])('none is among the largest %d of NaN alone', (k) => {
    expect(of(new TopKCategoricalAccuracy({ k }), [hot(label)], [[nan, nan, nan]])).toBe(0)
    expect(of(new SparseTopKCategoricalAccuracy({ k }), [label], [[nan, nan, nan]])).toBe(0)
  })

  it('numbers beside it count as ever', () => {
    const prediction = [0.1, 0.2, 0.3].map((value, i) => (i === label ? 1 : value))
    expect(of(new CategoricalAccuracy(), [hot(label)], [prediction])).toBe(1)
    expect(of(new SparseCategoricalAccuracy(), [label], [prediction])).toBe(1)
  })
})

it('a NaN takes one of the k places', () => {
  const ranks = [0, 1, 2].map((label) =>
    [1, 2, 3].map((k) => of(new SparseTopKCategoricalAccuracy({ k }), [label], [[0.2, nan, 0.7]])),
  )
  expect(ranks).toEqual([
    [0, 0, 1],
    [0, 0, 0],
    [0, 1, 1],
  ])
})

it.each([0, 1, nan])('a yes or no, target %d', (target) => {
  expect(of(new BinaryAccuracy(), [target], [nan])).toBe(0)
  expect(of(new Accuracy(), [target], [nan])).toBe(0)
})

it('`accuracy` of a model whose weights are NaN', async () => {
  for (const [units, loss, targets] of [
    [1, 'binaryCrossentropy', [[0], [1]]],
    [1, 'hinge', [[-1], [1]]],
    [3, 'categoricalCrossentropy', [hot(0), hot(1)]],
    [3, 'sparseCategoricalCrossentropy', [[0], [1]]],
  ] as const) {
    const model = new Sequential([new Dense({ units, inputShape: [2] })])
    model.compile({ loss, metrics: ['accuracy'] })
    model.setWeights(
      model.weights.map(({ shape }) => tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(nan), shape)),
    )
    const { accuracy } = await model.evaluate(
      [
        [1, 2],
        [3, 4],
      ],
      targets as unknown as number[][],
      { verbose: 0 },
    )
    expect(accuracy, loss).toBe(0)
  }
})

describe.each([0, 1, 2])('the overlap of class %d', (label) => {
  const other = (label + 1) % 3
  const classes = { numClasses: 3, targetClassIds: [label] }

  it.each([
    ['all NaN', [nan, nan, nan]],
    ['a NaN among others', [0, 1, 2].map((i) => (i === label ? 1 : i === other ? nan : 0))],
  ])('%s: one of two is missed, and no other class has it', (_, prediction) => {
    const [targets, predictions] = [
      [hot(label), hot(label), hot(other)],
      [hot(label), prediction, hot(other)],
    ]
    expect(of(new OneHotIoU(classes), targets, predictions)).toBeCloseTo(0.5, 6)
    expect(of(new OneHotMeanIoU({ numClasses: 3 }), targets, predictions)).toBeCloseTo(0.75, 6)
  })

  it('of a label that is NaN', () => {
    expect(of(new MeanIoU({ numClasses: 3 }), [label, label, other], [label, nan, other])).toBeCloseTo(0.75, 6)
  })
})

it.each([0, 1])('the overlap of a yes or no, target %d', (target) => {
  const metric = new BinaryIoU({ targetClassIds: [target] })
  expect(of(metric, [target, target, 1 - target], [target, nan, 1 - target])).toBeCloseTo(0.5, 6)
  metric.reset()
  expect(of(metric, [target], [target])).toBeCloseTo(1, 6)
})

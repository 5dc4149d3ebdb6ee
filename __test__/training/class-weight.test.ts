/** Class weights are sample weights by another name; layers that are set not to learn do not. */
import { config, input, Model, Sequential } from 'ferrograd'
import { BatchNormalization, Dense } from 'ferrograd/layers'
import { describe, expect, test } from 'vitest'
import { points, weightsOf } from './models.js'

const { x, y } = points()
const labels = Array.from(y as ArrayLike<number>)
const other = labels.map((label, i) => (label + i) % 2)
const bySample = (weights: Readonly<Record<number, number>>, of: readonly number[]): number[] =>
  of.map((label) => weights[label] ?? 1)
const quiet = { verbose: 0, epochs: 2, batchSize: 16, shuffle: false } as const

function twoOutputs(): Model {
  config.setSeed(4)
  const x = input({ shape: [2] })
  const hidden = new Dense({ units: 4, activation: 'tanh' }).apply(x)
  const heads = ['a', 'b'].map((name) => new Dense({ units: 2, activation: 'softmax', name }).apply(hidden))
  const model = new Model({ inputs: x, outputs: heads })
  model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' })
  return model
}

describe('class weights', () => {
  test('of each output weigh its samples by their class; an output without any is not weighed', async () => {
    const targets = { a: labels, b: other }
    const byClass = twoOutputs()
    const plain = twoOutputs()
    const weighed = await byClass.fit(x, targets, { ...quiet, classWeight: { a: { 0: 0.5, 1: 3 } } })
    const sampled = await plain.fit(x, targets, {
      ...quiet,
      sampleWeight: { a: bySample({ 0: 0.5, 1: 3 }, labels), b: labels.map(() => 1) },
    })
    expect(weighed.history).toEqual(sampled.history)
    expect(weightsOf(byClass)).toEqual(weightsOf(plain))
    const unweighed = twoOutputs()
    await unweighed.fit(x, targets, quiet)
    expect(weightsOf(unweighed)).not.toEqual(weightsOf(plain))
  })
})

describe('layers that stop learning between two trainings', () => {
  test('a nested model keeps its weights, and its batch normalization its moving statistics', async () => {
    config.setSeed(9)
    const inner = new Sequential([
      new Dense({ units: 3, activation: 'relu', inputShape: [2] }),
      new BatchNormalization(),
    ])
    const model = new Sequential([inner, new Dense({ units: 2, activation: 'softmax' })])
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' })
    await model.fit(x, y, quiet)
    const learned = weightsOf(inner)
    inner.trainable = false
    await model.fit(x, y, quiet)
    expect(weightsOf(inner)).toEqual(learned)
    inner.trainable = true
    await model.fit(x, y, quiet)
    const again = weightsOf(inner)
    expect(again.every((weight, i) => weight.join() !== learned[i]!.join())).toBe(true)
  })
})

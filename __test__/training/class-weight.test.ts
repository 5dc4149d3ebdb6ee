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

describe("'balanced'", () => {
  const rare = labels.map((_, i) => (i % 7 === 0 ? 1 : 0))
  const share = rare.filter((label) => label === 1).length / rare.length
  const found = { 0: 1 / (2 * (1 - share)), 1: 1 / (2 * share) }

  test('is the weights that count the classes', async () => {
    for (const [asked, written] of [
      ['balanced', { a: found, b: found }],
      [
        { a: 'balanced', b: { 0: 1, 1: 2 } },
        { a: found, b: { 0: 1, 1: 2 } },
      ],
    ] as const) {
      const [first, second] = [twoOutputs(), twoOutputs()]
      await first.fit(x, { a: rare, b: rare }, { ...quiet, classWeight: asked })
      await second.fit(x, { a: rare, b: rare }, { ...quiet, classWeight: written })
      expect(weightsOf(first)).toEqual(weightsOf(second))
    }
  })

  test('counts the samples that are trained on', async () => {
    const half = labels.length / 2
    const tail = labels.map((_, i) => (i < half ? i % 2 : 0))
    const [first, second] = [twoOutputs(), twoOutputs()]
    await first.fit(x, { a: tail, b: tail }, { ...quiet, classWeight: 'balanced', validationSplit: 0.5 })
    await second.fit(x, { a: tail, b: tail }, { ...quiet, validationSplit: 0.5 })
    expect(weightsOf(first)).toEqual(weightsOf(second))
  })

  test('is refused where nobody can count, or there are no classes', async () => {
    const model = twoOutputs()
    const stream = async function* () {
      yield { x, y: { a: rare, b: rare } }
    }
    await expect(model.fit(stream, { classWeight: 'balanced' })).rejects.toThrow(
      /fit\.classWeight: expected weights by class for a stream, got 'balanced'\. Count the classes first/,
    )
    await expect(model.trainOnBatch(x, { a: rare, b: rare }, { classWeight: { a: 'balanced' } })).rejects.toThrow(
      /trainOnBatch\.classWeight: expected weights by class for a lone batch/,
    )
    const regression = new Sequential([new Dense({ units: 1, inputShape: [2] })])
    regression.compile({ optimizer: 'sgd', loss: 'mse' })
    await expect(
      regression.fit(
        x,
        labels.map((_, i) => i / 3),
        { classWeight: 'balanced' },
      ),
    ).rejects.toThrow(/fit\.classWeight: expected class numbers for targets, got 0\.333/)
  })
})

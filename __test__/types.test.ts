/** What must not compile. Each line would also throw: these functions are checked, and never called. */
import { input, Model, type Sequential, tensor } from 'ferrograd'
import { EarlyStopping, type Logs } from 'ferrograd/callbacks'
import { Dataset } from 'ferrograd/data'
import { digits } from 'ferrograd/datasets'
import { Dense } from 'ferrograd/layers'
import { expect, expectTypeOf, test } from 'vitest'
import type { History } from '../ts/callbacks/history.js'
import type { EpochReport, FitRun } from '../ts/training/fit-run.js'

function misspelt(model: Sequential): void {
  // @ts-expect-error
  model.compile({ optimizer: 'adma' })
  // @ts-expect-error
  model.compile({ optimiser: 'adam' })
  // @ts-expect-error
  model.compile({ loss: 'meanSquaredEror' })
  // @ts-expect-error
  model.compile({ metrics: ['acuracy'] })
  // @ts-expect-error
  model.fit([[1]], [1], { epoch: 3 })
  // @ts-expect-error
  model.fit([[1]], [1], { epochs: '3' })
  // @ts-expect-error
  model.fit([['a']], [1])
  // @ts-expect-error
  model.predict([[1]], { batchsize: 3 })
  // @ts-expect-error
  new EarlyStopping({ patiance: 3 })
  // @ts-expect-error
  new Dense({ unit: 3 })
  // @ts-expect-error
  new Dense({ units: 3, activation: 'rleu' })
  // @ts-expect-error
  new Model({ inputs: 3, outputs: 3 })
  // @ts-expect-error
  input({ shapes: [3] })
}

function wellSpelt(model: Sequential): void {
  model.compile({
    optimizer: 'sgd',
    loss: 'mean_squared_error',
    metrics: ['accuracy', 'mae', 'topKCategoricalAccuracy'],
  })
  model.compile({ loss: ['mse', null], metrics: { a: ['mae'], b: 'mse' }, lossWeights: { a: 2 } })
}

/** Every form of data that `fit` takes, without a cast. */
function forms(model: Sequential): void {
  const { x, y } = digits()
  model.fit(x, y, { validationData: [x, y], sampleWeight: new Float32Array(3), classWeight: { 0: 1, 3: 2 } })
  model.fit([[1, 2]], [true], { validationData: { x, y } })
  model.fit([Float32Array.of(1, 2)], tensor([1]))
  model.fit({ left: x, right: tensor([[1]]) }, { out: y })
  model.fit([x, x], [y, y])
  model.fit(Dataset.fromArrays({ x, y }).shuffle(100).batch(32))
  model.fit(
    Dataset.fromArrays({ x, y, sampleWeight: y })
      .batch(32)
      .map(({ x, y }) => ({ x, y })),
    undefined,
    { epochs: 2 },
  )
  model.fit(function* () {
    yield [[[1, 2]], [1]] as const
  })
  model.fit(async function* () {
    yield { x, y }
  })
  model.evaluate(Dataset.from([[x, y] as const]))
  model.predict(Dataset.fromArrays({ x }).batch(2))
}

test('what the calls of a model return', () => {
  expectTypeOf<ReturnType<Sequential['fit']>>().toEqualTypeOf<FitRun>()
  expectTypeOf<Awaited<FitRun>>().toEqualTypeOf<History>()
  expectTypeOf<EpochReport['logs']>().toEqualTypeOf<Logs>()
  expect(misspelt.length + wellSpelt.length + forms.length).toBe(3)
})

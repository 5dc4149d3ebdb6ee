/** The penalty is logged apart from the loss that it is part of, so that data losses can be compared. */
import { Sequential } from 'ferrograd'
import { ActivityRegularization, Dense } from 'ferrograd/layers'
import { expect, test } from 'vitest'

const x = [
  [1, 2],
  [3, 4],
]
const y = [1, 2]

test('loss is the loss of the data plus the penalty of the weights', async () => {
  const dense = new Dense({ units: 1, inputShape: [2], useBias: false, kernelRegularizer: 'l2' })
  const model = new Sequential([dense])
  model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['mse'] })
  dense.setWeights([[[0.5], [0.25]]])
  const logs = await model.evaluate(x, y)
  expect(logs.penalty).toBeCloseTo(0.01 * (0.25 + 0.0625), 7)
  expect(logs.loss).toBeCloseTo((logs.mse ?? Number.NaN) + (logs.penalty ?? Number.NaN), 6)
  const { history } = await model.fit(x, y, { epochs: 2, verbose: 0, validationData: [x, y] })
  expect(Object.keys(history).sort()).toEqual(['loss', 'mse', 'penalty', 'val_loss', 'val_mse', 'val_penalty'])
})

test('what a layer adds is part of it, and a model without penalties does not log one', async () => {
  const build = (regular: boolean): Sequential => {
    const layers = [new Dense({ units: 1, inputShape: [2], kernelInitializer: 'ones' })]
    const model = new Sequential(regular ? [...layers, new ActivityRegularization({ l1: 0.5 })] : layers)
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    return model
  }
  expect(await build(true).evaluate(x, y)).toMatchObject({ penalty: expect.closeTo((0.5 * (3 + 7)) / 2, 5) })
  expect(Object.keys(await build(false).evaluate(x, y))).toEqual(['loss'])
})

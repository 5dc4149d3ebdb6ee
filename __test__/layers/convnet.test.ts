/** Convolutional models learn: digits that ship with the package, and MNIST where its files are. */

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { config, Sequential } from 'ferrograd'
import { digits, mnist } from 'ferrograd/datasets'
import {
  BatchNormalization,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  type Layer,
  MaxPooling2D,
  ReLU,
} from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { afterEach, describe, expect, test } from 'vitest'

afterEach(() => config.setSeed(0))

const compiled = (layers: readonly Layer[], learningRate: number): Sequential => {
  const model = new Sequential([...layers])
  const optimizer = new Adam({ learningRate })
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] })
  return model
}

const depthwiseBlock = (filters: number): Layer[] => [
  new DepthwiseConv2D({ kernelSize: 3, padding: 'same', useBias: false }),
  new BatchNormalization({ momentum: 0.9 }),
  new ReLU(),
  new Conv2D({ filters, kernelSize: 1, activation: 'relu' }),
]

describe('the digits of the package', () => {
  const { train, test: kept } = digits({ testSplit: 0.2, seed: 1 })
  const pictures = ({ values }: { readonly values: Float32Array }): { values: Float32Array; shape: number[] } => ({
    values,
    shape: [values.length / 64, 8, 8, 1],
  })

  test('are read by convolution and pooling', async () => {
    config.setSeed(1)
    const model = compiled(
      [
        new Conv2D({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [8, 8, 1] }),
        new MaxPooling2D(),
        new Conv2D({ filters: 16, kernelSize: 3, activation: 'relu' }),
        new Flatten(),
        new Dense({ units: 10, activation: 'softmax' }),
      ],
      5e-3,
    )
    const { history } = await model.fit(pictures(train.x), train.y, { epochs: 14, verbose: 0 })
    expect(history.loss!.at(-1)).toBeLessThan(0.1 * history.loss![0]!)
    const { accuracy } = await model.evaluate(pictures(kept.x), kept.y, { verbose: 0 })
    expect(accuracy).toBeGreaterThanOrEqual(0.965)
  })

  test('are read by depthwise blocks with batch normalisation, and the average of each map', async () => {
    config.setSeed(2)
    const model = compiled(
      [
        new Conv2D({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [8, 8, 1] }),
        ...depthwiseBlock(32),
        new MaxPooling2D(),
        ...depthwiseBlock(32),
        new GlobalAveragePooling2D(),
        new Dense({ units: 10, activation: 'softmax' }),
      ],
      // So that rounding, which differs between instruction sets, decides nothing: 16 runs of 8 seeds came to 0.961 and more.
      3e-3,
    )
    await model.fit(pictures(train.x), train.y, { epochs: 16, batchSize: 64, verbose: 0 })
    const { accuracy } = await model.evaluate(pictures(kept.x), kept.y, { verbose: 0 })
    expect(accuracy).toBeGreaterThanOrEqual(0.95)
  })
})

const dir = fileURLToPath(new URL('../../../shared/data/mnist', import.meta.url))
if (!existsSync(dir)) console.log(`There is no folder ${dir}: the test of MNIST is left out.`)

test.skipIf(!existsSync(dir))(
  '2,000 digits of MNIST teach a small convnet to read 90 % of 500 others',
  async () => {
    config.setSeed(3)
    const { x, y } = mnist({ dir, parts: ['test'], layout: 'channels' }).test
    const part = (from: number, to: number): { x: { values: Float32Array; shape: number[] }; y: Int32Array } => ({
      x: { values: x.values.subarray(784 * from, 784 * to), shape: [to - from, 28, 28, 1] },
      y: y.subarray(from, to),
    })
    const [train, kept] = [part(0, 2000), part(2000, 2500)]
    const model = compiled(
      [
        new Conv2D({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
        new MaxPooling2D(),
        new Conv2D({ filters: 16, kernelSize: 3, activation: 'relu' }),
        new MaxPooling2D(),
        new Flatten(),
        new Dropout({ rate: 0.3 }),
        new Dense({ units: 10, activation: 'softmax' }),
      ],
      4e-3,
    )
    await model.fit(train.x, train.y, { epochs: 4, batchSize: 20, verbose: 0 })
    const { accuracy } = await model.evaluate(kept.x, kept.y, { verbose: 0 })
    expect(accuracy).toBeGreaterThanOrEqual(0.9)
  },
  120_000,
)

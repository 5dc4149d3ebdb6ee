/** Layers around layers against real Keras in float64, and what they refuse. */

import { Dataset } from 'ferrograd/data'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import * as config from '../../ts/config.js'
import { tensor } from '../../ts/core/tensor.js'
import { GradientTape } from '../../ts/gradient.js'
import {
  Dense,
  Dropout,
  Embedding,
  getLayer,
  Masking,
  Pipeline,
  RandomFlip,
  Rescaling,
  SeparableConv2D,
  SpectralNormalization,
} from '../../ts/layers/index.js'
import { Sequential } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'
import { type Case, expectLayer, expectSteps, prepared } from './cases.js'

interface Wrapped extends Case {
  /** The weights after one training call. */
  readonly after?: readonly Numbers[]
}

const { cases } = fixture<Wrapped>('wrappers')
const normalized = cases.filter(({ after }) => after)

describe('in float64', () => {
  beforeAll(() => config.setFloatx('float64'))
  afterAll(() => config.setFloatx('float32'))

  it.each(cases)('$name is that of Keras', (one) => expectLayer(one))

  it.each(normalized)('$name: weights after a training call', (one) => {
    const layer = prepared(one)
    const x = toTensor(one.inputs[0]!)
    layer.apply(x)
    const before = layer.getWeights().map((weight) => weight.dataSync())
    expect(before).toEqual(one.weights!.map(({ value }) => toTensor(value).dataSync()))
    layer.apply(x, { training: true })
    for (const [i, wanted] of one.after!.entries()) expectClose(layer.weights[i]!.dataSync(), wanted, 1e-12, `${i}`)
  })

  it.each(normalized)('$name: three steps', (one) => expectSteps(one))

  test('its gradients are those of the layer with the divided weight, by central differences', () => {
    const layer = new SpectralNormalization({ layer: new Dense({ units: 3, activation: 'tanh' }), powerIterations: 4 })
    const x = tensor([0.3, -0.8, 1.1, 0.4], [2, 2], 'float64')
    layer.ensureBuilt(x.shape)
    const first = layer.getWeights()
    const tape = new GradientTape()
    const loss = tape.record(() => ops.sum(ops.square(layer.apply(x, { training: true }))))
    const [dx, dw] = tape.gradient(loss, [x, layer.kernel])
    const [byX, byW] = [dx!.dataSync(), dw!.dataSync()]
    const divided = layer.kernel.read()
    const at = (inputs: Float64Array, kernel: Float64Array): number => {
      layer.setWeights([tensor(kernel, divided.shape, 'float64'), ...first.slice(1)])
      return ops.sum(ops.square(layer.apply(tensor(inputs, x.shape, 'float64')))).itemSync()
    }
    const [x0, w0] = [x.dataSync() as Float64Array, divided.dataSync() as Float64Array]
    const moved = (values: Float64Array, i: number, by: number): Float64Array =>
      values.map((value, k) => (k === i ? value + by : value))
    for (const i of x0.keys())
      expect((at(moved(x0, i, 1e-6), w0) - at(moved(x0, i, -1e-6), w0)) / 2e-6).toBeCloseTo(byX[i]!, 7)
    for (const i of w0.keys())
      expect((at(x0, moved(w0, i, 1e-6)) - at(x0, moved(w0, i, -1e-6))) / 2e-6).toBeCloseTo(byW[i]!, 7)
  })

  test('the greatest singular value comes to 1', () => {
    const layer = new SpectralNormalization({ layer: new Dense({ units: 2, useBias: false }) })
    layer.ensureBuilt([1, 2])
    layer.kernel.assign([
      [3, 1],
      [0, 0.5],
    ])
    for (let step = 0; step < 40; step++) layer.apply(ops.ones([1, 2]), { training: true })
    const [a, b, c, d] = layer.kernel.dataSync() as Float64Array as unknown as [number, number, number, number]
    // The greatest of two by the trace and the determinant of WᵀW.
    const [trace, determinant] = [a * a + b * b + c * c + d * d, (a * d - b * c) ** 2]
    expect(Math.sqrt((trace + Math.sqrt(trace ** 2 - 4 * determinant)) / 2)).toBeCloseTo(1, 12)
  })
})

test('the weight of an embedding is normalised too', () => {
  const layer = new SpectralNormalization({ layer: new Embedding({ inputDim: 5, outputDim: 3 }) })
  const y = layer.apply(tensor([1, 4, 2], [1, 3], 'int32'), { training: true })
  expect(y.shape).toEqual([1, 3, 3])
  expect(layer.weights.map(({ name, shape }) => [name, shape])).toEqual([
    ['embeddings', [5, 3]],
    ['vector_u', [1, 3]],
  ])
})

test('the layer inside may have another element type', () => {
  const layer = new SpectralNormalization({ layer: new Dense({ units: 2, dtype: 'float64' }), dtype: 'float32' })
  layer.apply(ops.ones([1, 2]), { training: true })
  expect(layer.weights.map(({ dtype }) => dtype)).toEqual(['float64', 'float64', 'float64'])
})

test('a layer without one weight is refused', () => {
  const layer = new SpectralNormalization({ layer: new SeparableConv2D({ filters: 2, kernelSize: 1 }) })
  expect(() => layer.apply(ops.ones([1, 2, 2, 1]))).toThrow(
    "SpectralNormalization.layer: expected a layer with a 'kernel' or 'embeddings', got 'SeparableConv2D'",
  )
  expect(() => new SpectralNormalization({ layer: new Dense({ units: 1 }), powerIterations: 0 })).toThrow(
    'SpectralNormalization.powerIterations: expected an integer ≥ 1, got 0',
  )
})

describe('Pipeline', () => {
  test('says to its layers whether it is training', () => {
    const layer = new Pipeline({ layers: [new Rescaling({ scale: 2 }), new Dropout({ rate: 0.5, seed: 1 })] })
    const x = ops.ones([4, 50])
    expect(new Set(layer.apply(x).dataSync())).toEqual(new Set([2]))
    expect(new Set(layer.apply(x, { training: true }).dataSync())).toEqual(new Set([0, 4]))
  })

  test('hands masks on from layer to layer', () => {
    const layer = new Pipeline({ layers: [new Masking(), new Rescaling({ scale: 2 })] })
    const model = new Sequential([layer, new Dense({ units: 1 })])
    const y = tensor([0, 0, 1, 2], [1, 2, 2])
    expect(model.apply(y).shape).toEqual([1, 2, 1])
  })

  test('changes batches of a data set before a model sees them', async () => {
    const x = { values: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), shape: [2, 2, 2, 1] }
    const flip = new Pipeline({
      layers: [new RandomFlip({ mode: 'horizontal', seed: 3 }), new Rescaling({ scale: 0.5 })],
    })
    const batches = Dataset.fromColumns({ x, y: [0, 1] })
      .batch(2)
      .map((batch) => ({
        x: flip.apply(tensor(batch.x.values, batch.x.shape, 'float32'), { training: true }),
        y: batch.y,
      }))
    const [batch] = await batches.toArray()
    expect(batch!.x.shape).toEqual([2, 2, 2, 1])
    expect([...batch!.x.dataSync()].toSorted((a, b) => a - b)).toEqual([0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4])
    const model = new Sequential([new Dense({ units: 1 })])
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    const flat = batches.map(({ x, y }) => ({ x: ops.reshape(x, [-1, 4]), y }))
    await expect(model.fit(flat, { epochs: 2, verbose: 0 })).resolves.toBeDefined()
  })

  test('is configured by its layers and its name', () => {
    const layer = new Pipeline({ layers: [new Rescaling({ scale: 2 })], name: 'changes' })
    expect(Object.keys(layer.getConfig())).toEqual(['layers', 'name'])
    const again = getLayer({ module: 'keras.layers', class_name: 'Pipeline', config: layer.getConfig() })
    expect(again.getConfig()).toEqual(layer.getConfig())
  })

  test.each([
    [[], 'Pipeline.layers: expected a list of at least one layer, got []'],
    [[Rescaling], 'Pipeline.layers[0]: expected a layer, got'],
  ])('%j is refused', (layers, message) => {
    expect(() => new Pipeline({ layers: layers as never })).toThrow(message)
  })
})

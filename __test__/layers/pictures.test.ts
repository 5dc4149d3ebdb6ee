/** Layers of sequences, pictures and volumes against real Keras in float64, and what they refuse. */

import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import * as config from '../../ts/config.js'
import { tensor } from '../../ts/core/tensor.js'
import * as layers from '../../ts/layers/index.js'
import { input } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import { caught } from '../caught.js'
import { expectClose, fixture } from '../oracle.js'
import { type Case, expectLayer, expectSteps } from './cases.js'

const {
  AdaptiveMaxPooling1D,
  AveragePooling1D,
  AveragePooling2D,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  Conv3D,
  Cropping1D,
  Cropping2D,
  DepthwiseConv2D,
  GlobalAveragePooling1D,
  GlobalMaxPooling2D,
  MaxPooling2D,
  SeparableConv2D,
  SpatialDropout1D,
  SpatialDropout2D,
  UpSampling2D,
  ZeroPadding2D,
} = layers

const { cases } = fixture<Case>('picture_layers')

describe('in float64', () => {
  beforeAll(() => config.setFloatx('float64'))
  afterAll(() => config.setFloatx('float32'))

  describe('layers equal those of Keras', () => {
    it.each(cases)('$name', (one) => expectLayer(one))
  })

  describe('three steps are those of Keras', () => {
    it.each(cases.filter(({ steps }) => steps))('$name', (one) => expectSteps(one))
  })

  // Keras's PyTorch has another cubic and no Lanczos: these are what Keras gives on JAX.
  it.each([
    ['bilinear', 2, [1, 1.75, 3.25, 3.5, 2.5, 3.5, 6.5, 7.25, 5.75, 5.5, 6.5, 7]],
    [
      'bicubic',
      2,
      [
        0.7352941176470588, 1.6131386861313868, 3.4732824427480913, 3.6640625, 2.0546875, 3.1484375, 6.9453125,
        7.765625, 5.609375, 5.236641221374046, 6.554744525547445, 7.1764705882352935,
      ],
    ],
    [
      'bicubic',
      3,
      [
        0.6842105263157897, 1, 1.8965517241379306, 3.1785714285714275, 4, 3.4074074074074066, 2.2592592592592604, 2,
        3.7407407407407383, 6.370370370370371, 8, 7.481481481481482, 5.962962962962967, 5, 5.428571428571429,
        6.344827586206895, 7, 7.210526315789474,
      ],
    ],
    [
      'lanczos3',
      2,
      [
        0.5317785245822869, 1.7221805001217132, 3.5983163648797807, 3.5805617443952618, 1.8999693894738603,
        3.162301418324044, 6.9639893677962545, 7.933674865216217, 5.766166990992389, 5.048896327713835,
        6.41358608391441, 7.375707182763236,
      ],
    ],
    [
      'lanczos5',
      2,
      [
        0.2441511056639549, 1.9287509695879612, 3.7512030289684963, 3.455753611362201, 1.758472265147436,
        3.217928398699036, 6.813909882890287, 8.147552433199277, 5.929222693223053, 4.884767057674957, 6.21165011674526,
        7.661658180711338,
      ],
    ],
  ] as const)('%s, %d times as wide', (interpolation, times, wanted) => {
    const layer = new UpSampling2D({ size: [1, times], interpolation })
    const y = layer.apply(tensor([1, 4, 2, 8, 5, 7], [1, 1, 6, 1], 'float64'))
    expectClose(y.dataSync(), { shape: [wanted.length], data: wanted }, 1e-14)
  })

  it('an average counts the places inside the picture alone', () => {
    const pool = new AveragePooling1D({ poolSize: 2, strides: 1, padding: 'same' })
    expect(pool.apply(tensor([1, 2, 6], [1, 3, 1])).arraySync()).toEqual([[[1.5], [4], [6]]])
    const squares = new AveragePooling2D({ poolSize: 2, padding: 'same' })
    expect(squares.apply(tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1])).arraySync()).toEqual([
      [
        [[3], [4.5]],
        [[7.5], [9]],
      ],
    ])
  })
})

describe('shapes in a functional graph', () => {
  const shapeOf = (layer: layers.Layer, shape: readonly (number | null)[]): readonly (number | null)[] =>
    (layer.apply(input({ shape })) as unknown as { shape: readonly (number | null)[] }).shape

  it.each([
    [new Conv2D({ filters: 8, kernelSize: 3 }), [28, null, 3], [null, 26, null, 8]],
    [new Conv2D({ filters: 8, kernelSize: 3, strides: 5, padding: 'same' }), [null, 11, 3], [null, null, 3, 8]],
    [new Conv2D({ filters: 8, kernelSize: 3, dataFormat: 'channelsFirst' }), [3, 9, null], [null, 8, 7, null]],
    [new Conv1D({ filters: 2, kernelSize: 4, strides: 6, padding: 'causal' }), [null, 3], [null, null, 2]],
    [new DepthwiseConv2D({ kernelSize: 3, depthMultiplier: 2, strides: 7 }), [null, 30, 3], [null, null, 4, 6]],
    [new SeparableConv2D({ filters: 5, kernelSize: 2 }), [4, 4, 3], [null, 3, 3, 5]],
    [new Conv2DTranspose({ filters: 4, kernelSize: 3, strides: 2 }), [null, 5, 3], [null, null, 11, 4]],
    [new MaxPooling2D({ poolSize: 5 }), [null, 11, 3], [null, null, 2, 3]],
    [new MaxPooling2D({ padding: 'same', dataFormat: 'channelsFirst' }), [3, 11, null], [null, 3, 6, null]],
    [new GlobalMaxPooling2D({ keepdims: true }), [null, 11, 3], [null, 1, 1, 3]],
    [new AdaptiveMaxPooling1D({ outputSize: 4 }), [null, 3], [null, 4, 3]],
    [new UpSampling2D({ size: [2, 3] }), [null, 4, 3], [null, null, 12, 3]],
    [new ZeroPadding2D(), [null, 4, 3], [null, null, 6, 3]],
    [new Cropping1D(), [null, 3], [null, null, 3]],
  ] as const)('%s', (layer, shape, wanted) => expect(shapeOf(layer as layers.Layer, shape)).toEqual(wanted))
})

describe('initializers count the receptive field', () => {
  it.each([
    // fanIn + fanOut of a kernel (…sizes, a, b) is field · (a + b).
    [new Conv2D({ filters: 60, kernelSize: 5 }), 25 * (40 + 60)],
    [new Conv2DTranspose({ filters: 60, kernelSize: 5 }), 25 * (60 + 40)],
    [new DepthwiseConv2D({ kernelSize: 5, depthMultiplier: 60 }), 25 * (40 + 60)],
  ])('%s', (layer, fans) => {
    layer.build([1, 8, 8, 40])
    const limit = Math.sqrt(6 / fans)
    const values = [...layer.weights[0]!.dataSync()]
    const largest = values.reduce((most, one) => Math.max(most, Math.abs(one)), 0)
    expect(largest).toBeLessThanOrEqual(limit * (1 + 1e-6))
    expect(largest).toBeGreaterThan(0.999 * limit)
  })
})

describe('dropout of channels', () => {
  it.each([
    ['channelsLast', [4, 5, 6, 50], [1, 2]],
    ['channelsFirst', [4, 50, 5, 6], [2, 3]],
  ] as const)('%s: a channel of a sample is dropped whole', (dataFormat, shape, places) => {
    const layer = new SpatialDropout2D({ rate: 0.25, dataFormat, seed: 3 })
    const y = layer.apply(ops.ones(shape), { training: true })
    const [low, high] = [ops.min(y, { axis: places }), ops.max(y, { axis: places })]
    expect(low.arraySync()).toEqual(high.arraySync())
    const kept = high.dataSync()
    expect(new Set(kept)).toEqual(new Set([0, Math.fround(1 / 0.75)]))
    const share = kept.filter((one) => one > 0).length / kept.length
    expect(Math.abs(share - 0.75)).toBeLessThan(0.1)
    expect(layer.apply(ops.ones(shape)).arraySync()).toEqual(ops.ones(shape).arraySync())
  })

  it('of sequences leaves the steps of a channel alone or none', () => {
    const y = new SpatialDropout1D({ rate: 0.5, seed: 1 }).apply(ops.ones([8, 3, 16]), { training: true })
    expect(ops.min(y, { axis: 1 }).arraySync()).toEqual(ops.max(y, { axis: 1 }).arraySync())
  })
})

test('a mask leaves steps out of the average, and ends there', () => {
  const pool = new GlobalAveragePooling1D()
  const y = pool.apply(tensor([1, 2, 30, 4], [1, 4, 1]), { mask: tensor([1, 1, 0, 1], [1, 4], 'bool') })
  expect(y.dataSync()[0]).toBeCloseTo(7 / 3, 6)
})

describe('what does not fit is refused', () => {
  const four = (shape: readonly number[]): ReturnType<typeof ops.ones> => ops.ones(shape)
  const table: readonly (readonly [what: string, run: () => unknown, code: string, message: RegExp])[] = [
    [
      'a kernel larger than the picture',
      () => new Conv2D({ filters: 2, kernelSize: [3, 7] }).apply(four([2, 5, 6, 4])),
      'ERR_SHAPE',
      /^Conv2D input: expected pictures of at least \[3, 7\] places, got \[2, 5, 6, 4\]\. Windows of \[3, 7\] need padding/,
    ],
    [
      'a dilated kernel larger than the picture, in a graph',
      () => new Conv1D({ filters: 2, kernelSize: 3, dilationRate: 4 }).apply(input({ shape: [8, 2] })),
      'ERR_SHAPE',
      /^Conv1D input: expected pictures of at least \[9\] places, got \[batch, 8, 2\]/,
    ],
    [
      'a pool larger than the picture',
      () => new MaxPooling2D({ poolSize: 6 }).apply(four([2, 5, 6, 4])),
      'ERR_SHAPE',
      /^MaxPooling2D input: expected pictures of at least \[6, 6\] places, got \[2, 5, 6, 4\]/,
    ],
    [
      'an empty picture',
      () => new Conv2D({ filters: 2, kernelSize: 3, padding: 'same' }).apply(four([2, 0, 6, 4])),
      'ERR_SHAPE',
      /at least \[1, 1\] places, got \[2, 0, 6, 4\]/,
    ],
    [
      'groups that do not divide the filters',
      () => new Conv2D({ filters: 3, kernelSize: 3, groups: 2 }),
      'ERR_CONFIG',
      /^Conv2D\.groups: expected a divisor of the 3 filters, got 2/,
    ],
    [
      'groups that do not divide the channels',
      () => new Conv2D({ filters: 4, kernelSize: 3, groups: 2 }).apply(four([2, 5, 6, 3])),
      'ERR_SHAPE',
      /^Conv2D input: expected channels that 2 groups of kernels \[3, 3\] share evenly, got \[2, 5, 6, 3\]/,
    ],
    [
      'strides and dilation at once',
      () => new Conv3D({ filters: 1, kernelSize: 2, strides: [1, 2, 1], dilationRate: 2 }),
      'ERR_CONFIG',
      /^Conv3D\.dilationRate: expected 1 where strides are more than 1 \(\[1, 2, 1\]\), got \[2, 2, 2\]/,
    ],
    [
      'the same, transposed',
      () => new Conv2DTranspose({ filters: 1, kernelSize: 2, strides: 2, dilationRate: 2 }),
      'ERR_CONFIG',
      /^Conv2DTranspose\.dilationRate/,
    ],
    [
      'output padding of a whole stride',
      () => new Conv2DTranspose({ filters: 1, kernelSize: 2, strides: 2, outputPadding: [1, 2] }),
      'ERR_CONFIG',
      /^Conv2DTranspose\.outputPadding: expected less than the strides \[2, 2\], got \[1, 2\]/,
    ],
    [
      'an unknown padding',
      () => new Conv2D({ filters: 1, kernelSize: 2, padding: 'smae' as 'same' }),
      'ERR_CONFIG',
      /^Conv2D\.padding: expected one of 'valid', 'same', got 'smae'; did you mean 'same'/,
    ],
    [
      'causal padding of pictures',
      () => new Conv2D({ filters: 1, kernelSize: 2, padding: 'causal' as 'same' }),
      'ERR_CONFIG',
      /^Conv2D\.padding: expected one of 'valid', 'same', got 'causal'/,
    ],
    [
      'a stride of 0',
      () => new MaxPooling2D({ strides: 0 }),
      'ERR_CONFIG',
      /^MaxPooling2D\.strides: expected an integer ≥ 1, or 2 of them, one an axis, got 0/,
    ],
    [
      'a negative size',
      () => new Conv1D({ filters: 1, kernelSize: -2 }),
      'ERR_CONFIG',
      /^Conv1D\.kernelSize: expected an integer ≥ 1, got -2/,
    ],
    [
      'a size that is no integer',
      () => new Conv2D({ filters: 1, kernelSize: [2, 1.5] }),
      'ERR_CONFIG',
      /^Conv2D\.kernelSize: expected an integer ≥ 1, or 2 of them, one an axis, got \[2, 1\.5\]/,
    ],
    [
      'sizes of another number of axes',
      () => new Conv3D({ filters: 1, kernelSize: [2, 2] }),
      'ERR_CONFIG',
      /^Conv3D\.kernelSize: expected an integer ≥ 1, or 3 of them, one an axis, got \[2, 2\]/,
    ],
    [
      'no filters',
      () => new Conv2D({ filters: 0, kernelSize: 2 }),
      'ERR_CONFIG',
      /^Conv2D\.filters: expected an integer ≥ 1, got 0/,
    ],
    [
      'a picture of three axes',
      () => new Conv2D({ filters: 1, kernelSize: 2 }).apply(four([5, 6, 4])),
      'ERR_SHAPE',
      /^Conv2D input: expected \[batch, \?, \?, \?\], got \[5, 6, 4\]/,
    ],
    [
      'a sequence of four axes',
      () => new GlobalAveragePooling1D().apply(four([1, 5, 6, 4])),
      'ERR_SHAPE',
      /^GlobalAveragePooling1D input: expected \[batch, \?, \?\], got \[1, 5, 6, 4\]/,
    ],
    [
      'another rank in a graph',
      () => new MaxPooling2D().apply(input({ shape: [5, 6] })),
      'ERR_SHAPE',
      /^MaxPooling2D input: expected \[batch, \?, \?, \?\], got \[batch, 5, 6\]/,
    ],
    [
      'channels that nobody knows',
      () => new Conv2D({ filters: 1, kernelSize: 2 }).apply(input({ shape: [5, 6, null] })),
      'ERR_SHAPE',
      /^Conv2D input: expected a known number of channels/,
    ],
    [
      'cropping that leaves nothing',
      () => new Cropping2D({ cropping: [[2, 3], 1] }).apply(four([1, 5, 6, 4])),
      'ERR_SHAPE',
      /^Cropping2D\.cropping: expected less than 5, less than 6 places for pictures of \[1, 5, 6, 4\], got \[\[2, 3\], \[1, 1\]\]/,
    ],
    [
      'negative padding',
      () => new ZeroPadding2D({ padding: [[1, -1], 0] }),
      'ERR_CONFIG',
      /^ZeroPadding2D\.padding: expected an integer ≥ 0, or 2 of them or of pairs of them, one an axis, got/,
    ],
    [
      'cropping of a single axis by three numbers',
      () => new Cropping1D({ cropping: [1, 2, 3] }),
      'ERR_CONFIG',
      /^Cropping1D\.cropping: expected an integer ≥ 0, or a pair of them, got \[1, 2, 3\]/,
    ],
    [
      'all channels dropped',
      () => new SpatialDropout2D({ rate: 1 }),
      'ERR_CONFIG',
      /^SpatialDropout2D\.rate: expected a number in \[0, 1\), got 1/,
    ],
  ]

  it.each(table)('%s', (_, run, code, message) =>
    expect(caught(run)).toMatchObject({ code, message: expect.stringMatching(message) }),
  )

  it('other channels than those it was built for, in a graph and out of it', () => {
    const layer = new Conv2D({ filters: 1, kernelSize: 2 })
    layer.apply(four([1, 5, 6, 4]))
    const before = layer.getWeights().map((weight) => weight.arraySync())
    expect(() => layer.apply(four([1, 5, 6, 3]))).toThrow('Conv2D input: expected [batch, ?, ?, 4], got [1, 5, 6, 3]')
    expect(() => layer.apply(input({ shape: [5, 6, 3] }))).toThrow('expected [batch, ?, ?, 4], got [batch, 5, 6, 3]')
    expect(layer.getWeights().map((weight) => weight.arraySync())).toEqual(before)
  })

  it('a picture that does not fit leaves the layer unbuilt', () => {
    const layer = new Conv2D({ filters: 1, kernelSize: 3 })
    expect(() => layer.apply(four([1, 2, 2, 1]))).toThrow('at least [3, 3] places')
    expect([layer.built, layer.weights.length]).toEqual([false, 0])
  })
})

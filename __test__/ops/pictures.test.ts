/** Convolution and pooling against real Keras in float64: values and gradients; and what they refuse. */

import { describe, expect, it } from 'vitest'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import { grad, gradient } from '../../ts/gradient.js'
import * as ops from '../../ts/ops.js'
import { expectClose, fixture, type Numbers, toTensor, waves } from '../oracle.js'

type Option = number | string | readonly number[]

interface Case {
  readonly name: string
  readonly op: 'conv' | 'depthwise_conv' | 'conv_transpose' | 'max_pool' | 'average_pool'
  readonly options: Readonly<Record<string, Option>>
  readonly x: Numbers
  readonly kernel?: Numbers
  readonly pool_size?: readonly number[]
  readonly value: Numbers
  readonly cotangent: Numbers
  readonly gradients: readonly Numbers[]
}

const camel = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

/** Keras's options under our names. */
function renamed(options: Case['options']): object {
  const value = (option: Option): Option => (typeof option === 'string' ? camel(option) : option)
  return Object.fromEntries(Object.entries(options).map(([key, option]) => [camel(key), value(option)]))
}

function call(one: Case, inputs: readonly Tensor[]): Tensor {
  const [x, kernel] = inputs as [Tensor, Tensor]
  const options = renamed(one.options)
  switch (one.op) {
    case 'conv':
      return ops.conv(x, kernel, options)
    case 'depthwise_conv':
      return ops.depthwiseConv(x, kernel, options)
    case 'conv_transpose':
      return ops.convTranspose(x, kernel, options)
    case 'max_pool':
      return ops.maxPool(x, one.pool_size!, options)
    case 'average_pool':
      return ops.averagePool(x, one.pool_size!, options)
  }
}

describe('convolution and pooling equal those of Keras', () => {
  it.each(fixture<Case>('pictures').cases)('$name', (one) => {
    const inputs = [one.x, ...(one.kernel ? [one.kernel] : [])].map((numbers) => toTensor(numbers))
    const y = call(one, inputs)
    expect(y.shape).toEqual(one.value.shape)
    const slopes = gradient(ops.sum(ops.multiply(y, toTensor(one.cotangent))), inputs)
    expectClose(y.dataSync(), one.value, 1e-12)
    for (const [i, slope] of slopes.entries()) expectClose(slope!.dataSync(), one.gradients[i]!, 1e-12, `gradient ${i}`)
  })
})

it("takes Keras's spelling of a data format", () => {
  const [x, kernel] = [ops.ones([1, 2, 3, 4]), ops.ones([2, 2, 2, 5])]
  expect(ops.conv(x, kernel, { dataFormat: 'channels_first' }).shape).toEqual([1, 5, 2, 3])
})

it('a causal window ends at its own place', () => {
  const x = tensor([1, 2, 3, 4], [1, 4, 1])
  expect(ops.conv(x, ops.ones([2, 1, 1]), { padding: 'causal', dilationRate: 2 }).arraySync()).toEqual([
    [[1], [2], [4], [6]],
  ])
})

describe('padding of each side is that of a picture with a frame', () => {
  const edges = [
    [1, 2],
    [0, 3],
  ] as const
  const framed = (x: Tensor, value = 0): Tensor => ops.pad(x, [[0, 0], ...edges, [0, 0]], value)
  const x = waves([2, 5, 4, 3])
  type Draw = (x: Tensor) => Tensor
  const rows: readonly (readonly [name: string, explicit: Draw, plain: Draw])[] = [
    [
      'conv',
      (x) => ops.conv(x, waves([3, 2, 3, 4]), { padding: edges, strides: 2 }),
      (x) => ops.conv(framed(x), waves([3, 2, 3, 4]), { strides: 2 }),
    ],
    [
      'depthwiseConv',
      (x) => ops.depthwiseConv(x, waves([3, 2, 3, 2]), { padding: edges }),
      (x) => ops.depthwiseConv(framed(x), waves([3, 2, 3, 2])),
    ],
    [
      'maxPool',
      (x) => ops.maxPool(x, 4, { padding: edges, strides: [2, 1] }),
      (x) => ops.maxPool(framed(x, -9), 4, { strides: [2, 1] }),
    ],
    [
      'averagePool',
      (x) => ops.averagePool(x, 4, { padding: edges, strides: [2, 1] }),
      (x) => {
        const sums = (one: Tensor): Tensor => ops.averagePool(framed(one), 4, { strides: [2, 1] })
        return ops.divide(sums(x), sums(ops.onesLike(x)))
      },
    ],
    [
      'convTranspose, from which a frame is cut',
      (x) => ops.convTranspose(x, waves([4, 4, 2, 3]), { padding: edges, strides: 2, outputPadding: [1, 0] }),
      (x) => {
        const whole = ops.convTranspose(x, waves([4, 4, 2, 3]), { strides: 2, outputPadding: [1, 0] })
        const [images, height, width, channels] = whole.shape as [number, number, number, number]
        return ops.slice(whole, { begin: [0, 1, 0, 0], size: [images, height - 3, width - 3, channels] })
      },
    ],
  ]
  it.each(rows)('%s', (_, explicit, plain) => {
    const wanted = plain(x)
    const y = explicit(x)
    expect(y.shape).toEqual(wanted.shape)
    expectClose(y.dataSync(), { shape: [], data: [...wanted.dataSync()] }, 1e-12)
    const slope = (draw: Draw): Tensor =>
      grad((one: Tensor) => ops.sum(ops.multiply(draw(one), waves(wanted.shape, 2))))(x)
    expectClose(slope(explicit).dataSync(), { shape: [], data: [...slope(plain).dataSync()] }, 1e-12)
  })

  it('along one axis a causal window has it all before', () => {
    const [x, kernel] = [waves([1, 6, 2]), waves([3, 2, 2])]
    const causal = ops.conv(x, kernel, { padding: 'causal' }).arraySync()
    expect(ops.conv(x, kernel, { padding: [[2, 0]] }).arraySync()).toEqual(causal)
  })
})

it('a gradient of a gradient is that of the same form', () => {
  const x = tensor([1, 2, 3, 4], [1, 4, 1], 'float64')
  const w = tensor([0.5, -1], [2, 1, 1], 'float64')
  const energy = (x: Tensor): Tensor => ops.sum(ops.square(ops.conv(x, w)))
  const norm = (x: Tensor): Tensor => ops.sum(ops.square(grad(energy)(x)))
  // With C the matrix of the convolution, energy = xᵀCᵀCx, its gradient 2CᵀCx, that of the norm 8(CᵀC)²x.
  expectClose(grad(norm)(x).dataSync(), { shape: [4], data: [-3.5, 5, -4.5, 17] }, 1e-12)
})

describe('what does not fit is refused where it is written', () => {
  const x = ops.ones([2, 5, 6, 4])
  const kernel = ops.ones([3, 3, 4, 8])
  it.each([
    ['a kernel larger than the picture', () => ops.conv(x, ops.ones([7, 3, 4, 8])), /\[2, 5, 6, 4\].*\[7, 3, 4, 8\]/],
    ['a stride of 0', () => ops.conv(x, kernel, { strides: 0 }), /conv strides: expected an integer of at least 1/],
    ['channels that do not divide', () => ops.conv(x, ops.ones([3, 3, 3, 8])), /\[3, 3, 3, 8\] for \[2, 5, 6, 4\]/],
    ['filters that do not divide', () => ops.conv(x, ops.ones([3, 3, 2, 3])), /groups/],
    ['a picture of 2 axes', () => ops.conv(ops.ones([5, 4]), kernel), /3 to 5 axes.*\[5, 4\]/],
    ['a kernel of another rank', () => ops.conv(x, ops.ones([3, 4, 8])), /\[3, 4, 8\] for \[2, 5, 6, 4\]/],
    ['causal padding of two axes', () => ops.conv(x, kernel, { padding: 'causal' }), /'valid' or 'same', got 'causal'/],
    ['windows larger than the picture', () => ops.maxPool(x, [6, 2]), /\[2, 5, 6, 4\].*\[6, 2\]/],
    ['a window of one size too few', () => ops.averagePool(x, [2]), /averagePool poolSize/],
    [
      'an output padding below 0',
      () => ops.convTranspose(x, kernel, { outputPadding: [0, -1] }),
      /convTranspose outputPadding: expected an integer of at least 0, or 2 of them, got \[0, -1\]/,
    ],
    ['padding of one axis too few', () => ops.conv(x, kernel, { padding: [[1, 1]] }), /conv padding: expected 2 pairs/],
    [
      'padding below 0',
      () =>
        ops.conv(x, kernel, {
          padding: [
            [-1, 0],
            [0, 0],
          ],
        }),
      /conv padding: expected one of 'valid', 'same', 'causal', or a pair of integers ≥ 0 for each axis, got/,
    ],
    [
      'windows in the padding alone',
      () =>
        ops.maxPool(x, 2, {
          padding: [
            [2, 0],
            [0, 0],
          ],
        }),
      /maxPool: a window would lie in the padding alone/,
    ],
    [
      'an output padding of a stride',
      () => ops.convTranspose(x, ops.ones([3, 3, 8, 4]), { strides: 2, outputPadding: 2 }),
      /convTranspose outputPadding: expected less than 2, got 2 at stride 2 \(\[3, 3, 8, 4\] for \[2, 5, 6, 4\]\)/,
    ],
    [
      'nothing left of a transposed convolution',
      () =>
        ops.convTranspose(x, ops.ones([3, 3, 8, 4]), {
          padding: [
            [4, 3],
            [0, 0],
          ],
        }),
      /convTranspose: expected a result of at least one place, got 0/,
    ],
    [
      'an unknown data format',
      () => ops.conv(x, kernel, { dataFormat: 'first' as 'channelsFirst' }),
      /conv dataFormat: expected one of 'channelsLast', 'channelsFirst', got 'first'/,
    ],
  ])('%s', (_, draw, message) => expect(draw).toThrow(message))
})

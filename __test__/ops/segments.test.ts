/** Segments against real Keras in float64, against loops on random ids, and their gradients against central differences. */

import { config, FerrogradError, grad, input, jit, Model, ops, type Tensor, tensor } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { checkGradients } from '../../examples/check.js'
import { variable } from '../../ts/core/variable.js'
import { gradient } from '../../ts/gradient.js'
import { modelFromConfig } from '../../ts/model/from-config.js'
import { caught } from '../caught.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'

interface Case {
  readonly name: string
  readonly op: 'segment_sum' | 'segment_max'
  readonly data: Numbers
  readonly segment_ids: readonly number[]
  readonly num_segments: number | null
  readonly sorted: boolean
  readonly value: Numbers
  readonly cotangent: Numbers
  readonly gradient: Numbers
}

const ours = { segment_sum: ops.segmentSum, segment_max: ops.segmentMax }

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

/** The sum of what is finite, weighed: an empty segment has no maximum. */
const weighed = (y: Tensor, weights: Tensor): Tensor => ops.sum(ops.multiply(ops.where(ops.isFinite(y), y, 0), weights))

describe('segments equal those of Keras', () => {
  it.each(fixture<Case>('segments').cases)('$name', (one) => {
    const data = toTensor(one.data)
    const options = { numSegments: one.num_segments, sorted: one.sorted }
    const value = ours[one.op](data, one.segment_ids, options)
    const [slope] = gradient(weighed(value, toTensor(one.cotangent)), [data])
    expectClose(value.dataSync(), one.value)
    expectClose(slope!.dataSync(), one.gradient, 1e-10, 'gradient')
  })
})

/** Whole numbers in [low, high) that only depend on their place. */
const whole = (count: number, low: number, high: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => low + ((((i + seed) * 7919 * (seed + 3)) % 1009) % (high - low)))

describe.each([1, 2, 3, 5, 8, 64, 257])('%i rows are what a loop gives', (rows) => {
  const [segments, width] = [5, 3]
  const ids = whole(rows, -1, segments + 1, rows)
  const x = whole(rows * width, -50, 50, rows + 1)
  const data = tensor(x, [rows, width], 'float64')
  const own = (s: number, j: number): number[] =>
    x.filter((_, i) => i % width === j && ids[Math.floor(i / width)] === s)
  const by = (reduce: (values: readonly number[]) => number): number[] =>
    Array.from({ length: segments * width }, (_, i) => reduce(own(Math.floor(i / width), i % width)))
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  test.each([
    ['segmentSum', sum],
    ['segmentMean', (values: readonly number[]) => sum(values) / Math.max(1, values.length)],
    ['segmentMax', (values: readonly number[]) => Math.max(...values)],
  ] as const)('%s', (name, reduce) => {
    const got = ops[name](data, ids, { numSegments: segments }).dataSync()
    for (const [i, wanted] of by(reduce).entries()) expect(got[i]).toBeCloseTo(wanted, 10)
  })

  test('and of whole numbers', () => {
    const ints = tensor(Int32Array.from(x), [rows, width])
    const lowest = by((values) => Math.max(-(2 ** 31), ...values))
    expect([...ops.segmentMax(ints, ids, { numSegments: segments }).dataSync()]).toEqual(lowest)
    expect([...ops.segmentSum(ints, ids, { numSegments: segments }).dataSync()]).toEqual(by(sum))
  })
})

test.each(['segmentSum', 'segmentMean', 'segmentMax'] as const)('%s: first and second derivatives', (name) => {
  const ids = [2, 0, 1, 2, -1, 0, 2, 4, 9]
  const x = variable(
    Array.from({ length: 18 }, (_, i) => Math.sin(3 * i)),
    { dtype: 'float64' },
  )
  const weights = tensor(
    Array.from({ length: 10 }, (_, i) => Math.cos(i)),
    [5, 2],
    'float64',
  )
  const loss = (z: Tensor): Tensor =>
    weighed(ops.square(ops[name](ops.reshape(z, [9, 2]), ids, { numSegments: 5 })), weights)
  const steepness = (z: Tensor): Tensor => ops.sum(ops.square(grad(loss)(z)))
  checkGradients(() => loss(x.read()), [x], [grad(loss)(x.read())])
  checkGradients(() => steepness(x.read()), [x], [grad(steepness)(x.read())])
})

test('a maximum may be infinite, and rows that share one share its gradient', () => {
  const x = tensor([Number.POSITIVE_INFINITY, 1, 2, 3], [4], 'float64')
  const y = ops.segmentMax(x, [0, 0, 1, 1])
  expect(y.arraySync()).toEqual([Number.POSITIVE_INFINITY, 3])
  const slope = (z: Tensor): Tensor => grad((at) => ops.sum(ops.segmentMax(at, [0, 0, 1, 1])))(z)
  expect(slope(x).arraySync()).toEqual([1, 0, 0, 1])
  expect(slope(tensor([7, 7, 2, 3], [4], 'float64')).arraySync()).toEqual([0.5, 0.5, 0, 1])
  expect(ops.segmentMax(tensor([1, Number.NaN, 2, 3]), [0, 0, 1, 1]).arraySync()).toEqual([Number.NaN, 3])
})

test('without rows, and without segments', () => {
  const none = ops.zeros([0, 2])
  const noIds = tensor([], [0], 'int32')
  expect(ops.segmentSum(none, noIds, { numSegments: 2 }).arraySync()).toEqual([
    [0, 0],
    [0, 0],
  ])
  expect(ops.segmentMax(none, noIds).shape).toEqual([0, 2])
  expect(ops.segmentMean(ops.ones([2]), [3, 3], { numSegments: 0 }).shape).toEqual([0])
})

test('in a traced function the ids may be arguments', async () => {
  const compiled = jit((x: Tensor, ids: Tensor) => ops.segmentMax(x, ids, { numSegments: 3 }))
  expect(await (await compiled(tensor([1, 5, 2]), tensor([2, 0, 2], [3], 'int32'))).array()).toEqual([
    5,
    Number.NEGATIVE_INFINITY,
    2,
  ])
  await expect(
    jit((x: Tensor, ids: Tensor) => ops.segmentSum(x, ids))(tensor([1]), tensor([0], [1], 'int32')),
  ).rejects.toThrow(/^segmentSum numSegments: expected a number, since the ids are not known yet/)
})

test('a model with segments in it is read again', async () => {
  const [x, ids] = [input({ shape: [2] }), input({ shape: [], dtype: 'int32' })]
  const model = new Model({ inputs: [x, ids], outputs: ops.segmentSum(x, ids, { numSegments: 2 }) })
  const again = modelFromConfig(model.toConfig())
  const given = [
    tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    tensor([1, 0, 1], [3], 'int32'),
  ]
  expect((again.apply(given) as Tensor).arraySync()).toEqual([
    [3, 4],
    [6, 8],
  ])
})

test.each([
  ['two axes', 'ERR_SHAPE', 'segmentSum segmentIds: expected one axis', () => ops.segmentSum([1, 2], [[0, 1]])],
  ['too few', 'ERR_SHAPE', 'segmentMean segmentIds: expected 2 ids', () => ops.segmentMean([1, 2], [0])],
  ['a scalar', 'ERR_SHAPE', 'segmentMax segmentIds: expected no ids', () => ops.segmentMax(1, [0])],
  ['floats', 'ERR_DTYPE', 'segmentMax indices: expected int32', () => ops.segmentMax([1], tensor([0.5]))],
  [
    'no number',
    'ERR_CONFIG',
    'numSegments: expected an integer ≥ 0, got -1',
    () => ops.segmentSum([1], [0], { numSegments: -1 }),
  ],
  ['a misspelt option', 'ERR_CONFIG', "'numSegments'", () => ops.segmentSum([1], [0], { numSegment: 1 } as never)],
] as const)('refuses %s', (_, code, words, call) => {
  const error = caught(call) as FerrogradError
  expect(error).toBeInstanceOf(FerrogradError)
  expect(error.code).toBe(code)
  expect(error.message).toContain(words)
})

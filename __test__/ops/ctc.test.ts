/** Connectionist temporal classification against real Keras in float64; distances by their definition. */

import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import * as config from '../../ts/config.js'
import { tensor } from '../../ts/core/tensor.js'
import { gradient } from '../../ts/gradient.js'
import { Dense } from '../../ts/layers/index.js'
import { CTC, getLoss } from '../../ts/losses/index.js'
import { Sequential } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import { camel } from '../../ts/options/names.js'
import { caught } from '../caught.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'

interface LossCase {
  readonly name: string
  readonly kind: 'loss'
  readonly mask_index: number
  readonly target: Numbers
  readonly output: Numbers
  readonly target_length: Numbers
  readonly output_length: Numbers
  readonly value: Numbers
  readonly cotangent: Numbers
  readonly gradient?: Numbers
}

interface ClassCase {
  readonly name: string
  readonly kind: 'class'
  readonly loss: object
  readonly y_true: Numbers
  readonly y_pred: Numbers
  readonly sample_weight?: Numbers
  readonly value: Numbers
  readonly gradient: Numbers
}

interface DecodeCase {
  readonly name: string
  readonly kind: 'decode'
  readonly options: object
  readonly inputs: Numbers
  readonly lengths: Numbers
  readonly decoded: Numbers
  readonly scores: Numbers
}

type Case = LossCase | ClassCase | DecodeCase

const { cases } = fixture<Case>('ctc')
const of = <K extends Case['kind']>(kind: K): Extract<Case, { kind: K }>[] =>
  cases.filter((one): one is Extract<Case, { kind: K }> => one.kind === kind)
const ints = (numbers: Numbers) => toTensor(numbers, 'int32')

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

describe('ctcLoss equals that of Keras', () => {
  it.each(of('loss'))('$name', (one) => {
    const output = toTensor(one.output)
    const maskIndex = one.mask_index
    const lengths = [ints(one.target_length), ints(one.output_length)] as const
    const value = ops.ctcLoss(ints(one.target), output, ...lengths, { maskIndex })
    const [slope] = gradient(ops.sum(ops.multiply(value, toTensor(one.cotangent))), [output])
    expectClose(value.dataSync(), one.value)
    if (one.gradient !== undefined) expectClose(slope!.dataSync(), one.gradient, 1e-10, 'gradient')
  })
})

describe('the loss CTC equals that of Keras', () => {
  it.each(of('class'))('$name', (one) => {
    const predicted = toTensor(one.y_pred)
    const sampleWeight = one.sample_weight && toTensor(one.sample_weight)
    const loss = getLoss(one.loss as never)
    expect(loss).toBeInstanceOf(CTC)
    const value = loss.apply(toTensor(one.y_true), predicted, { sampleWeight } as never)
    const [slope] = gradient(ops.sum(value), [predicted])
    expectClose(value.dataSync(), one.value)
    expectClose(slope!.dataSync(), one.gradient, 1e-10, 'gradient')
  })
})

describe('ctcDecode equals that of Keras', () => {
  it.each(of('decode'))('$name', (one) => {
    const options = Object.entries(one.options).map(([name, value]) => [camel(name), value])
    const { decoded, scores } = ops.ctcDecode(
      toTensor(one.inputs),
      ints(one.lengths),
      Object.fromEntries(options) as ops.CtcDecodeOptions,
    )
    const [paths, numbers] = [one.decoded, one.scores]
    expect([decoded.shape, scores.shape]).toEqual([paths.shape, numbers.shape])
    expect([...decoded.dataSync()]).toEqual(paths.data)
    expectClose(scores.dataSync(), numbers)
  })
})

test('the slope of ctcLoss is that of central differences, and its second one too', () => {
  const at = Float64Array.from({ length: 4 * 3 }, (_, i) => Math.sin(3 * i))
  const loss = (values: Float64Array) => ops.sum(ops.ctcLoss([[1, 1]], tensor(values, [1, 4, 3], 'float64'), [2], [4]))
  const slope = (values: Float64Array): Float64Array => {
    const x = tensor(values, [1, 4, 3], 'float64')
    return gradient(ops.sum(ops.ctcLoss([[1, 1]], x, [2], [4])), [x])[0]!.dataSync() as Float64Array
  }
  const x = tensor(at, [1, 4, 3], 'float64')
  const first = gradient(ops.sum(ops.ctcLoss([[1, 1]], x, [2], [4])), [x])[0]!
  const second = gradient(ops.sum(ops.square(first)), [x])[0]!.dataSync()
  for (const i of at.keys()) {
    const [more, fewer] = [1e-5, -1e-5].map((by) => at.map((value, j) => (i === j ? value + by : value)))
    const difference = (loss(more!).itemSync() - loss(fewer!).itemSync()) / 2e-5
    expect(slope(at)[i]).toBeCloseTo(difference, 8)
    const squares = (values: Float64Array): number => slope(values).reduce((sum, one) => sum + one * one, 0)
    expect(second[i]).toBeCloseTo((squares(more!) - squares(fewer!)) / 2e-5, 7)
  }
})

test('labels that need more steps than there are have an infinite loss and no slope; fit names the sample', async () => {
  const x = tensor(new Float64Array(2 * 3 * 3), [2, 3, 3], 'float64')
  const value = ops.ctcLoss(
    [
      [1, 1],
      [2, 2],
    ],
    x,
    [2, 2],
    [3, 2],
  )
  const slope = gradient(ops.sum(ops.where(ops.isFinite(value), value, 0)), [x])[0]!
  expect(value.arraySync()).toEqual([expect.closeTo(Math.log(27), 12), Number.POSITIVE_INFINITY])
  expect([...slope.dataSync().subarray(9)]).toEqual(new Array(9).fill(0))
  const model = new Sequential([new Dense({ units: 3, inputShape: [3, 2] })])
  model.compile({ loss: 'ctc', optimizer: 'sgd' })
  const inputs = tensor(new Float32Array(12), [2, 3, 2])
  const run = (y: number[][]) => model.fit(inputs, y, { verbose: 0 })
  await expect(
    run([
      [1, 2],
      [2, 2],
    ]),
  ).resolves.toBeDefined()
  const tooLong = run([
    [1, 2, 0],
    [2, 2, 1],
  ])
  await expect(tooLong).rejects.toThrow(
    'ctc targets: expected labels that fit 3 steps, got 4 of them (sample 1). A label takes a step',
  )
  const unknown = run([
    [1, 3],
    [1, 2],
  ])
  await expect(unknown).rejects.toThrow('ctc targets: expected labels in 1 … 2, padded with 0, got 3 (sample 0)')
})

test('of sequences of any length the loss says what does not fit', async () => {
  const model = new Sequential([new Dense({ units: 4, inputShape: [null, 2] })])
  model.compile({ loss: 'ctc', optimizer: 'sgd' })
  const inputs = tensor(new Float32Array(2 * 5 * 2), [2, 5, 2])
  const run = (y: number[][]) => model.fit(inputs, y, { verbose: 0 })
  await expect(
    run([
      [1, 1, 2],
      [3, 0, 0],
    ]),
  ).resolves.toBeDefined()
  const tooLong = run([
    [1, 1, 1, 1],
    [3, 0, 0, 0],
  ])
  await expect(tooLong).rejects.toMatchObject({ code: 'ERR_NON_FINITE' })
})

test('editDistance counts insertions, deletions and substitutions, as TensorFlow divides them', () => {
  const words = (...all: string[]): number[][] => {
    const most = Math.max(...all.map((word) => word.length))
    return all.map((word) => Array.from({ length: most }, (_, i) => (i < word.length ? word.charCodeAt(i) : -1)))
  }
  const [said, meant] = [words('kitten', 'flaw', '', 'abc', ''), words('sitting', 'lawn', 'ab', '', '')]
  expect(ops.editDistance(said, meant, { normalize: false }).arraySync()).toEqual([3, 2, 2, 3, 0])
  const shares = ops.editDistance(said, meant).arraySync() as number[]
  const expected = [3 / 7, 1 / 2, 1, Number.POSITIVE_INFINITY, 0]
  for (const [i, share] of shares.entries()) expect(share).toBeCloseTo(expected[i]!, 12)
  const lengths = { hypothesisLength: [2], truthLength: [3], normalize: false }
  expect(ops.editDistance([[1, 2, 3, 4]], [[1, 9, 2, 0]], lengths).arraySync()).toEqual([1])
})

test('refuses what does not fit', () => {
  const x = tensor(new Float64Array(12), [1, 4, 3], 'float64')
  expect(caught(() => ops.ctcLoss([1, 2], x, [2], [4]))).toMatchObject({ code: 'ERR_SHAPE', expected: '[1, labels]' })
  expect(() => ops.ctcLoss([[1]], x, [1, 1], [4])).toThrow('ctcLoss targetLength: expected [1]')
  expect(() => ops.ctcLoss([[1]], x, [1], [4], { maskIndex: 3 })).toThrow('ctcLoss maskIndex: expected a class, 0 to 2')
  const refused = (call: () => unknown): unknown => caught(call)
  const wrong = (message: string): object => ({ code: 'ERR_DATA', message: expect.stringContaining(message) })
  expect(refused(() => ops.ctcLoss([[1]], x, [1], [5]))).toMatchObject(
    wrong('ctcLoss outputLength: expected lengths of 0 to 4, got 5 (sequence 0)'),
  )
  expect(refused(() => ops.ctcLoss([[1]], x, [1], tensor([-1], [1], 'int32')))).toMatchObject(
    wrong('ctcLoss outputLength: expected lengths of 0 to 4, got -1'),
  )
  expect(refused(() => ops.ctcLoss([[1, 2]], x, [3], [4]))).toMatchObject(
    wrong('ctcLoss targetLength: expected lengths of 0 to 2, got 3'),
  )
  expect(refused(() => ops.ctcLoss([[1, 3]], x, [2], [4]))).toMatchObject(
    wrong('ctcLoss target: expected classes of 0 to 2, those of the output [1, 4, 3], got 3 (sequence 0)'),
  )
  // What does not count may be anything.
  expect(ops.ctcLoss([[1, -1]], x, [1], [4]).arraySync()).toEqual(ops.ctcLoss([[1, 0]], x, [1], [4]).arraySync())
  for (const strategy of ['greedy', 'beamSearch'] as const)
    expect(refused(() => ops.ctcDecode(x, [7], { strategy }))).toMatchObject(
      wrong('ctcDecode sequenceLengths: expected lengths of 0 to 4, got 7'),
    )
  expect(refused(() => ops.editDistance([[1]], [[1]], { truthLength: [2] }))).toMatchObject(
    wrong('editDistance truthLength: expected lengths of 0 to 1, got 2'),
  )
  expect(() => ops.ctcDecode(x, [4], { strategy: 'best' as never })).toThrow(`'greedy', 'beamSearch', got 'best'`)
  const paths = () => ops.ctcDecode(x, [4], { strategy: 'beamSearch', beamWidth: 2, topPaths: 3 })
  expect(paths).toThrow('ctcDecode topPaths: expected 1 to 2, the beams, got 3')
  expect(() => ops.editDistance([1, 2], [[1]])).toThrow('editDistance hypothesis: expected [batch, elements]')
  expect(() => ops.editDistance([[0.5]] as never, [[1]])).toThrow('editDistance')
})

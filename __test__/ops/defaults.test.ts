/** What ops take where nothing is said, as `keras.ops` does, and their values where numbers end. */
import { grad, ops, random, type Tensor, tensor } from 'ferrograd'
import { describe, expect, test } from 'vitest'

const x = tensor([
  [1, 2],
  [3, 4],
])

test.each<[string, () => Tensor, unknown]>([
  [
    'concatenate: the first axis',
    () => ops.concatenate([x, x]),
    [
      [1, 2],
      [3, 4],
      [1, 2],
      [3, 4],
    ],
  ],
  ['cumsum: all numbers in a row', () => ops.cumsum(x), [1, 3, 6, 10]],
  ['repeat: the same', () => ops.repeat(x, 2), [1, 1, 2, 2, 3, 3, 4, 4]],
  ['take: the same', () => ops.take(x, [1, 3]), [2, 4]],
  ['split: the first axis', () => ops.split(x, 2)[1]!, [[3, 4]]],
  ['split at indices', () => ops.split(x, [1], { axis: 1 })[1]!, [[2], [4]]],
  ['arange of one number: from 0', () => ops.arange(3), [0, 1, 2]],
  ['arange of two', () => ops.arange(1, 3), [1, 2]],
  ['arange of three', () => ops.arange(0, 1.5, 0.5), [0, 0.5, 1]],
])('%s', (_, of, wanted) => {
  expect(of().arraySync()).toEqual(wanted)
})

test('arange of whole numbers is of integers', () => {
  expect([ops.arange(3).dtype, ops.arange(0, 1, 0.5).dtype]).toEqual(['int32', 'float32'])
})

test('a number as seed gives the same numbers each time, and another one others', () => {
  for (const draw of [
    (seed: number) => random.uniform([4], { seed }),
    (seed: number) => random.normal([4], { seed }),
    (seed: number) => random.truncatedNormal([4], { seed }),
    (seed: number) => random.randint([4], 0, 1000, { seed }),
    (seed: number) => random.bernoulli([64], 0.5, { seed }),
    (seed: number) => random.shuffle(ops.arange(64), { seed }),
  ]) {
    expect(draw(3).arraySync()).toEqual(draw(3).arraySync())
    expect(draw(4).arraySync()).not.toEqual(draw(3).arraySync())
  }
})

describe('norms', () => {
  const at = (f: (x: Tensor) => Tensor, numbers: readonly number[]): number[][] => [
    [...f(tensor([...numbers])).dataSync()],
    [...grad((z: Tensor) => ops.sum(f(z)))([...numbers]).dataSync()],
  ]

  test.each<[string, (x: Tensor) => Tensor, readonly number[]]>([
    ['norm of nothing', (z) => ops.norm(z), [0, 0]],
    ['norm by axis', (z) => ops.norm(ops.reshape(z, [1, 2]), { axis: -1 }), [0, 0]],
    ['std of equal numbers', (z) => ops.std(z), [2, 2]],
    ['std of nothing', (z) => ops.std(z), [0, 0]],
  ])('%s: the value 0, and the slope 0', (_, f, numbers) => {
    expect(at(f, numbers)).toEqual([[0], [0, 0]])
  })

  test('normalize of nothing is nothing, without a slope', () => {
    expect(at((z) => ops.normalize(z), [0, 0])[0]).toEqual([0, 0])
    expect(Math.max(...at((z) => ops.normalize(z), [0, 0])[1]!.map(Math.abs))).toBeLessThan(1e3)
  })

  test.each([1e-30, 1, 1e20, 1e38])('of numbers of the size %f neither vanish nor overflow', (size) => {
    const [[norm], slope] = at((z) => ops.norm(z), [0.6 * size, 0.8 * size]) as [[number], number[]]
    expect(norm / size).toBeCloseTo(1, 5)
    expect(slope[0]).toBeCloseTo(0.6, 5)
    expect(ops.std(tensor([size, -size])).itemSync() / size).toBeCloseTo(1, 5)
  })
})

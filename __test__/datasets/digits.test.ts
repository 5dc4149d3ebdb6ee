import { digits } from 'ferrograd/datasets'
import { describe, expect, test } from 'vitest'

describe('digits', () => {
  test('holds the numbers of scikit-learn', () => {
    const { x, y, imageShape, classes } = digits({ scale: false })
    expect(x.shape).toEqual([1797, 64])
    expect([imageShape, classes]).toEqual([[8, 8], 10])
    // load_digits().data[0], its sum over everything, and the number of images a class
    expect(Array.from(x.values.subarray(0, 16))).toEqual([0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0])
    expect(x.values.reduce((sum, value) => sum + value, 0)).toBe(561718)
    expect(Array.from({ length: 10 }, (_, d) => y.filter((label) => label === d).length)).toEqual([
      178, 182, 177, 183, 181, 182, 181, 179, 174, 180,
    ])
    expect(Array.from(y.subarray(0, 12))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
  })

  test('scales to 0 … 1 unless told', () => {
    expect(digits().x.values.reduce((a, b) => Math.max(a, b), 0)).toBe(1)
    expect(digits().x.values[2]).toBe(5 / 16)
  })

  test('parts hold every image once, and the seed decides which', () => {
    const { x, train, test: held } = digits({ testSplit: 0.2, seed: 7 })
    expect([train.x.shape, held.x.shape, train.y.length, held.y.length]).toEqual([[1438, 64], [359, 64], 1438, 359])
    const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0)
    expect(sum(train.x.values) + sum(held.x.values)).toBeCloseTo(sum(x.values), 6)
    expect(digits({ seed: 7 }).test).toEqual(held)
    expect(digits({ seed: 8 }).test).not.toEqual(held)
  })

  test.each([
    [{ testSplit: 1 }, /digits\.testSplit: expected a number in \(0, 1\), got 1/],
    [{ seed: 1.5 }, /digits\.seed/],
    [{ tesSplit: 0.1 }, /did you mean 'testSplit'/i],
  ])('refuses %j', (options, message) => {
    expect(() => digits(options as object)).toThrow(message)
  })
})

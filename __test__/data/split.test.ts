import { trainTestSplit } from 'ferrograd/data'
import { describe, expect, test } from 'vitest'

const x = { values: Float32Array.from({ length: 20 }, (_, i) => i), shape: [10, 2] }
const y = Int32Array.from({ length: 10 }, (_, i) => i)

describe('trainTestSplit', () => {
  test('keeps rows of all arrays together, and loses none', () => {
    const names = Array.from(y, (label) => `sample ${label}`)
    const { train, test: held } = trainTestSplit({ x, y, names }, { testSplit: 0.3, seed: 5 })
    expect([train.y.length, held.y.length]).toEqual([7, 3])
    expect([...train.y, ...held.y].sort()).toEqual([...y])
    held.y.forEach((label, i) => {
      expect(Array.from(held.x.values.subarray(2 * i, 2 * i + 2))).toEqual([2 * label, 2 * label + 1])
      expect(held.names[i]).toBe(`sample ${label}`)
    })
  })

  test('takes the tail as it stands without shuffling', () => {
    expect(trainTestSplit({ y }, { shuffle: false }).test.y).toEqual(Int32Array.of(8, 9))
  })

  test.each([
    [{ x, y: y.subarray(1) }, {}, /trainTestSplit\.y: expected 10 samples, as x has, got 9/],
    [{ y }, { testSplit: 0.01 }, /at least one sample on either side, got 0 of 10/],
    [{ y }, { testSplit: Number.NaN }, /a number in \(0, 1\), got NaN/],
    [{ y: 3 as never }, {}, /trainTestSplit\.y/],
    [{ y }, { testSize: 0.3 } as never, /trainTestSplit: unknown option 'testSize'\. Known: testSplit, seed, shuffle/],
  ])('refuses %#', (arrays, options, message) => {
    expect(() => trainTestSplit(arrays, options)).toThrow(message)
  })
})

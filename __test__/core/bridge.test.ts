/** What crosses to Rust beside the calls: numbers, sizes and attributes in a block of memory that has an end. */
import { type DType, ops, tensor } from 'ferrograd'
import { describe, expect, test } from 'vitest'

// 64 numbers fit the block; one more goes as an array.
describe.each([1, 63, 64, 65, 1000])('%d numbers come back as they went', (size) => {
  const numbers = Array.from({ length: size }, (_, i) => (i % 7) - 3)
  const fractions = numbers.map((number) => number / 8)

  test.each<[DType, number[]]>([
    ['float32', fractions],
    ['float64', numbers.map((number) => number / 3)],
    ['int32', numbers.map((number) => number * 300_000_000)],
    ['bool', numbers.map((number) => Number(number > 0))],
  ])('%s', async (dtype, values) => {
    const given = tensor(values, [size], dtype)
    expect(given.dtype).toBe(dtype)
    expect([...given.dataSync()]).toEqual(values)
    expect([...(await given.data())]).toEqual(values)
    expect([...ops.reshape(given, [size, 1]).dataSync()]).toEqual(values)
  })
})

test('signs of zero, infinities and NaN cross', () => {
  const odd = [-0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
  expect([...tensor(odd).dataSync()]).toEqual(odd)
})

// 30 sizes fit the block, and 64 attributes: the length of a shape and its sizes.
test.each([29, 30, 31, 63, 64, 80])('a tensor of %d axes has its shape', (rank) => {
  const shape = Array.from({ length: rank }, (_, axis) => (axis === rank - 2 ? 6 : 1))
  const values = [1, 2, 3, 4, 5, 6]
  const given = tensor(values, shape)
  const drawn = ops.reshape(tensor(values), shape)
  for (const one of [given, drawn]) {
    expect(one.shape).toEqual(shape)
    expect([...one.dataSync()]).toEqual(values)
  }
  const back = ops.reshape(drawn, [2, 3])
  expect(back.shape).toEqual([2, 3])
})

test('a shape is that of the tensor, whatever was drawn in between', () => {
  const [a, b] = [tensor([[1, 2, 3]]), tensor([[1], [2]])]
  const sum = ops.add(a, b)
  const mean = ops.mean(sum, { axis: 0 })
  const less = ops.less(a, 2)
  ops.add(b, b)
  expect([sum.shape, mean.shape, less.shape]).toEqual([[2, 3], [3], [1, 3]])
  expect([sum.dtype, less.dtype, ops.cast(sum, 'int32').dtype]).toEqual(['float32', 'bool', 'int32'])
  expect(() => (sum.shape as number[]).push(1)).toThrow(TypeError)
})

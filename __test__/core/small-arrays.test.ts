import { describe, expect, test } from 'vitest'
import { type DType, jit, ops, type Tensor, tensor } from '../../ts/index.js'

/** Lengths of small arrays and of one that is too large to be small, in numbers of 8 bytes. */
const lengths = [0, 1, 3, 64, 65, 1000, 1024, 1025]

describe('small tensors', () => {
  test.each(['float32', 'float64', 'int32'] as const)('of %s keep their numbers beside many others', (dtype) => {
    const made = Array.from({ length: 200 }, (_, turn) => {
      const length = lengths[turn % lengths.length]!
      const values = Array.from({ length }, (_, i) => turn * 1000 + i)
      return { values, own: tensor(arrayOf(dtype, values)) }
    })
    for (const { values, own } of made) {
      expect([...own.dataSync()]).toEqual(values)
      expect(own.dtype).toBe(dtype)
    }
  })

  test('are copies: what becomes of the array later, before they are read or run, is not theirs', async () => {
    const double = jit((x: Tensor) => ops.multiply(x, 2))
    for (const length of lengths.slice(1)) {
      const values = new Float32Array(length).fill(3)
      const [read, drawn, run] = [tensor(values), tensor(values), tensor(values)]
      values.fill(7)
      expect(read.dataSync()[length - 1]).toBe(3)
      expect(ops.add(drawn, 1).dataSync()[length - 1]).toBe(4)
      expect((await double(run)).dataSync()[length - 1]).toBe(6)
    }
  })

  test('give copies: what is read may be changed', async () => {
    const x = tensor(Float32Array.of(1, 2, 3))
    x.dataSync().fill(9)
    ;(await x.data()).fill(9)
    expect(await x.array()).toEqual([1, 2, 3])
  })

  test('go into runs again and again, twice into one, and into ops afterwards', async () => {
    const sum = jit((x: Tensor, y: Tensor) => ops.add(x, y))
    const x = tensor(Float32Array.of(1, 2, 3))
    for (let turn = 0; turn < 3; turn++) expect(await (await sum(x, x)).array()).toEqual([2, 4, 6])
    expect(await (await sum(x, tensor(Float32Array.of(10, 20, 30)))).array()).toEqual([11, 22, 33])
    expect(ops.sum(x).dataSync()[0]).toBe(6)
  })

  test('go into runs beside tensors that are still to be computed', async () => {
    const sum = jit((x: Tensor, y: Tensor) => ops.add(x, y))
    const pending = ops.multiply(tensor(Float32Array.of(1, 2)), 3)
    expect(await (await sum(tensor(Float32Array.of(5, 6)), pending)).array()).toEqual([8, 12])
  })

  test('of truth values and shared memory are as others', async () => {
    const shared = new Float32Array(new SharedArrayBuffer(8))
    shared.set([1, 2])
    const pick = jit((c: Tensor, x: Tensor) => ops.where(c, x, 0))
    expect(await (await pick(tensor([true, false]), tensor(shared))).array()).toEqual([1, 0])
  })

  test('are gone once they are disposed, with or without a handle', () => {
    const [fresh, drawn] = [tensor([1, 2]), tensor([1, 2])]
    expect(ops.sum(drawn).dataSync()[0]).toBe(3)
    for (const x of [fresh, drawn]) {
      x.dispose()
      expect(() => x.dataSync()).toThrow('one that was disposed')
      expect(`${x}`).toBe('Tensor(disposed)')
    }
  })
})

function arrayOf(dtype: Exclude<DType, 'bool'>, values: readonly number[]): Float32Array | Float64Array | Int32Array {
  const types = { float32: Float32Array, float64: Float64Array, int32: Int32Array }
  return types[dtype].from(values)
}

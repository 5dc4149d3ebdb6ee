import { config } from 'ferrograd'
import { describe, expect, test } from 'vitest'
import { tensor } from '../../ts/core/tensor.js'
import { toColumn } from '../../ts/data/marshal.js'

const holes: number[][] = [[1, 2], [3]]
// biome-ignore lint/suspicious/noSparseArray: what is tested
const sparse = [[1, , 3]]
const self: unknown[] = []
self.push(self)
const detached = new Float32Array(4)
structuredClone(detached.buffer, { transfer: [detached.buffer] })
const throwing = Object.defineProperty([1, 2], 1, {
  get(): number {
    throw new Error('boom')
  },
})

describe('toColumn takes', () => {
  test.each([
    ['a typed array, one number a sample', Float32Array.of(1, 2), [2], [1, 2]],
    ['{ values, shape }', { values: Float64Array.of(1, 2, 3, 4), shape: [2, 2] }, [2, 2], [1, 2, 3, 4]],
    [
      'nested arrays',
      [
        [[1], [2]],
        [[3], [4]],
      ],
      [2, 2, 1],
      [1, 2, 3, 4],
    ],
    ['rows that are typed arrays', [Float32Array.of(1, 2), Float32Array.of(3, 4)], [2, 2], [1, 2, 3, 4]],
    ['booleans', [true, false], [2], [1, 0]],
    ['a tensor', tensor([[1, 2]]), [1, 2], [1, 2]],
    ['a view into a buffer', new Float32Array(new Float32Array([9, 1, 2, 9]).buffer, 4, 2), [2], [1, 2]],
    ['shared memory, as a copy', new Float32Array(new SharedArrayBuffer(8)).fill(3), [2], [3, 3]],
    ['negative zero and denormals', Float32Array.of(-0, 1e-40), [2], [-0, Math.fround(1e-40)]],
  ])('%s', (_, data, shape, values) => {
    const column = toColumn('fit.x', data)
    expect(column.shape).toEqual(shape)
    expect(column.values).toEqual(Float32Array.from(values))
  })

  test('a copy where another thread may write', () => {
    const data = new Float32Array(new SharedArrayBuffer(8)).fill(1)
    const column = toColumn('fit.x', data)
    data[0] = 9
    expect(column.values[0]).toBe(1)
  })

  test('integers as integers where either will do', () => {
    expect(toColumn('fit.y', Uint8Array.of(1, 2), 'either').values).toEqual(Int32Array.of(1, 2))
    expect(toColumn('fit.y', [1, 2], 'either').values).toEqual(Float32Array.of(1, 2))
  })
})

describe('toColumn refuses', () => {
  const rows: [what: string, data: unknown, code: string, message: RegExp][] = [
    ['undefined', undefined, 'ERR_DATA', /fit\.x: expected numbers .*got undefined/],
    ['null', null, 'ERR_DATA', /got null/],
    ['a number', 3, 'ERR_DATA', /got 3/],
    ['text', 'abc', 'ERR_DATA', /got 'abc'/],
    ['text inside', [[1, '2']], 'ERR_DATA', /fit\.x\[0\]\[1\]: expected a number, got '2'\. Convert text/],
    ['objects', [{ a: 1 }], 'ERR_DATA', /fit\.x\[0\]/],
    ['null inside', [[1, null]], 'ERR_DATA', /fit\.x\[0\]\[1\]: expected a number, got null/],
    ['a BigInt', [1n], 'ERR_DATA', /got 1n/],
    ['a BigInt64Array', BigInt64Array.of(1n), 'ERR_DATA', /BigInt64Array.*Convert it/],
    ['a DataView', new DataView(new ArrayBuffer(8)), 'ERR_DATA', /DataView.*Wrap its buffer/],
    ['an ArrayBuffer', new ArrayBuffer(8), 'ERR_DATA', /ArrayBuffer/],
    ['a Proxy', new Proxy([1, 2], {}), 'ERR_DATA', /a Proxy/],
    ['arguments', { 0: 1, length: 1 }, 'ERR_DATA', /Array\.from/],
    ['a ragged array', holes, 'ERR_SHAPE', /fit\.x\[1\]: expected length 2.*got 1\. The array is ragged/],
    ['a deeper row', [1, [2]], 'ERR_SHAPE', /fit\.x\[1\]: expected a number, as its neighbours are/],
    ['a shallower row', [[1], 2], 'ERR_SHAPE', /fit\.x\[1\]: expected an array of 1/],
    ['a hole', sparse, 'ERR_DATA', /fit\.x\[0\]\[1\]: expected a number, got a hole/],
    ['an array in itself', self, 'ERR_SHAPE', /at most 32 levels/],
    ['an array that throws', throwing, 'ERR_DATA', /reading it threw Error: boom/],
    ['a detached array', detached, 'ERR_DATA', /detached/],
    ['nothing', [], 'ERR_DATA', /at least one sample, got shape \[0\]/],
    ['no features', [[], []], 'ERR_SHAPE', /lengths of at least 1, got \[2, 0\]/],
    [
      'a shape that does not fit',
      { values: new Float32Array(5), shape: [2, 3] },
      'ERR_SHAPE',
      /6 numbers for shape \[2, 3\], got 5/,
    ],
    ['a shape that is none', { values: new Float32Array(2), shape: [2.5] }, 'ERR_SHAPE', /fit\.x\.shape/],
    [
      'NaN',
      { values: Float32Array.of(1, 2, 3, Number.NaN), shape: [2, 2] },
      'ERR_DATA',
      /fit\.x sample 1, feature 1: expected a finite number, got NaN/,
    ],
    [
      'infinity',
      [
        [0, 0],
        [0, -Infinity],
      ],
      'ERR_DATA',
      /sample 1, feature 1.*got -Infinity/,
    ],
    [
      'NaN in an image',
      { values: Float32Array.of(0, 0, 0, Number.NaN), shape: [1, 2, 2] },
      'ERR_DATA',
      /sample 0, feature \[1, 1\]/,
    ],
    ['what overflows float32', [1e39], 'ERR_DATA', /sample 0: expected a number that float32 can hold.*setFloatx/],
    ['integers that float32 rounds', Int32Array.of(2 ** 24 + 1), 'ERR_DATA', /2\^24.*got 16777217/],
  ]
  test.each(rows)('%s', (_, data, code, message) => {
    expect(() => toColumn('fit.x', data)).toThrow(message)
    expect(() => toColumn('fit.x', data)).toThrow(expect.objectContaining({ code }))
  })

  test.each([Float32Array, Float64Array])('the first that is not finite in a long %o', (type) => {
    const values = new type(5000).fill(1)
    values.set([Number.NEGATIVE_INFINITY, 1, Number.NaN], 2047)
    config.setFloatx(type === Float32Array ? 'float32' : 'float64')
    try {
      expect(() => toColumn('fit.x', values)).toThrow(/fit\.x sample 2047: expected a finite number, got -Infinity/)
      values.fill(1, 2047, 2049)
      expect(() => toColumn('fit.x', values)).toThrow(/sample 2049.*got NaN/)
      values[2049] = 1
      expect(toColumn('fit.x', values).values).toBe(values)
    } finally {
      config.setFloatx('float32')
    }
  })

  test.each([1.5, 2 ** 31, Number.NaN])('%d where an integer is wanted', (value) => {
    expect(() => toColumn('fit.x', [value], 'int32')).toThrow(/sample 0: expected a whole number within 32 bits/)
  })
})

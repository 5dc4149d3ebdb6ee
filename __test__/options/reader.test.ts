import { runInNewContext } from 'node:vm'
import { tensor } from 'ferrograd'
import { expect, test } from 'vitest'
import { optionsReader } from '../../ts/options/reader.js'
import { caught } from '../caught.js'

const fields = {
  size: { type: 'number', default: 0 },
  weight: { type: 'number', default: 0 },
  mode: { type: 'choice', of: ['oneHot', 'int'], default: 'int' },
  axes: { type: 'integers', default: null },
} as const

test('the same options come to the same, however often and in which order they are given', () => {
  const read = optionsReader('f', fields)
  const defaults = { size: 0, weight: 0, mode: 'int', axes: undefined }
  for (let i = 0; i < 3; i += 1) {
    expect(read()).toEqual(defaults)
    expect(read({})).toEqual(defaults)
    expect(read({ size: 2 })).toEqual({ ...defaults, size: 2 })
    expect(read({ weight: 2 })).toEqual({ ...defaults, weight: 2 })
    expect(read({ size: 2, mode: 'one_hot' })).toEqual({ ...defaults, size: 2, mode: 'oneHot' })
    expect(read({ mode: 'one_hot', size: 2 })).toEqual({ ...defaults, size: 2, mode: 'oneHot' })
    expect(read({ mode: undefined, size: null })).toEqual(defaults)
  }
})

test('zeros of both signs, and lists that change, are told apart', () => {
  const read = optionsReader('f', fields)
  for (let i = 0; i < 3; i += 1) {
    expect(read({ size: 0 }).size).toBe(0)
    expect(read({ size: -0 }).size).toBe(-0)
  }
  const axes = [1, 2]
  expect(read({ axes }).axes).toEqual([1, 2])
  axes[0] = 3
  expect(read({ axes }).axes).toEqual([3, 2])
})

test('options of no class and of another realm are options', () => {
  const read = optionsReader('f', fields)
  for (const given of ['({})', '({ size: 2 })', 'Object.assign(Object.create(null), { size: 2 })']) {
    const size = given === '({})' ? 0 : 2
    expect(read(runInNewContext(given)).size).toBe(size)
    expect(read(runInNewContext(given)).size).toBe(size)
  }
})

test('more options than are remembered come to what they say', () => {
  const read = optionsReader('f', fields)
  for (let i = 0; i < 200; i += 1) expect(read({ size: i % 50 }).size).toBe(i % 50)
})

test('only the first few are remembered: what they come to is the same object, of others it is not', () => {
  const read = optionsReader('f', fields)
  const again = (size: number): boolean => {
    const first = read({ size })
    return read({ size }) === first
  }
  const known = Array.from({ length: 20 }, (_, i) => again(i))
  expect(known.indexOf(false)).toBeGreaterThan(0)
  expect(known.slice(known.indexOf(false))).not.toContain(true)
})

test('errors name who was called, the option, and what is wrong, also after the same options were right elsewhere', () => {
  const read = optionsReader('f', fields)
  read({ size: 1 })
  for (const [given, words] of [
    [{ size: 'x' }, "g.size: expected a finite number, got 'x'"],
    [{ size: 1, sise: 1 }, "g: unknown option 'sise'. Did you mean 'size'?"],
    [[], 'g: expected an options object, got []'],
    [new Float32Array(), 'g: expected an options object'],
    [null, 'g: expected an options object, got null'],
    [tensor([1, 2]), 'g: expected an options object, got an instance of Tensor'],
    [Promise.resolve({}), 'g: expected an options object, got an instance of Promise'],
    [new Map(), 'g: expected an options object, got an instance of Map'],
  ] as const)
    expect((caught(() => read(given, 'g')) as Error).message).toContain(words)
  expect((caught(() => optionsReader('op', fields, undefined, ' ')({ size: {} })) as Error).message).toContain(
    'op size',
  )
})

test('what is required is asked for, and a default that can change is made anew', () => {
  const required = optionsReader('f', { count: { type: 'integer', min: 1 } })
  for (const given of [undefined, {}, { count: undefined }])
    expect((caught(() => required(given)) as Error).message).toBe('f.count: is required')
  expect(required({ count: 2 })).toEqual({ count: 2 })
  const made = optionsReader('f', { lengths: { type: 'shape', default: [2] } })
  expect(made().lengths).toEqual([2])
  expect(made().lengths).not.toBe(made().lengths)
})

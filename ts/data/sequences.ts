/** Lists of different lengths and labels as rows of one length. */

import { FerrogradError, fail } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { checkCount } from './check.js'
import type { ShapedArray } from './shaped.js'

const padFields = {
  /** The length of all rows; that of the longest list unless given. */
  maxLength: { type: 'integer', default: null, min: 1 },
  /** Where lists that are too short are filled up. Default 'pre'. */
  padding: { type: 'choice', of: ['pre', 'post'], default: 'pre' },
  /** Where lists that are too long are cut. Default 'pre'. */
  truncating: { type: 'choice', of: ['pre', 'post'], default: 'pre' },
  /** What they are filled up with. Default 0. */
  value: { type: 'number', default: 0 },
  /** The element type. Default 'int32'. */
  dtype: { type: 'choice', of: ['int32', 'float32'], default: 'int32' },
} as const

const read = optionsReader('padSequences', padFields)

/** Options of {@link padSequences}. */
export interface PadOptions extends OptionsOf<typeof padFields>, Named {}

/**
 * Lists as rows of one length, (lists, maxLength): shorter ones are filled up, longer ones cut.
 *
 * @throws `ERR_DATA` for a list that is none, and for a value that the element type does not hold: of int32 whole numbers within 32
 * bits, of float32 finite numbers.
 *
 * @example
 * ```ts
 * import { padSequences } from 'ferrograd/data'
 *
 * const { values, shape } = padSequences([[1], [2, 3], [4, 5, 6, 7]], { maxLength: 3 })
 * console.log(shape, values) // [3, 3] Int32Array [0, 0, 1, 0, 2, 3, 5, 6, 7]
 * ```
 */
export function padSequences(
  sequences: readonly ArrayLike<number>[],
  options?: PadOptions,
): ShapedArray<Int32Array | Float32Array> {
  const { maxLength, padding, truncating, value, dtype } = read(options)
  const where = 'padSequences'
  if (!holds(dtype, value)) fail('ERR_CONFIG', `${where}.value`, HELD[dtype], value)
  if (!isList(sequences)) fail('ERR_DATA', `${where}.sequences`, 'a list of lists of numbers', sequences)
  const lists = Array.from(sequences)
  for (const [row, list] of lists.entries())
    if (!isList(list)) fail('ERR_DATA', `${where}.sequences[${row}]`, 'a list of numbers', list)
  const length = maxLength ?? lists.reduce((most, list) => Math.max(most, list.length), 0)
  const values = allocated(where, lists.length * length, (size) =>
    dtype === 'int32' ? new Int32Array(size) : new Float32Array(size),
  )
  values.fill(value)
  for (const [row, list] of lists.entries()) {
    const kept = Math.min(length, list.length)
    const from = truncating === 'pre' ? list.length - kept : 0
    const to = row * length + (padding === 'pre' ? length - kept : 0)
    for (let i = 0; i < kept; i++) {
      const own = list[from + i]
      if (!holds(dtype, own)) fail('ERR_DATA', `${where}.sequences[${row}][${from + i}]`, HELD[dtype], own)
      values[to + i] = own
    }
  }
  return { values, shape: [lists.length, length] }
}

/** What the element types hold. */
const HELD = { int32: 'a whole number within 32 bits', float32: 'a finite number of float32' } as const

function holds(dtype: keyof typeof HELD, value: unknown): value is number {
  if (typeof value !== 'number') return false
  return dtype === 'int32' ? Number.isInteger(value) && (value | 0) === value : Number.isFinite(Math.fround(value))
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return typeof value === 'object' && value !== null && Number.isInteger((value as Partial<ArrayLike<unknown>>).length)
}

function allocated<A>(where: string, length: number, make: (length: number) => A): A {
  try {
    return make(length)
  } catch (cause) {
    throw new FerrogradError('ERR_MEMORY', `${where}: no memory for ${length} numbers`, { cause, where })
  }
}

/**
 * Labels as one-hot rows, (samples, classes) of float32; without `classes` as many as the greatest label and one.
 *
 * @throws `ERR_DATA` for a label that is no whole number in [0, classes).
 *
 * @example
 * ```ts
 * import { toCategorical } from 'ferrograd/data'
 *
 * console.log(toCategorical([0, 2, 1]).values) // Float32Array [1, 0, 0, 0, 0, 1, 0, 1, 0]
 * ```
 */
export function toCategorical(labels: ArrayLike<number>, classes?: number): ShapedArray<Float32Array> {
  if (classes !== undefined) checkCount('toCategorical.classes', classes, 1)
  const where = 'toCategorical'
  if (!isList(labels)) fail('ERR_DATA', `${where}.labels`, 'a list of whole numbers', labels)
  const all = Array.from(labels)
  const end = classes ?? 2 ** 31
  for (const [row, label] of all.entries())
    if (!(Number.isInteger(label) && label >= 0 && label < end))
      fail('ERR_DATA', `${where}.labels[${row}]`, `a whole number in [0, ${end})`, label)
  const count = classes ?? all.reduce((most, label) => Math.max(most, label), -1) + 1
  const values = allocated(where, all.length * count, (size) => new Float32Array(size))
  for (const [row, label] of all.entries()) values[row * count + label] = 1
  return { values, shape: [all.length, count] }
}

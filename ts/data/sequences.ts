/** Lists of different lengths and labels as rows of one length. */

import { fail } from '../errors.js'
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
  const length = maxLength ?? sequences.reduce((most, list) => Math.max(most, list.length), 0)
  const values =
    dtype === 'int32' ? new Int32Array(sequences.length * length) : new Float32Array(sequences.length * length)
  values.fill(value)
  sequences.forEach((list, row) => {
    const kept = Math.min(length, list.length)
    const from = truncating === 'pre' ? list.length - kept : 0
    const to = row * length + (padding === 'pre' ? length - kept : 0)
    for (let i = 0; i < kept; i++) values[to + i] = list[from + i]!
  })
  return { values, shape: [sequences.length, length] }
}

/**
 * Labels as one-hot rows, (samples, classes) of float32.
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
  const all = Array.from(labels)
  const count = classes ?? all.reduce((most, label) => Math.max(most, label), -1) + 1
  const values = new Float32Array(all.length * count)
  all.forEach((label, row) => {
    if (!(Number.isInteger(label) && label >= 0 && label < count))
      fail('ERR_DATA', `toCategorical.labels[${row}]`, `a whole number in [0, ${count})`, label)
    values[row * count + label] = 1
  })
  return { values, shape: [all.length, count] }
}

/** Missing values in columns of numbers: a bit for each row says whether it is there. */

import { fail } from '../../errors.js'
import type { TypedArray } from '../../types.js'
import { NumberColumn } from '../column.js'

/** Whether the value of a row is there. */
export type Present = (row: number) => boolean

/** The values of all rows are. */
export const everyRow: Present = () => true

/** Bits of bytes, the least first. */
export function bitsOf(bytes: Uint8Array, offset = 0): Present {
  return (row) => ((bytes[(offset + row) >> 3]! >> ((offset + row) & 7)) & 1) === 1
}

/** Floats with NaN where a value is missing, in memory of their own. Whole numbers that may be missing become float64, which has NaN. */
export function floatsWithNaN(values: TypedArray, present: Present): NumberColumn {
  const isFloat = values instanceof Float32Array || values instanceof Float64Array
  const out = isFloat ? values.slice() : Float64Array.from(values)
  if (present === everyRow) return new NumberColumn(out)
  for (let row = 0; row < out.length; row++) if (!present(row)) out[row] = Number.NaN
  return new NumberColumn(out)
}

/** Truth values, all of which are there. */
export function truths(where: string, rows: number, value: (row: number) => unknown): NumberColumn {
  const out = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) {
    const own = value(row)
    if (typeof own !== 'boolean')
      fail(
        'ERR_DATA',
        `${where} row ${row}`,
        'true or false',
        own,
        'Fill the missing values first, or make them numbers',
      )
    out[row] = own ? 1 : 0
  }
  return new NumberColumn(out, [], 'bool')
}

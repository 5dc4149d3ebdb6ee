/** Data frames of nodejs-polars. */

import { fail } from '../../errors.js'
import { exact } from '../arrays.js'
import { Rows } from '../chunk.js'
import { type Column, ListColumn, NumberColumn } from '../column.js'
import { Dataset } from '../dataset.js'
import type { AnyRow } from '../schema.js'
import { truths } from './missing.js'

/** What is used of a data frame. */
export interface PolarsFrame {
  readonly columns: readonly string[]
  readonly height: number
  getColumn(name: string): PolarsSeries
}

/** What is used of a column. */
export interface PolarsSeries {
  readonly dtype: unknown
  toArray(): ArrayLike<unknown>
}

/**
 * The rows of a data frame of `nodejs-polars`, as they are at the call. Missing numbers are NaN (whole numbers then become
 * float64), missing text is the empty text; dates are milliseconds since 1970 UTC.
 *
 * @throws `ERR_DATA` for lists, structs, missing truth values and integers beyond 2⁵³, by column and row.
 *
 * @example
 * ```ts
 * import { fromPolars } from 'ferrograd/data'
 * import type { PolarsFrame } from 'ferrograd/data'
 *
 * declare const frame: PolarsFrame // pl.readCSV(…)
 * const batches = fromPolars(frame).shuffle({ seed: 1 }).batch(32)
 * console.log(batches.count)
 * ```
 */
export function fromPolars<T = AnyRow>(frame: PolarsFrame): Dataset<T> {
  if (typeof frame !== 'object' && typeof frame !== 'function')
    return fail('ERR_DATA', 'fromPolars', 'a DataFrame of nodejs-polars', frame)
  const columns = frame.columns.map((name) => [name, columnOf(name, frame.getColumn(name))] as const)
  return Dataset.ofRows(new Rows<T>(Object.fromEntries(columns), frame.height))
}

function columnOf(name: string, series: PolarsSeries): Column {
  const where = `fromPolars column ${name}`
  return columnOfValues(where, String(series.dtype), valuesOf(where, series))
}

/** Polars itself refuses what JavaScript has no values for. */
function valuesOf(where: string, series: PolarsSeries): ArrayLike<unknown> {
  try {
    return series.toArray()
  } catch (cause) {
    const got = { text: `${String(series.dtype)}: ${(cause as Error).message}` }
    return fail('ERR_DATA', where, 'numbers, truth values, dates or text', got, 'Cast it to Float64 or text first')
  }
}

/** A column of JavaScript's values: the first that is there says what they are, or else the type. */
export function columnOfValues(where: string, dtype: string, values: ArrayLike<unknown>): Column {
  const { length } = values
  let at = 0
  while (at < length && isMissing(values[at])) at += 1
  const first = at < length ? values[at] : noneOf(dtype)
  if (typeof first === 'string') return new ListColumn(Array.from(values, (value, row) => textOf(where, value, row)))
  if (typeof first === 'boolean') return truths(where, length, (row) => values[row])
  const numbers = /Float32/.test(dtype) ? new Float32Array(length) : new Float64Array(length)
  for (let row = 0; row < length; row++) {
    const value = values[row]
    numbers[row] = typeof value === 'number' ? value : numberOf(where, value, row)
  }
  const whole = /U?Int(8|16|32)\b/.test(dtype) && numbers.every((value) => (value | 0) === value)
  return new NumberColumn(whole ? Int32Array.from(numbers) : numbers)
}

/** What there is none of. */
function noneOf(dtype: string): unknown {
  if (/String|Categorical|Enum/.test(dtype)) return ''
  return /Bool/.test(dtype) ? false : undefined
}

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

function textOf(where: string, value: unknown, row: number): string {
  if (typeof value === 'string') return value
  return isMissing(value) ? '' : fail('ERR_DATA', `${where} row ${row}`, 'text', value)
}

function numberOf(where: string, value: unknown, row: number): number {
  if (isMissing(value)) return Number.NaN
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : exact(where, [value], row)[0]!
  }
  if (value instanceof Date) return timeOf(where, value, row)
  const hint = 'Cast it to numbers or text first'
  return fail('ERR_DATA', `${where} row ${row}`, 'a number, text, a truth value or a date', value, hint)
}

function timeOf(where: string, value: Date, row: number): number {
  const time = value.getTime()
  return Number.isNaN(time) ? fail('ERR_DATA', `${where} row ${row}`, 'a date', { text: 'one beyond all years' }) : time
}

/** Columns of DuckDB out of JavaScript's values, and what their types mean. */

import { fail } from '../../errors.js'
import { exact } from '../arrays.js'
import { type Column, ListColumn, NumberColumn } from '../column.js'
import { dateOf } from './dates.js'
import { truths } from './missing.js'

const WIDE = /^(U?BIGINT|U?HUGEINT)$/

/** Whether a type has whole numbers of at most 32 bits. */
export function isWhole(type: string): boolean {
  return /^U?(TINYINT|SMALLINT|INTEGER)$/.test(type)
}

/** A column of a chunk, as the library has its values. */
export function columnOfValues(where: string, type: string, values: readonly unknown[]): Column {
  if (type === 'BOOLEAN') return truths(where, values.length, (row) => values[row])
  if (type === 'VARCHAR' || type.startsWith('ENUM')) return new ListColumn(values.map((value) => value ?? ''))
  if (type === 'FLOAT')
    return new NumberColumn(Float32Array.from(values, (value) => (value as number | null) ?? Number.NaN))
  if (type === 'DOUBLE')
    return new NumberColumn(Float64Array.from(values, (value) => (value as number | null) ?? Number.NaN))
  if (WIDE.test(type)) return new NumberColumn(exact(where, present(where, type, values) as readonly bigint[]))
  if (isWhole(type)) return new NumberColumn(wholeNumbers(type, present(where, type, values) as readonly number[]))
  if (/^DATE$|^TIMESTAMP/.test(type))
    return new NumberColumn(
      Float64Array.from(values, (value) => (value === null ? Number.NaN : dateOf(sinceEpoch(value), () => where))),
    )
  return fail(
    'ERR_DATA',
    where,
    'numbers, truth values, dates or text',
    { text: type },
    `SELECT …::DOUBLE, or …::VARCHAR`,
  )
}

/** Whole numbers of at most 32 bits. */
export function wholeNumbers(type: string, values: ArrayLike<number>): Int32Array | Float64Array {
  return type === 'UINTEGER' ? Float64Array.from(values) : Int32Array.from(values)
}

function present(where: string, type: string, values: readonly unknown[]): readonly unknown[] {
  const row = values.indexOf(null)
  return row < 0 ? values : missingWhole(where, type, row)
}

/** There is no whole number that says that it is missing. */
export function missingWhole(where: string, type: string, row: number): never {
  const got = { text: `NULL of ${type}` }
  return fail('ERR_DATA', `${where} row ${row} of a chunk`, 'a whole number', got, 'SELECT …::DOUBLE')
}

/** Days, or micro-, milli- or nanoseconds or seconds since 1970. */
function sinceEpoch(value: unknown): number {
  const { days, micros, millis, nanos, seconds } = value as Readonly<Record<string, bigint | number | undefined>>
  if (days !== undefined) return Number(days) * 86_400_000
  if (micros !== undefined) return Number(micros) / 1000
  if (millis !== undefined) return Number(millis)
  if (nanos !== undefined) return Number(nanos) / 1e6
  return Number(seconds) * 1000
}

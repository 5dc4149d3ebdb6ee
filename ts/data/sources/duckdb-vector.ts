/** Columns of DuckDB by the memory of their vectors; what lies otherwise than is known here is left to the library. */

import { endianness } from 'node:os'
import type { TypedArray } from '../../types.js'
import { exact } from '../arrays.js'
import { type Column, ListColumn, NumberColumn } from '../column.js'
import { dateOf } from './dates.js'
import { isWhole, missingWhole, wholeNumbers } from './duckdb-values.js'
import { bitsOf, everyRow, floatsWithNaN, type Present, truths } from './missing.js'

/** What is used of a vector, once it is seen to be there. */
interface Vector {
  readonly items?: unknown
  readonly dataView?: unknown
  readonly validity?: { readonly data?: unknown; readonly offset?: unknown } | undefined
  readonly type?: { readonly values?: unknown } | undefined
  getItem(row: number): unknown
}

/** The column of a vector, in memory of its own; nothing where the vector is not as expected. */
export function columnOfVector(where: string, type: string, given: unknown, rows: number): Column | undefined {
  const vector = given as Vector
  const present = typeof given === 'object' && given !== null ? presenceOf(vector.validity, rows) : undefined
  if (present === undefined) return undefined
  const { items } = vector
  if (type === 'FLOAT') return has(items, Float32Array, rows) ? floatsWithNaN(items, present) : undefined
  if (type === 'DOUBLE') return has(items, Float64Array, rows) ? floatsWithNaN(items, present) : undefined
  if (isWhole(type)) return small(where, type, items, rows, present)
  if (type === 'BIGINT' || type === 'UBIGINT') return wide(where, type, items, rows, present)
  if (type === 'BOOLEAN') return booleans(where, vector.dataView, rows, present)
  if (type === 'VARCHAR') return texts(vector, rows, present)
  if (type.startsWith('ENUM')) return named(vector, rows, present)
  const unit = UNITS[type]
  return unit && moments(where, items, rows, present, unit)
}

/** Which rows are there; nothing where that cannot be told. */
function presenceOf(validity: Vector['validity'], rows: number): Present | undefined {
  const { data, offset } = validity ?? {}
  if (data === null) return everyRow
  if (!(data instanceof BigUint64Array) || !isLittle) return undefined
  if (!Number.isInteger(offset) || !((offset as number) >= 0 && (offset as number) + rows <= data.length * 64))
    return undefined
  return bitsOf(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset as number)
}

/** The first byte of a number is its least. */
const isLittle = endianness() === 'LE'

type Kind<A> = abstract new (...given: never[]) => A

function has<A extends { readonly length: number }>(items: unknown, kind: Kind<A>, rows: number): items is A {
  return items instanceof kind && items.length === rows
}

const SMALL = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array]

function small(where: string, type: string, items: unknown, rows: number, present: Present) {
  if (!SMALL.some((kind) => has<TypedArray>(items, kind, rows))) return undefined
  allThere(where, type, rows, present)
  return new NumberColumn(wholeNumbers(type, items as TypedArray))
}

function wide(where: string, type: string, items: unknown, rows: number, present: Present) {
  const numbers = numbersOf(items, rows)
  if (numbers === undefined) return undefined
  allThere(where, type, rows, present)
  for (let row = 0; row < rows; row++)
    if (!Number.isSafeInteger(numbers[row])) exact(where, [(items as BigInt64Array)[row]!], row)
  return new NumberColumn(numbers)
}

/** Whole numbers of 64 bits as the nearest float64, by their halves: the upper one in place is exact, the sum is rounded once. */
function numbersOf(items: unknown, rows: number): Float64Array | undefined {
  const isSigned = has(items, BigInt64Array, rows)
  if (!isLittle || !(isSigned || has(items, BigUint64Array, rows))) return undefined
  const { buffer, byteOffset } = items as BigInt64Array
  const lower = new Uint32Array(buffer, byteOffset, 2 * rows)
  const upper = isSigned ? new Int32Array(buffer, byteOffset, 2 * rows) : lower
  const numbers = new Float64Array(rows)
  for (let row = 0; row < rows; row++) numbers[row] = upper[2 * row + 1]! * 2 ** 32 + lower[2 * row]!
  return numbers
}

function allThere(where: string, type: string, rows: number, present: Present): void {
  for (let row = 0; row < rows; row++) if (!present(row)) missingWhole(where, type, row)
}

function booleans(where: string, view: unknown, rows: number, present: Present) {
  if (!(view instanceof DataView) || view.byteLength !== rows) return undefined
  return truths(where, rows, (row) => (present(row) ? view.getUint8(row) !== 0 : null))
}

/** How many of a unit a millisecond has, or how many milliseconds a unit. */
type Unit = { readonly divisor: number } | { readonly factor: number }

const UNITS: Readonly<Record<string, Unit | undefined>> = {
  DATE: { factor: 86_400_000 },
  TIMESTAMP: { divisor: 1000 },
  'TIMESTAMP WITH TIME ZONE': { divisor: 1000 },
  TIMESTAMP_S: { factor: 1000 },
  TIMESTAMP_MS: { factor: 1 },
  TIMESTAMP_NS: { divisor: 1e6 },
}

function moments(where: string, items: unknown, rows: number, present: Present, unit: Unit) {
  const numbers = has(items, Int32Array, rows) ? Float64Array.from(items) : numbersOf(items, rows)
  if (numbers === undefined) return undefined
  for (let row = 0; row < rows; row++) {
    const own = numbers[row]!
    const moment = 'factor' in unit ? own * unit.factor : own / unit.divisor
    numbers[row] = present(row) ? dateOf(moment, () => where) : Number.NaN
  }
  return new NumberColumn(numbers)
}

function named({ items, type }: Vector, rows: number, present: Present) {
  const values = type?.values
  const isKnown = [Uint8Array, Uint16Array, Uint32Array].some((kind) => has<TypedArray>(items, kind, rows))
  if (!isKnown || !Array.isArray(values)) return undefined
  return textColumn(rows, present, (row) => values[(items as TypedArray)[row]!])
}

/** Bytes of a text in a vector: its length, then the text itself where it is no longer than twelve bytes. */
const [TEXT, LENGTH, INSIDE] = [16, 4, 12]

/**
 * Short texts are cut out of one text that has all bytes of the vector as characters, which are those of ASCII; others, and what lies
 * elsewhere, are read by the library.
 */
function texts(vector: Vector, rows: number, present: Present) {
  const { dataView: view } = vector
  if (!(view instanceof DataView) || view.byteLength !== rows * TEXT || view.byteOffset % 4 !== 0 || !isLittle)
    return undefined
  const words = new Uint32Array(view.buffer, view.byteOffset, rows * (TEXT / 4))
  const all = Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('latin1')
  return textColumn(rows, present, (row) => {
    const length = words[4 * row]!
    const isPlain = ((words[4 * row + 1]! | words[4 * row + 2]! | words[4 * row + 3]!) & 0x80808080) === 0
    const at = row * TEXT + LENGTH
    return length <= INSIDE && isPlain ? all.slice(at, at + length) : vector.getItem(row)
  })
}

function textColumn(rows: number, present: Present, value: (row: number) => unknown): ListColumn {
  const list: unknown[] = new Array(rows)
  for (let row = 0; row < rows; row++) list[row] = present(row) ? (value(row) ?? '') : ''
  return new ListColumn(list)
}

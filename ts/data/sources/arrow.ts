/** Tables of Apache Arrow: their columns where they lie. */

import { fail } from '../../errors.js'
import type { TypedArray } from '../../types.js'
import { exact } from '../arrays.js'
import { type Chunk, Rows } from '../chunk.js'
import { type Column, ListColumn, NumberColumn } from '../column.js'
import { Dataset } from '../dataset.js'
import { dropped } from '../flow.js'
import { untilLeft } from '../leaving.js'
import type { AnyRow } from '../schema.js'
import { bitsOf, everyRow, floatsWithNaN, truths } from './missing.js'

/** What is used of a table or of a record batch of `apache-arrow`. */
export interface ArrowTable {
  readonly schema: { readonly fields: readonly ArrowField[] }
  readonly numRows: number
  /** Of a table alone. */
  readonly batches?: readonly ArrowTable[]
  getChildAt(index: number): ArrowVector | null
}

/** A column's name and type. */
export interface ArrowField {
  readonly name: string
  readonly nullable: boolean
  readonly type: ArrowType
}

/** A type, and of what. */
export interface ArrowType {
  readonly typeId: number
  /** Of a list, what is in it. */
  readonly children?: readonly { readonly type: ArrowType }[] | null
  /** What the numbers of a dictionary stand for. */
  readonly dictionary?: ArrowType
  toString(): string
}

/** The values of a column. */
export interface ArrowVector {
  readonly length: number
  readonly nullCount: number
  readonly data: readonly ArrowData[]
  get(row: number): unknown
}

/** The memory of consecutive values. */
export interface ArrowData {
  readonly length: number
  readonly offset: number
  readonly nullCount: number
  readonly values: unknown
  readonly nullBitmap?: Uint8Array | undefined
}

/** Tables, or record batches one after the other, again at each pass. */
export type ArrowLike = ArrowTable | Uint8Array | (() => AsyncIterable<ArrowTable> | Iterable<ArrowTable>)

/**
 * The rows of Arrow: a table or record batch of `apache-arrow`; bytes of an IPC stream or file, which that package (to be
 * installed beside this one) reads; or a function that opens a reader of record batches for each pass. Numbers are taken where
 * they lie. Missing floats are NaN; whole numbers of columns that have missing ones become float64 with NaN; missing text is the
 * empty text. Dates and timestamps are milliseconds since 1970 UTC, 64-bit integers float64 within 2⁵³, lists of a fixed size rows
 * of arrays (with NaN for numbers that are missing in them). Dictionaries are what they stand for: text, or numbers as float64.
 *
 * @throws `ERR_DATA` for structs, maps, lists of any length, decimals, times of day, durations and bytes, missing truth values and
 * integers beyond 2⁵³, by column, with what to do.
 *
 * @example
 * ```ts
 * import { fromArrow } from 'ferrograd/data'
 * import type { ArrowTable } from 'ferrograd/data'
 *
 * declare const table: ArrowTable // tableFromIPC(…), tableFromArrays(…)
 * const rows = await fromArrow(table)
 * console.log(rows.count)
 * ```
 */
export async function fromArrow<T = AnyRow>(from: ArrowLike): Promise<Dataset<T>> {
  if (typeof from === 'function')
    return Dataset.of<T>('fromArrow', { isWide: true, open: (_, skip, { left }) => opened<T>(from, skip, left) })
  const table = from instanceof Uint8Array ? await decoded(from) : from
  if (typeof table !== 'object' || table === null || !('schema' in table) || !('getChildAt' in table))
    return fail('ERR_DATA', 'fromArrow', 'a table or record batch of apache-arrow, or bytes of IPC', table)
  return Dataset.ofRows(rowsOf<T>(table))
}

async function* opened<T>(
  open: Exclude<ArrowLike, ArrowTable | Uint8Array>,
  skip: number,
  left: AbortSignal | undefined,
): AsyncGenerator<Chunk<T>> {
  const rows = async function* (): AsyncGenerator<Chunk<T>> {
    for await (const batch of untilLeft(open(), left)) if (batch.numRows > 0) yield rowsOf<T>(batch)
  }
  yield* skip === 0 ? rows() : dropped(rows(), skip)
}

async function decoded(bytes: Uint8Array): Promise<ArrowTable> {
  const name = 'apache-arrow'
  try {
    const { tableFromIPC } = (await import(name)) as { tableFromIPC: (bytes: Uint8Array) => ArrowTable }
    return tableFromIPC(bytes)
  } catch (cause) {
    const missing = (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND'
    const text = missing ? 'apache-arrow, which is not installed' : (cause as Error).message
    const hint = missing ? 'npm install apache-arrow, or pass tableFromIPC(bytes)' : undefined
    return fail('ERR_DATA', 'fromArrow', 'bytes of Arrow IPC', { text }, hint)
  }
}

function rowsOf<T>(table: ArrowTable): Rows<T> {
  const names = table.schema.fields.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) fail('ERR_DATA', 'fromArrow', 'names of columns that differ', twice)
  const columns = table.schema.fields.map((field, i) => [field.name, columnOf(field, table.getChildAt(i)!)] as const)
  return new Rows<T>(Object.fromEntries(columns), table.numRows)
}

/** What `apache-arrow` calls the types. */
const [INT, FLOAT, UTF8, BOOL, DATE, TIMESTAMP, FIXED_SIZE_LIST, DICTIONARY, LARGE_UTF8] = [
  2, 3, 5, 6, 8, 10, 16, -1, 20,
]
const [DECIMAL, TIME, LIST, STRUCT, MAP, DURATION] = [7, 9, 12, 13, 17, 18]

function columnOf({ name, type }: ArrowField, vector: ArrowVector): Column {
  const where = `fromArrow column ${name}`
  switch (type.typeId) {
    case INT:
    case FLOAT:
      return numbers(where, vector, type)
    case DATE:
    case TIMESTAMP:
      return milliseconds(vector)
    case BOOL:
      return truths(where, vector.length, (row) => vector.get(row))
    case UTF8:
    case LARGE_UTF8:
      return texts(where, vector, type)
    case DICTIONARY:
      return isNumeric(type.dictionary) ? looked(where, vector) : texts(where, vector, type)
    case FIXED_SIZE_LIST:
      return lists(where, name, vector, type)
    default: {
      const got = { text: String(type) }
      return fail('ERR_DATA', where, 'numbers, truth values, dates or text', got, hintFor(name, type.typeId))
    }
  }
}

/** What to do with a column of another type. */
function hintFor(name: string, typeId: number): string {
  switch (typeId) {
    case STRUCT:
      return `Make each field a column: new Table({ field: table.getChild('${name}').getChild('field') })`
    case LIST:
    case MAP:
      return 'Make it a FixedSizeList, or pass rows with padBatch: Dataset.from(rows).padBatch(32)'
    case DECIMAL:
      return 'Cast it to float64, or to text where it is exact'
    case TIME:
    case DURATION:
      return 'Cast it to int32 or int64 first'
    default:
      return 'Cast it to float64 or text first'
  }
}

function isNumeric(type: ArrowType | undefined): boolean {
  return type?.typeId === INT || type?.typeId === FLOAT
}

/** Numbers that others stand for. */
function looked(where: string, vector: ArrowVector): Column {
  const value = (row: number): number => {
    const own = vector.get(row)
    return typeof own === 'bigint' ? exact(where, [own], row)[0]! : Number(own ?? Number.NaN)
  }
  return new NumberColumn(Float64Array.from({ length: vector.length }, (_, row) => value(row)))
}

function numbers(where: string, vector: ArrowVector, type: ArrowType): Column {
  if (/^Float16/.test(String(type)))
    return floatsWithNaN(
      Float32Array.from({ length: vector.length }, (_, row) => Number(vector.get(row) ?? Number.NaN)),
      () => true,
    )
  const parts = vector.data.map(({ values, length, nullCount, nullBitmap, offset }) => {
    const own = (values as TypedArray | BigInt64Array).subarray(0, length)
    const plain =
      own instanceof BigInt64Array || own instanceof BigUint64Array ? exact(where, own) : (own as TypedArray)
    if (vector.nullCount === 0) return new NumberColumn(plain)
    return floatsWithNaN(plain, nullCount > 0 && nullBitmap !== undefined ? bitsOf(nullBitmap, offset) : everyRow)
  })
  return joined(parts)
}

function joined(parts: readonly NumberColumn[]): NumberColumn {
  const [first, ...others] = parts
  if (first === undefined) return new NumberColumn(new Float64Array(0))
  return others.length === 0 ? first : (first.join(others) as NumberColumn)
}

/** `get` gives milliseconds, whatever the unit. */
function milliseconds(vector: ArrowVector): Column {
  const value = (row: number): number => {
    const own = vector.get(row)
    return own === null ? Number.NaN : Number(own)
  }
  return new NumberColumn(Float64Array.from({ length: vector.length }, (_, row) => value(row)))
}

function texts(where: string, vector: ArrowVector, type: ArrowType): Column {
  const value = (row: number): string => {
    const own = vector.get(row)
    if (own === null || typeof own === 'string') return own ?? ''
    return fail('ERR_DATA', where, 'text', { text: String(type) }, 'Cast it to text first')
  }
  return new ListColumn(Array.from({ length: vector.length }, (_, row) => value(row)))
}

/** Rows of as many numbers each. */
function lists(where: string, name: string, vector: ArrowVector, type: ArrowType): Column {
  const inside = type.children?.[0]?.type
  const half = /^Float16/.test(String(inside))
  if (!isNumeric(inside)) {
    const hint = `Make it columns of its own: table.getChild('${name}')`
    fail('ERR_DATA', where, 'lists of numbers', { text: String(type) }, hint)
  }
  if (vector.nullCount > 0) fail('ERR_DATA', where, 'lists that are all there', { text: `${vector.nullCount} missing` })
  const rows = Array.from({ length: vector.length }, (_, row) =>
    listed(`${where} row ${row}`, vector.get(row) as ArrowList, half),
  )
  const [first = new Float64Array(0)] = rows
  // float64 has the numbers of all kinds, and NaN.
  const alike = rows.every((row) => row.constructor === first.constructor)
  const Kind = (alike ? first.constructor : Float64Array) as new (length: number) => TypedArray
  const out = new Kind(rows.length * first.length)
  rows.forEach((row, i) => void out.set(row, i * first.length))
  return new NumberColumn(out, [first.length])
}

/** The list in a row. */
interface ArrowList extends ArrowVector {
  toArray(): TypedArray | BigInt64Array | BigUint64Array
}

function listed(where: string, list: ArrowList, half: boolean): TypedArray {
  if (half) return Float32Array.from({ length: list.length }, (_, i) => Number(list.get(i) ?? Number.NaN))
  const values = list.toArray()
  const plain =
    values instanceof BigInt64Array || values instanceof BigUint64Array ? exact(`${where}, list`, values) : values
  if (list.nullCount === 0) return plain
  return floatsWithNaN(plain, (i) => list.get(i) !== null).values
}

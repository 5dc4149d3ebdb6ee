/** Rows out of `COPY … (FORMAT binary)` of PostgreSQL. */

import { Readable } from 'node:stream'
import { fail } from '../../errors.js'
import { textOf as sourceText } from '../../options/function-text.js'
import { exact } from '../arrays.js'
import { type ByteStream, byteSources } from '../bytes.js'
import { type Chunk, Rows } from '../chunk.js'
import { type Column, ListColumn, NumberColumn } from '../column.js'
import { Dataset } from '../dataset.js'
import { dropped } from '../flow.js'
import { dateOf } from './dates.js'

const types = ['float4', 'float8', 'int2', 'int4', 'int8', 'bool', 'text', 'date', 'timestamp'] as const

/** Types of PostgreSQL, as it calls them itself; `timestamp` is with or without time zone. */
export type PostgresType = (typeof types)[number]

/** The columns of the query, in their order. */
export type PostgresSchema = Readonly<Record<string, PostgresType>>

/** Rows of a schema. */
export type PostgresRow<S extends PostgresSchema> = {
  readonly [K in keyof S]: S[K] extends 'text' ? string : S[K] extends 'bool' ? boolean : number
}

/**
 * Rows out of the bytes of `COPY (SELECT …) TO STDOUT (FORMAT binary)`, as `pg-copy-streams` gives them: a third of the time of a
 * query stream. The function opens the stream for each pass. Where a reader leaves early (`take`, `break`), the rest comes in and is dropped,
 * since the connection serves its next query when COPY has ended: for a few rows of many, say `LIMIT`. NULL is NaN in `float4`, `float8`, `date` and `timestamp` (both
 * milliseconds since 1970 UTC), the empty text in `text`, and an error in the others.
 *
 * @throws `ERR_DATA` where the columns are not those of the schema, by row and column; `ERR_FORMAT` where the bytes are not of COPY.
 *
 * @example
 * ```ts
 * import { fromPostgresCopy } from 'ferrograd/data'
 *
 * declare const client: { query(copy: unknown): AsyncIterable<Uint8Array> } // of pg
 * declare const to: (sql: string) => unknown // of pg-copy-streams
 * const sql = 'COPY (SELECT age::float4, city FROM customers ORDER BY id) TO STDOUT (FORMAT binary)'
 * const rows = fromPostgresCopy(() => client.query(to(sql)), { age: 'float4', city: 'text' })
 * for await (const { age, city } of rows.take(3)) console.log(age, city)
 * ```
 */
export function fromPostgresCopy<const S extends PostgresSchema>(
  open: () => ByteStream | Promise<ByteStream>,
  schema: S,
): Dataset<PostgresRow<S>> {
  if (typeof open !== 'function') fail('ERR_CONFIG', 'fromPostgresCopy.open', 'a function that opens a stream', open)
  const columns = Object.entries(schema)
  if (columns.length === 0) fail('ERR_CONFIG', 'fromPostgresCopy.schema', 'at least one column', schema)
  for (const [name, type] of columns)
    if (!types.includes(type)) fail('ERR_CONFIG', `fromPostgresCopy.schema.${name}`, `one of ${types.join(', ')}`, type)
  const chunks = (): AsyncGenerator<Chunk<PostgresRow<S>>> => chunksOf<PostgresRow<S>>(open, columns)
  return Dataset.of('fromPostgresCopy', {
    isWide: true,
    identity: () => ({ text: sourceText(open), schema }),
    open: (_, skip) => (skip === 0 ? chunks() : dropped(chunks(), skip)),
  })
}

type Columns = readonly (readonly [name: string, type: PostgresType])[]

/** `PGCOPY\n\377\r\n\0` */
const SIGNATURE = Uint8Array.of(80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0)
const HEADER = SIGNATURE.length + 8

async function* chunksOf<T>(open: () => ByteStream | Promise<ByteStream>, columns: Columns): AsyncGenerator<Chunk<T>> {
  const reader = new TupleReader(columns)
  const [source] = await byteSources('fromPostgresCopy', () => toItsEnd(open))
  for await (const block of source!.open()) {
    const rows = reader.read(block)
    if (rows !== undefined) yield rows as Rows<T>
  }
  reader.finish()
}

/** A stream that is left early is not destroyed, which would leave its connection amid COPY for ever: it flows off. */
async function* toItsEnd(open: () => ByteStream | Promise<ByteStream>): AsyncGenerator<Uint8Array | string> {
  const stream = await open()
  if (!(stream instanceof Readable)) return yield* stream
  try {
    yield* stream.iterator({ destroyOnReturn: false })
  } finally {
    if (!stream.readableEnded && !stream.destroyed) stream.on('error', () => undefined).resume()
  }
}

/** What a field is, in a column of its own until a chunk is made of it. */
class TupleReader {
  readonly #columns: Columns
  #rest: Uint8Array = new Uint8Array(0)
  #begun = false
  #ended = false
  #row = 0

  constructor(columns: Columns) {
    this.#columns = columns
  }

  /** The whole rows that a block ends. */
  read(block: Uint8Array): Rows | undefined {
    const bytes = this.#rest.length === 0 ? block : joined(this.#rest, block)
    let at = this.#header(bytes)
    const fields: unknown[][] = this.#columns.map(() => [])
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const before = this.#row
    while (!this.#ended) {
      const end = this.#tuple(view, at, fields)
      if (end === undefined) break
      at = end
    }
    this.#rest = bytes.slice(at)
    const rows = this.#row - before
    if (rows === 0) return undefined
    const made = this.#columns.map(([name, type], i) => [name, columnOf(type, fields[i]!)] as const)
    return new Rows(Object.fromEntries(made), rows)
  }

  #header(bytes: Uint8Array): number {
    if (this.#begun) return 0
    if (!SIGNATURE.every((byte, i) => i >= bytes.length || bytes[i] === byte)) {
      const hint = 'COPY … TO STDOUT (FORMAT binary)'
      fail('ERR_FORMAT', 'fromPostgresCopy', 'bytes of COPY in binary format', { text: 'others' }, hint)
    }
    if (bytes.length < HEADER) return 0
    this.#begun = true
    const extension = new DataView(bytes.buffer, bytes.byteOffset).getUint32(SIGNATURE.length + 4)
    return HEADER + extension
  }

  /** Reads a row; where it ends, or nothing where it is not all there. */
  #tuple(view: DataView, from: number, fields: unknown[][]): number | undefined {
    if (!this.#begun || from + 2 > view.byteLength) return undefined
    const count = view.getInt16(from)
    if (count === -1) {
      this.#ended = true
      return from + 2
    }
    if (count !== this.#columns.length)
      fail('ERR_DATA', `fromPostgresCopy row ${this.#row}`, `${this.#columns.length} columns, as the schema has`, count)
    const places: number[] = []
    let at = from + 2
    for (let i = 0; i < count; i++) {
      if (at + 4 > view.byteLength) return undefined
      places.push(at)
      at += 4 + Math.max(0, view.getInt32(at))
      if (at > view.byteLength) return undefined
    }
    places.forEach((place, i) => void fields[i]!.push(this.#field(view, place, i)))
    this.#row += 1
    return at
  }

  #field(view: DataView, place: number, column: number): unknown {
    const [name, type] = this.#columns[column]!
    const length = view.getInt32(place)
    const where = (): string => `fromPostgresCopy row ${this.#row}, column ${name}`
    if (length < 0) return missing(type, where)
    const width = WIDTHS[type]
    if (width !== undefined && width !== length)
      fail('ERR_DATA', where(), `${type}: ${width} bytes`, length, `Cast it in the query: ${name}::${type}`)
    return fieldOf(type, view, place + 4, length, where)
  }

  /** Refuses a stream that ended early. */
  finish(): void {
    if (!this.#ended)
      fail('ERR_DATA', 'fromPostgresCopy', 'a stream up to its end', {
        text: `one that broke off behind row ${this.#row}`,
      })
  }
}

const WIDTHS: Readonly<Partial<Record<PostgresType, number>>> = {
  float4: 4,
  float8: 8,
  int2: 2,
  int4: 4,
  int8: 8,
  bool: 1,
  date: 4,
  timestamp: 8,
}

/** 2000-01-01 UTC, from which PostgreSQL counts. */
const EPOCH = 946_684_800_000

const decoder = new TextDecoder('utf-8', { fatal: true })

function fieldOf(type: PostgresType, view: DataView, at: number, length: number, where: () => string): unknown {
  switch (type) {
    case 'float4':
      return view.getFloat32(at)
    case 'float8':
      return view.getFloat64(at)
    case 'int2':
      return view.getInt16(at)
    case 'int4':
      return view.getInt32(at)
    case 'int8':
      return exact(where(), [view.getBigInt64(at)])[0]
    case 'bool':
      return view.getUint8(at)
    case 'text':
      return textOf(new Uint8Array(view.buffer, view.byteOffset + at, length), where)
    case 'date':
      return dateOf(EPOCH + view.getInt32(at) * 86_400_000, where)
    case 'timestamp':
      return dateOf(EPOCH + Number(view.getBigInt64(at)) / 1000, where)
  }
}

function textOf(bytes: Uint8Array, where: () => string): string {
  try {
    return decoder.decode(bytes)
  } catch {
    return fail('ERR_DATA', where(), 'text in UTF-8', { text: 'other bytes' }, 'Cast it in the query, ::text')
  }
}

function missing(type: PostgresType, where: () => string): unknown {
  if (type === 'text') return ''
  if (type === 'float4' || type === 'float8' || type === 'date' || type === 'timestamp') return Number.NaN
  return fail(
    'ERR_DATA',
    where(),
    `${type}`,
    { text: 'NULL' },
    'Cast it in the query, ::float4, or fill it with COALESCE',
  )
}

function columnOf(type: PostgresType, values: readonly unknown[]): Column {
  const numbers = values as readonly number[]
  if (type === 'text') return new ListColumn(values)
  if (type === 'bool') return new NumberColumn(Uint8Array.from(numbers), [], 'bool')
  if (type === 'float4') return new NumberColumn(Float32Array.from(numbers))
  if (type === 'int2' || type === 'int4') return new NumberColumn(Int32Array.from(numbers))
  return new NumberColumn(Float64Array.from(numbers))
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const out = new Uint8Array(first.length + second.length)
  out.set(first)
  out.set(second, first.length)
  return out
}

/** Results of DuckDB, chunk by chunk. */

import { fail } from '../../errors.js'
import { exact } from '../arrays.js'
import { type Chunk, Rows } from '../chunk.js'
import { type Column, ListColumn, NumberColumn } from '../column.js'
import { Dataset } from '../dataset.js'
import { dropped } from '../flow.js'
import type { AnyRow } from '../schema.js'
import { spend } from '../source.js'
import { stageError } from '../stage-error.js'
import { truths } from './missing.js'

/** What is used of a connection of `@duckdb/node-api`. */
export interface DuckDBConnection {
  stream(sql: string): Promise<DuckDBResult>
}

/** What is used of a prepared statement, whose parameters are bound. */
export interface DuckDBPrepared {
  stream(): Promise<DuckDBResult>
}

/** What is used of a result. */
export interface DuckDBResult {
  columnNames(): readonly string[]
  columnTypes(): readonly unknown[]
  fetchChunk(): Promise<DuckDBChunk | null>
}

/** Some thousand rows. */
export interface DuckDBChunk {
  readonly rowCount: number
  getColumnValues(column: number): readonly unknown[]
}

/**
 * The rows of a query of DuckDB, or of a prepared statement with its parameters, which each pass runs again: an order that matters has
 * to be in it (`ORDER BY`). A result that is there already can be gone through once. Chunks are
 * fetched as they are used, so that the result may be larger than memory. FLOAT becomes float32, TINYINT to INTEGER int32, other
 * numbers float64; whole numbers that may be missing are to be cast to FLOAT or DOUBLE, whose missing values are NaN. Missing text is
 * the empty text; DATE and TIMESTAMP are milliseconds since 1970 UTC.
 *
 * @throws `ERR_DATA` for nested types, missing truth values and whole numbers, and integers beyond 2⁵³, by column.
 *
 * @example
 * ```ts
 * import { fromDuckDB } from 'ferrograd/data'
 * import type { DuckDBConnection } from 'ferrograd/data'
 *
 * declare const connection: DuckDBConnection // await (await DuckDBInstance.create('shop.db')).connect()
 * const rows = fromDuckDB<{ age: number; city: string }>(connection, 'SELECT age::FLOAT AS age, city FROM customers ORDER BY id')
 * for await (const { age, city } of rows.take(3)) console.log(age, city)
 * ```
 */
export function fromDuckDB<T = AnyRow>(connection: DuckDBConnection, sql: string): Dataset<T>
export function fromDuckDB<T = AnyRow>(query: DuckDBPrepared | DuckDBResult): Dataset<T>
export function fromDuckDB<T = AnyRow>(
  from: DuckDBConnection | DuckDBPrepared | DuckDBResult,
  ...rest: readonly [sql?: string]
): Dataset<T> {
  const ask = asking(from, rest)
  return Dataset.of<T>('fromDuckDB', {
    identity: () => ({ sql: rest[0] ?? null }),
    isWide: true,
    open: (_, skip) => (skip === 0 ? chunksOf<T>(ask) : dropped(chunksOf<T>(ask), skip)),
  })
}

type Ask = () => Promise<DuckDBResult> | DuckDBResult

/** What gives the result of a pass. */
function asking(from: DuckDBConnection | DuckDBPrepared | DuckDBResult, rest: readonly unknown[]): Ask {
  if (rest.length === 0 && typeof (from as Partial<DuckDBResult> | null)?.fetchChunk === 'function') {
    const result = from as DuckDBResult
    return () => {
      spend(result)
      return result
    }
  }
  const { stream, prepare } = (from ?? {}) as { stream?: unknown; prepare?: unknown }
  if (typeof stream !== 'function')
    fail('ERR_CONFIG', 'fromDuckDB.connection', 'a connection of @duckdb/node-api', from)
  if (rest.length === 0 && prepare === undefined) return () => (from as DuckDBPrepared).stream()
  const [sql] = rest
  if (typeof sql !== 'string') fail('ERR_CONFIG', 'fromDuckDB.sql', 'a query', sql)
  return () => (from as DuckDBConnection).stream(sql)
}

async function* chunksOf<T>(ask: Ask): AsyncGenerator<Chunk<T>> {
  const result = await told(ask)
  const names = result.columnNames()
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) fail('ERR_DATA', 'fromDuckDB', 'names of columns that differ', twice, 'SELECT … AS another')
  const types = result.columnTypes().map(String)
  for (;;) {
    const chunk = await told(() => result.fetchChunk())
    if (chunk === null || chunk.rowCount === 0) return
    const columns = names.map((name, i) => {
      const where = `fromDuckDB column ${name}`
      return [name, columnOf(where, types[i]!, chunk.getColumnValues(i), chunk.rowCount)] as const
    })
    yield new Rows<T>(Object.fromEntries(columns), chunk.rowCount)
  }
}

/** The mistake in a query is that of whoever wrote it. */
async function told<R>(work: () => R | Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (cause) {
    throw stageError('fromDuckDB', cause)
  }
}

const WHOLE = /^U?(TINYINT|SMALLINT|INTEGER)$/
const WIDE = /^(U?BIGINT|U?HUGEINT)$/

function columnOf(where: string, type: string, values: readonly unknown[], rows: number): Column {
  if (type === 'BOOLEAN') return truths(where, rows, (row) => values[row])
  if (type === 'VARCHAR' || type.startsWith('ENUM')) return new ListColumn(values.map((value) => value ?? ''))
  if (type === 'FLOAT')
    return new NumberColumn(Float32Array.from(values, (value) => (value as number | null) ?? Number.NaN))
  if (type === 'DOUBLE')
    return new NumberColumn(Float64Array.from(values, (value) => (value as number | null) ?? Number.NaN))
  if (WIDE.test(type)) return new NumberColumn(exact(where, present(where, type, values) as readonly bigint[]))
  if (WHOLE.test(type)) return new NumberColumn(wholeNumbers(type, present(where, type, values) as readonly number[]))
  if (/^DATE$|^TIMESTAMP/.test(type))
    return new NumberColumn(Float64Array.from(values, (value) => milliseconds(where, value)))
  return fail(
    'ERR_DATA',
    where,
    'numbers, truth values, dates or text',
    { text: type },
    `SELECT …::DOUBLE, or …::VARCHAR`,
  )
}

function wholeNumbers(type: string, values: readonly number[]): Int32Array | Float64Array {
  return type === 'UINTEGER' ? Float64Array.from(values) : Int32Array.from(values)
}

function present(where: string, type: string, values: readonly unknown[]): readonly unknown[] {
  const missing = values.indexOf(null)
  if (missing >= 0)
    fail(
      'ERR_DATA',
      `${where} row ${missing} of a chunk`,
      'a whole number',
      { text: `NULL of ${type}` },
      'SELECT …::DOUBLE',
    )
  return values
}

/** Days, or micro-, milli- or nanoseconds or seconds since 1970. */
function milliseconds(where: string, value: unknown): number {
  if (value === null) return Number.NaN
  const given = sinceEpoch(value)
  // Beyond what a Date holds: DuckDB's infinity.
  return Math.abs(given) <= LATEST ? given : fail('ERR_DATA', where, 'a date', { text: 'infinity' })
}

/** The last moment of a `Date`. */
const LATEST = 8.64e15

function sinceEpoch(value: unknown): number {
  const { days, micros, millis, nanos, seconds } = value as Readonly<Record<string, bigint | number | undefined>>
  if (days !== undefined) return Number(days) * 86_400_000
  if (micros !== undefined) return Number(micros) / 1000
  if (millis !== undefined) return Number(millis)
  if (nanos !== undefined) return Number(nanos) / 1e6
  return Number(seconds) * 1000
}

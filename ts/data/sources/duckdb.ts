/** Results of DuckDB, chunk by chunk. */

import { fail } from '../../errors.js'
import { type Chunk, Rows } from '../chunk.js'
import type { Column } from '../column.js'
import { Dataset } from '../dataset.js'
import { dropped } from '../flow.js'
import type { AnyRow } from '../schema.js'
import { spend } from '../source.js'
import { stageError } from '../stage-error.js'
import { columnOfValues } from './duckdb-values.js'
import { columnOfVector } from './duckdb-vector.js'

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
  /** The memory that the values lie in; read where it is as expected. */
  getColumnVector?(column: number): unknown
}

/**
 * The rows of a query of DuckDB, or of a prepared statement with its parameters, which each pass runs again: an order that matters has
 * to be in it (`ORDER BY`). A result that is there already can be gone through once. Chunks are
 * fetched as they are used, one ahead, so that the result may be larger than memory. FLOAT becomes float32, TINYINT to INTEGER int32, other
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
  for await (const chunk of fetched(result)) {
    const columns = names.map((name, i) => {
      const where = `fromDuckDB column ${name}`
      return [name, columnOf(where, types[i]!, chunk, i)] as const
    })
    yield new Rows<T>(Object.fromEntries(columns), chunk.rowCount)
  }
}

/** The chunks of a result: the next is fetched, by a thread of the library, while one is used. */
async function* fetched(result: DuckDBResult): AsyncGenerator<DuckDBChunk> {
  const fetch = (): Promise<DuckDBChunk | null> => told(() => result.fetchChunk())
  let next = fetch()
  try {
    for (let chunk = await next; chunk !== null && chunk.rowCount > 0; chunk = await next) {
      next = fetch()
      // Whoever comes for it is told; nobody may.
      next.catch(() => undefined)
      yield chunk
    }
  } finally {
    // Whoever leaves may close the connection.
    await next.catch(() => undefined)
  }
}

function columnOf(where: string, type: string, chunk: DuckDBChunk, column: number): Column {
  return (
    columnOfVector(where, type, chunk.getColumnVector?.(column), chunk.rowCount) ??
    columnOfValues(where, type, chunk.getColumnValues(column))
  )
}

/** The mistake in a query is that of whoever wrote it. */
async function told<R>(work: () => R | Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (cause) {
    throw stageError('fromDuckDB', cause)
  }
}

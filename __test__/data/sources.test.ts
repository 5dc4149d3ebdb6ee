import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Sequential } from 'ferrograd'
import {
  type ArrowTable,
  Dataset,
  type DuckDBConnection,
  type DuckDBResult,
  fromArrow,
  fromDuckDB,
  fromParquet,
  fromPolars,
  fromPostgresCopy,
  type Hyparquet,
  type PolarsFrame,
} from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encode } from '../../ts/saving/archive.js'
import { type Postgres, postgresPrograms, startPostgres } from './postgres.js'

// The real libraries, where `npm ci --ignore-scripts --prefix __test__/data/libraries` has installed them.
const require = createRequire(new URL('./libraries/package.json', import.meta.url))
const found = new Map<string, unknown>()
for (const name of [
  'apache-arrow',
  'nodejs-polars',
  '@duckdb/node-api',
  'hyparquet',
  'pg',
  'pg-copy-streams',
  'pg-query-stream',
])
  try {
    found.set(name, await import(pathToFileURL(require.resolve(name)).href))
  } catch (error) {
    console.warn(`Without ${name}, whose tests are skipped: ${(error as Error).message.split('\n')[0]}`)
  }
const library = <L>(name: string): L => found.get(name) as L
const withLibrary = (...names: string[]) => describe.skipIf(!names.every((name) => found.has(name)))

const folder = mkdtempSync(join(tmpdir(), 'ferrograd-sources-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const trained = async (data: Dataset<unknown>): Promise<number> => {
  const model = new Sequential([new Dense({ units: 1 })])
  model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'mse' })
  const { history } = await model.fit(data as Dataset<{ x: Float32Array; y: Float32Array }>, { epochs: 8, verbose: 0 })
  return history.loss!.at(-1)!
}

describe('files of arrays', () => {
  const x = { dtype: 'float32', shape: [3, 2], values: Float32Array.of(1, 2, 3, 4, 5, 6) } as const
  const y = { dtype: 'int64', shape: [3], values: BigInt64Array.of(7n, -8n, 9n) } as const
  const half = { dtype: 'float16', shape: [3], values: Uint16Array.of(0x3c00, 0xc000, 0x0001) } as const
  const brain = { dtype: 'bfloat16', shape: [3], values: Uint16Array.of(0x3f80, 0xc000, 0x7f80) } as const
  const arrays = new Map<string, typeof x | typeof y>([
    ['x', x],
    ['y', y],
  ])
  const wanted = [
    { x: { values: Float32Array.of(1, 2), shape: [2] }, y: 7 },
    { x: { values: Float32Array.of(3, 4), shape: [2] }, y: -8 },
    { x: { values: Float32Array.of(5, 6), shape: [2] }, y: 9 },
  ]

  test('npz and safetensors by the names inside', async () => {
    for (const format of ['npz', 'safetensors'] as const) {
      const data = await Dataset.arrays(file(`a.${format}`, encode(format, arrays, format === 'npz' ? '' : '{}')))
      expect(data.count).toBe(3)
      expect(await data.toArray()).toEqual(wanted)
    }
  })

  test('npy and IDX, a file for each column, packed or not', async () => {
    const data = await Dataset.arrays({
      x: file('x.npy.gz', gzipSync(encode('npy', new Map([['', x]])))),
      // Two zeros, the type (unsigned bytes), the number of axes, their lengths, the elements.
      y: file('y-idx1-ubyte', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3)),
    })
    expect((await data.toArray()).map(({ y }) => y)).toEqual([1, 2, 3])
    expect((await data.shuffle({ seed: 1 }).batch(3).toArray())[0]!.x).toMatchObject({ shape: [3, 2] })
  })

  test('half precision becomes float32', async () => {
    const path = file(
      'h.safetensors',
      encode(
        'safetensors',
        new Map<string, typeof half | typeof brain>([
          ['h', half],
          ['b', brain],
        ]),
        '{}',
      ),
    )
    const rows = await (await Dataset.arrays<{ h: number; b: number }>(path)).toArray()
    expect(rows.map(({ h }) => h)).toEqual([1, -2, 2 ** -24])
    expect(rows.map(({ b }) => b)).toEqual([1, -2, Number.POSITIVE_INFINITY])
  })

  test.each([
    [() => Dataset.arrays('a.bin'), /Dataset\.arrays: expected a path that ends in \.npy/],
    [() => Dataset.arrays(join(folder, 'missing.npy')), /missing\.npy: ENOENT/],
    [() => Dataset.arrays(file('bad.npz', Uint8Array.of(1, 2, 3))), /bad\.npz: /],
    [
      () => Dataset.arrays({ x: file('two.npz', encode('npz', arrays)) }),
      /arrays\.x: expected a file of one array, got 2/,
    ],
    [
      () =>
        Dataset.arrays(
          file(
            'big.npy',
            encode('npy', new Map([['', { dtype: 'int64', shape: [2], values: BigInt64Array.of(1n, 2n ** 60n) }]])),
          ),
        ),
      /big\.npy array row 1: expected a whole number within 2⁵³, got 1152921504606846976/,
    ],
    [
      () =>
        Dataset.arrays({
          a: file('a3.npy', encode('npy', new Map([['', x]]))),
          b: file(
            'b2.npy',
            encode('npy', new Map([['', { dtype: 'float32', shape: [2], values: Float32Array.of(1, 2) }]])),
          ),
        }),
      /arrays\.b: expected 3 samples, as a has, got 2/,
    ],
  ])('refuses %#', async (made, message) => {
    await expect(made()).rejects.toThrow(message)
  })
})

interface Arrow {
  tableFromArrays(arrays: object): ArrowTable
  tableToIPC(table: ArrowTable): Uint8Array
  tableFromIPC(bytes: Uint8Array): ArrowTable
  vectorFromArray(values: readonly unknown[], type: unknown): unknown
  Table: new (columns: object) => ArrowTable & { concat(other: ArrowTable): ArrowTable }
  Utf8: new () => unknown
  Int32: new () => unknown
  Int64: new () => unknown
  Float32: new () => unknown
  Bool: new () => unknown
  DateMillisecond: new () => unknown
  TimestampMicrosecond: new () => unknown
  Decimal: new (precision: number, scale: number, width: number) => unknown
  FixedSizeList: new (size: number, field: unknown) => unknown
  Field: { new: (name: string, type: unknown) => unknown }
  RecordBatchReader: { from(bytes: Uint8Array): Iterable<ArrowTable> }
}

withLibrary('apache-arrow')('apache-arrow', () => {
  const arrow = library<Arrow>('apache-arrow')
  const table = (): ArrowTable & { concat(other: ArrowTable): ArrowTable } =>
    new arrow.Table({
      f: arrow.vectorFromArray([1.5, null, 3], new arrow.Float32()),
      i: arrow.vectorFromArray([1, 2, 3], new arrow.Int32()),
      n: arrow.vectorFromArray([1, null, 3], new arrow.Int32()),
      w: arrow.vectorFromArray([1n, -2n, 3n], new arrow.Int64()),
      t: arrow.vectorFromArray(['a', null, 'c'], new arrow.Utf8()),
      b: arrow.vectorFromArray([true, false, true], new arrow.Bool()),
      d: arrow.vectorFromArray([new Date(0), null, new Date(86_400_000)], new arrow.DateMillisecond()),
      s: arrow.vectorFromArray([new Date(1000), new Date(0), new Date(5)], new arrow.TimestampMicrosecond()),
      l: arrow.vectorFromArray(
        [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)],
        new arrow.FixedSizeList(2, arrow.Field.new('item', new arrow.Float32())),
      ),
    })
  const wanted = (k: number) => ({
    f: [1.5, Number.NaN, 3][k],
    i: k + 1,
    n: [1, Number.NaN, 3][k],
    w: [1, -2, 3][k],
    t: ['a', '', 'c'][k],
    b: k !== 1,
    d: [0, Number.NaN, 86_400_000][k],
    s: [1000, 0, 5][k],
    l: { values: Float32Array.of(2 * k + 1, 2 * k + 2), shape: [2] },
  })

  test('a table, its parts, its bytes, and a reader of batches at each pass', async () => {
    expect(await (await fromArrow(table())).toArray()).toEqual([0, 1, 2].map(wanted))
    const joined = await fromArrow(table().concat(table()))
    expect(joined.count).toBe(6)
    expect(await joined.toArray()).toEqual([0, 1, 2, 0, 1, 2].map(wanted))
    const bytes = arrow.tableToIPC(table().concat(table()))
    expect(await (await fromArrow(arrow.tableFromIPC(bytes))).toArray()).toEqual([0, 1, 2, 0, 1, 2].map(wanted))
    const stream = await fromArrow<{ i: number }>(() => arrow.RecordBatchReader.from(bytes))
    expect((await stream.skip(4).toArray()).map(({ i }) => i)).toEqual([2, 3])
    expect(await stream.toArray()).toHaveLength(6)
  })

  test('columns lie where they lay, and train', async () => {
    const values = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i))
    const data = await fromArrow<{ a: number; b: number }>(arrow.tableFromArrays({ a: values, b: values }))
    values[0] = 7
    expect((await data.take(1).toArray())[0]!.a).toBe(Math.fround(7))
    expect(await trained(data.inputsAndTarget(['a'], 'b').batch(32))).toBeLessThan(0.01)
  })

  test.each([
    [
      { c: () => [arrow.vectorFromArray([Uint32Array.of(1, 0, 0, 0)], new arrow.Decimal(2, 10, 128))] },
      /fromArrow column c: expected numbers, truth values, dates or text, got Decimal/,
    ],
    [
      { c: () => [arrow.vectorFromArray([2n ** 60n], new arrow.Int64())] },
      /column c row 0: expected a whole number within 2⁵³/,
    ],
    [
      { c: () => [arrow.vectorFromArray([true, null], new arrow.Bool())] },
      /column c row 1: expected true or false, got null/,
    ],
  ])('refuses %#', async ({ c }, message) => {
    await expect(fromArrow(new arrow.Table({ c: c()[0] }))).rejects.toThrow(message)
  })
})

test('what is no Arrow is refused', async () => {
  await expect(fromArrow(5 as never)).rejects.toThrow(/fromArrow: expected a table or record batch of apache-arrow/)
})

withLibrary('nodejs-polars')('nodejs-polars', () => {
  interface Polars {
    DataFrame(columns: object): PolarsFrame
    Series(name: string, values: readonly unknown[], dtype?: unknown): unknown
    Float32: unknown
    Int32: unknown
  }
  const pl = library<{ default: Polars }>('nodejs-polars')?.default

  test('a frame', async () => {
    const frame = pl.DataFrame({
      f: pl.Series('f', [1.5, null, 3], pl.Float32),
      i: pl.Series('i', [1, 2, 3], pl.Int32),
      t: ['a', null, 'c'],
      b: [true, false, true],
      d: [new Date(0), new Date(1000), new Date(86_400_000)],
    })
    const data = fromPolars(frame)
    expect(data.count).toBe(3)
    expect(await data.toArray()).toEqual([
      { f: 1.5, i: 1, t: 'a', b: true, d: 0 },
      { f: Number.NaN, i: 2, t: '', b: false, d: 1000 },
      { f: 3, i: 3, t: 'c', b: true, d: 86_400_000 },
    ])
    const [batch] = await data.select('f', 'i').batch(3).toArray()
    expect(batch!.f).toEqual({ values: Float32Array.of(1.5, Number.NaN, 3), shape: [3] })
    expect(batch!.i).toEqual({ values: Int32Array.of(1, 2, 3), shape: [3] })
    expect(() => fromPolars(pl.DataFrame({ l: [[1], [2]] }))).toThrow(
      /fromPolars column l row 0: expected a number, text, a truth value or a date/,
    )
  })
})

withLibrary('@duckdb/node-api')('DuckDB', () => {
  interface DuckDB {
    DuckDBInstance: { create(path: string): Promise<{ connect(): Promise<DuckDBConnection>; closeSync(): void }> }
  }
  let connection: DuckDBConnection & { closeSync(): void }
  beforeAll(async () => {
    const { DuckDBInstance } = library<DuckDB>('@duckdb/node-api')
    connection = (await (await DuckDBInstance.create(':memory:')).connect()) as typeof connection
  })
  afterAll(() => connection?.closeSync())

  test('a query, at each pass, chunk by chunk', async () => {
    const data = fromDuckDB<{ i: number; f: number; t: string }>(
      connection,
      "SELECT i::INTEGER AS i, CASE WHEN i % 3 = 0 THEN NULL ELSE (i / 2)::FLOAT END AS f, 't' || i AS t FROM range(10000) r(i) ORDER BY i",
    )
    for (const _ of [1, 2]) {
      const rows = await data.toArray()
      expect(rows).toHaveLength(10_000)
      expect(rows[4]).toEqual({ i: 4, f: 2, t: 't4' })
      expect(rows[9]).toEqual({ i: 9, f: Number.NaN, t: 't9' })
    }
    expect((await data.skip(9_999).toArray())[0]!.i).toBe(9999)
  })

  test('each type', async () => {
    const sql =
      "SELECT 1::TINYINT AS a, 4294967295::UINTEGER AS u, 9007199254740991::BIGINT AS w, NULL::DOUBLE AS d, true AS b, DATE '1970-01-02' AS day, TIMESTAMP '1970-01-01 00:00:01' AS at, NULL::VARCHAR AS t"
    expect(await fromDuckDB(connection, sql).toArray()).toEqual([
      { a: 1, u: 4_294_967_295, w: Number.MAX_SAFE_INTEGER, d: Number.NaN, b: true, day: 86_400_000, at: 1000, t: '' },
    ])
  })

  test('into a fit', async () => {
    const rows = fromDuckDB<{ x: number; y: number }>(
      connection,
      'SELECT (i / 1000)::FLOAT AS x, (i / 500)::FLOAT AS y FROM range(3000) r(i) ORDER BY hash(i)',
    )
    expect(await trained(rows.inputsAndTarget(['x'], 'y').batch(16))).toBeLessThan(0.01)
  })

  test.each([
    [
      'SELECT NULL::INTEGER AS c',
      /fromDuckDB column c row 0 of a chunk: expected a whole number, got NULL of INTEGER\. SELECT …::DOUBLE/,
    ],
    ['SELECT [1, 2] AS c', /fromDuckDB column c: expected numbers, truth values, dates or text, got INTEGER\[\]/],
    ['SELECT 1.5::DECIMAL(4, 2) AS c', /column c: expected numbers, .*got DECIMAL\(4,2\)\. SELECT …::DOUBLE/],
    ['SELECT 9007199254740993::BIGINT AS c', /expected a whole number within 2⁵³, got 9007199254740993/],
    ['SELECT NULL::BOOLEAN AS c', /column c row 0: expected true or false, got null/],
    ['SELEC 1', /fromDuckDB: .*syntax error/],
    ['SELECT 1 AS c, 2 AS c', /fromDuckDB: expected names of columns that differ, got 'c'\. SELECT … AS another/],
    ["SELECT DATE 'infinity' AS c", /fromDuckDB column c: expected a date, got infinity/],
    ["SELECT TIMESTAMP '-infinity' AS c", /fromDuckDB column c: expected a date, got infinity/],
  ])('refuses %s', async (sql, message) => {
    await expect(fromDuckDB(connection, sql).toArray()).rejects.toThrow(message)
  })
})

describe('what is asked of DuckDB', () => {
  /** Three chunks of a query, as the library gives them. */
  const result = (first = 0): DuckDBResult => {
    let next = 0
    return {
      columnNames: () => ['i'],
      columnTypes: () => ['INTEGER'],
      fetchChunk: async () => {
        if (next === 3) return null
        const values = [first + 2 * next, first + 2 * next++ + 1]
        return { rowCount: 2, getColumnValues: () => values }
      },
    }
  }
  const rows = (...all: number[]) => all.map((i) => ({ i }))

  test('of a prepared statement, with what is bound at each pass', async () => {
    let bound = 0
    const data = fromDuckDB({ stream: async () => result(bound) })
    expect(await data.toArray()).toEqual(rows(0, 1, 2, 3, 4, 5))
    bound = 10
    expect(await data.skip(3).toArray()).toEqual(rows(13, 14, 15))
  })

  test('of a result, once', async () => {
    const data = fromDuckDB<{ i: number }>(result())
    expect(await data.toArray()).toEqual(rows(0, 1, 2, 3, 4, 5))
    await expect(data.toArray()).rejects.toMatchObject({ code: 'ERR_STATE' })
  })

  test('and breaks off', async () => {
    const cause = new Error('the file is gone')
    const torn = { ...result(), fetchChunk: () => Promise.reject(cause) }
    const expected = { code: 'ERR_DATA', message: 'fromDuckDB: the file is gone', cause }
    await expect(fromDuckDB(torn).toArray()).rejects.toMatchObject(expected)
    await expect(fromDuckDB({ stream: () => Promise.reject(cause) }).toArray()).rejects.toMatchObject(expected)
  })

  test('a connection wants a query', () => {
    const connection = { stream: async () => result(), prepare: () => undefined }
    expect(() => fromDuckDB(connection)).toThrow(/fromDuckDB\.sql: expected a query, got undefined/)
  })
})

test('what is no connection is refused', () => {
  expect(() => fromDuckDB(5 as never, 'SELECT 1')).toThrow(
    /fromDuckDB\.connection: expected a connection of @duckdb\/node-api, got 5/,
  )
})

test('of columns that a Parquet file does not have, the nearest is named', async () => {
  const schema = [
    { name: 'root', num_children: 2 },
    { name: 'age', type: 'FLOAT' },
    { name: 'city', type: 'BYTE_ARRAY' },
  ]
  const library = { parquetMetadataAsync: async () => ({ num_rows: 0n, row_groups: [], schema }) } as never
  await expect(
    fromParquet({ byteLength: 0, slice: () => new ArrayBuffer(0) }, { library, columns: ['aeg'] }),
  ).rejects.toThrow("fromParquet.columns: expected a column among age, city, got 'aeg'; did you mean 'age'?")
})

withLibrary('hyparquet', '@duckdb/node-api')('Parquet', () => {
  const path = join(folder, 'rows.parquet')
  const hyparquet = library<Hyparquet>('hyparquet')
  beforeAll(async () => {
    interface DuckDB {
      DuckDBInstance: {
        create(path: string): Promise<{ connect(): Promise<{ run(sql: string): Promise<unknown>; closeSync(): void }> }>
      }
    }
    const connection = await (await library<DuckDB>('@duckdb/node-api').DuckDBInstance.create(':memory:')).connect()
    await connection.run(
      `COPY (SELECT i::INTEGER AS i, (i / 4)::FLOAT AS f, CASE WHEN i % 2 = 0 THEN NULL ELSE i::DOUBLE END AS d, 'c' || (i % 5) AS t, i % 2 = 0 AS b, DATE '1970-01-01' + i::INTEGER % 3 AS day FROM range(9000) r(i)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    )
    await connection.run(`COPY (SELECT [1, 2] AS l) TO '${join(folder, 'nested.parquet')}' (FORMAT parquet)`)
    connection.closeSync()
  })

  test('each column of a row group is decoded once, however small the batches', async () => {
    let calls = 0
    const counting: Hyparquet = {
      ...hyparquet,
      parquetReadObjects(options) {
        calls += 1
        return hyparquet.parquetReadObjects(options)
      },
    }
    const data = await fromParquet(path, { library: counting, columns: ['i', 'f'] })
    const groups = Math.ceil(9000 / 2048)
    for await (const _ of data.batch(10));
    expect(calls).toBe(2 * groups)
    // Groups that are passed over are not read.
    calls = 0
    for await (const _ of data.skip(8193).batch(10));
    expect(calls).toBe(2)
  })

  test('a file, some thousand rows at a time', async () => {
    const data = await fromParquet(path, { library: hyparquet })
    expect(data.count).toBe(9000)
    const rows = await data.toArray()
    expect(rows).toHaveLength(9000)
    expect(rows[5]).toEqual({ i: 5, f: 1.25, d: 5, t: 'c0', b: false, day: 2 * 86_400_000 })
    expect(rows[8998]).toEqual({ i: 8998, f: 2249.5, d: Number.NaN, t: 'c3', b: true, day: 86_400_000 })
    const two = await fromParquet<{ f: number; i: number }>(path, { library: hyparquet, columns: ['f', 'i'] })
    expect(await two.skip(8999).toArray()).toEqual([{ f: 2249.75, i: 8999 }])
    expect((await two.take(1).batch(1).toArray())[0]!.f.values).toBeInstanceOf(Float32Array)
  })

  test.each([
    [
      () => fromParquet(path, { library: hyparquet, columns: ['no'] }),
      /fromParquet\.columns: expected a column among i, f, d, t, b, day, got 'no'/,
    ],
    [() => fromParquet(join(folder, 'no.parquet'), { library: hyparquet }), /no\.parquet: ENOENT/],
    [
      () =>
        fromParquet(file('cut.parquet', Uint8Array.of(80, 65, 82, 49, 1, 2, 3, 4, 5, 6, 7, 8)), { library: hyparquet }),
      /cut\.parquet: /,
    ],
    [
      () => fromParquet(join(folder, 'nested.parquet'), { library: hyparquet }),
      /fromParquet column l: expected a column of one value a row, got a nested one/,
    ],
  ])('refuses %#', async (made, message) => {
    await expect(made()).rejects.toThrow(message)
  })
})

const programs = postgresPrograms()
if (programs === undefined)
  console.warn('Without PostgreSQL, whose tests are skipped: initdb and postgres were not found')

describe.skipIf(programs === undefined || !found.has('pg') || !found.has('pg-copy-streams'))('PostgreSQL', () => {
  interface Client {
    connect(): Promise<void>
    query(query: unknown): AsyncIterable<Uint8Array> & Promise<unknown>
    end(): Promise<void>
  }
  let server: Postgres
  let client: Client
  const open = async (): Promise<Client> => {
    const pg = library<{ default: { Client: new (options: object) => Client } }>('pg').default
    const opened = new pg.Client({ host: server.host, user: server.user, database: 'postgres' })
    await opened.connect()
    return opened
  }
  const copy = (select: string) => {
    const { to } = library<{ to: (sql: string) => unknown }>('pg-copy-streams')
    return async () => {
      const own = await open()
      const stream = own.query(to(`COPY (${select}) TO STDOUT (FORMAT binary)`)) as unknown as Readable
      return stream.once('close', () => void own.end())
    }
  }
  beforeAll(async () => {
    server = await startPostgres(programs!)
    client = await open()
    await client.query(
      "CREATE TABLE t AS SELECT i::int4 AS i, (i::float8 / 4)::float4 AS f, CASE WHEN i % 2 = 0 THEN NULL ELSE i::float8 END AS d, i::int8 AS w, i::int2 AS s, 'Zürich ' || i AS t, i % 2 = 0 AS b, date '2000-01-01' + i AS day, timestamptz '2000-01-01 00:00:00Z' + i * interval '1 second' AS at FROM generate_series(0, 4999) i",
    )
  })
  afterAll(async () => {
    await client?.end()
    server?.stop()
  })

  test('COPY in binary: every type, at each pass', async () => {
    const rows = fromPostgresCopy(copy('SELECT * FROM t ORDER BY i'), {
      i: 'int4',
      f: 'float4',
      d: 'float8',
      w: 'int8',
      s: 'int2',
      t: 'text',
      b: 'bool',
      day: 'date',
      at: 'timestamp',
    })
    for (const _ of [1, 2]) {
      const all = await rows.toArray()
      expect(all).toHaveLength(5000)
      const y2k = Date.UTC(2000, 0, 1)
      expect(all[3]).toEqual({
        i: 3,
        f: 0.75,
        d: 3,
        w: 3,
        s: 3,
        t: 'Zürich 3',
        b: false,
        day: y2k + 3 * 86_400_000,
        at: y2k + 3000,
      })
      expect(all[4998]).toMatchObject({ i: 4998, d: Number.NaN, b: true })
    }
    expect((await rows.skip(4999).toArray())[0]!.i).toBe(4999)
  })

  test('into a fit', async () => {
    const rows = fromPostgresCopy(
      copy('SELECT (f / 1250)::float4 AS f, i / 5000.0::float8 AS i FROM t ORDER BY i % 97, i'),
      {
        f: 'float4',
        i: 'float8',
      },
    )
    expect(await trained(rows.inputsAndTarget(['f'], 'i').batch(50))).toBeLessThan(0.01)
  })

  test('an infinite date', async () => {
    for (const [type, name] of [
      ['date', 'date'],
      ['timestamptz', 'timestamp'],
    ] as const) {
      const rows = fromPostgresCopy(copy(`SELECT 'infinity'::${type} AS at`), { at: name })
      await expect(rows.toArray()).rejects.toThrow('row 0, column at: expected a date, got infinity')
    }
  })

  test('a connection whose rows were left early serves its next query', async () => {
    const rows = fromPostgresCopy(copy('SELECT i, t || repeat(t, 40) AS t FROM t ORDER BY i'), { i: 'int4', t: 'text' })
    expect((await rows.take(3).toArray()).map(({ i }) => i)).toEqual([0, 1, 2])
    for await (const { i } of rows) if (i === 7) break
    expect((await rows.take(1).toArray())[0]!.i).toBe(0)
    expect((await rows.skip(4998).toArray()).map(({ i }) => i)).toEqual([4998, 4999])
  })

  test('bytes in any portions', async () => {
    const blocks: Uint8Array[] = []
    for await (const block of await copy('SELECT i, t FROM t ORDER BY i LIMIT 50')()) blocks.push(block)
    const bytes = Buffer.concat(blocks)
    const portions = (size: number) =>
      fromPostgresCopy(
        async function* () {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
        },
        { i: 'int4', t: 'text' },
      )
    const whole = await portions(bytes.length).toArray()
    for (const size of [1, 3, 20, 64]) expect(await portions(size).toArray()).toEqual(whole)
    const cut = fromPostgresCopy(
      async function* () {
        yield bytes.subarray(0, bytes.length - 30)
      },
      { i: 'int4', t: 'text' },
    )
    await expect(cut.toArray()).rejects.toThrow(
      /expected a stream up to its end, got one that broke off behind row 4\d/,
    )
  })

  test.each([
    [
      () => fromPostgresCopy(copy('SELECT i FROM t'), { i: 'int8' }),
      /fromPostgresCopy row 0, column i: expected int8: 8 bytes, got 4\. Cast it in the query: i::int8/,
    ],
    [() => fromPostgresCopy(copy('SELECT NULL::int4 AS i'), { i: 'int4' }), /row 0, column i: expected int4, got NULL/],
    [
      () => fromPostgresCopy(copy('SELECT i, f FROM t'), { i: 'int4' }),
      /row 0: expected 1 columns, as the schema has, got 2/,
    ],
  ])('refuses %#', async (made, message) => {
    await expect((made() as Dataset<unknown>).toArray()).rejects.toThrow(message)
  })

  test.skipIf(!found.has('pg-query-stream'))('rows of a query stream are rows like any other', async () => {
    const QueryStream = library<{ default: new (sql: string) => unknown }>('pg-query-stream').default
    const data = Dataset.from(
      () =>
        client.query(new QueryStream('SELECT i, t FROM t ORDER BY i')) as unknown as AsyncIterable<{
          i: number
          t: string
        }>,
    )
    expect(await data.take(2).toArray()).toEqual([
      { i: 0, t: 'Zürich 0' },
      { i: 1, t: 'Zürich 1' },
    ])
    const batches = await data.batch(1000).toArray()
    expect(batches.map(({ i }) => i.values.length)).toEqual([1000, 1000, 1000, 1000, 1000])
  })
})

test.each([
  [
    () => fromPostgresCopy(5 as never, { a: 'int4' }),
    /fromPostgresCopy\.open: expected a function that opens a stream, got 5/,
  ],
  [() => fromPostgresCopy(async function* () {}, {}), /fromPostgresCopy\.schema: expected at least one column/],
  [
    () => fromPostgresCopy(async function* () {}, { a: 'numeric' as 'int4' }),
    /schema\.a: expected one of float4, .*, got 'numeric'/,
  ],
])('refuses %#', (made, message) => {
  expect(made).toThrow(message)
})

test('bytes that are not of COPY are refused', async () => {
  const text = fromPostgresCopy(
    async function* () {
      yield new TextEncoder().encode('1\t2\n3\t4\n5\t6\n7\t8\n')
    },
    { a: 'int4' },
  )
  await expect(text.toArray()).rejects.toThrow(
    /fromPostgresCopy: expected bytes of COPY in binary format, got others\. COPY … TO STDOUT/,
  )
})

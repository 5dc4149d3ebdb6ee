import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Sequential } from 'ferrograd'
import {
  type ArrowTable,
  type ByteStream,
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
import type { DuckDBChunk } from '../../ts/data/sources/duckdb.js'
import { columnOfValues } from '../../ts/data/sources/duckdb-values.js'
import { columnOfVector } from '../../ts/data/sources/duckdb-vector.js'
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

describe('bytes from elsewhere', () => {
  const text = `a,t,y\n${Array.from({ length: 4000 }, (_, i) => `${i / 4000},Zürich ${i % 9},${i / 2000}\n`).join('')}`
  const schema = { a: 'float32', t: 'string', y: 'float32' } as const
  const server = createServer((request, response) => {
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 1e6 })
      response.write(text.slice(0, 5000), () => response.destroy())
    } else response.end(request.url === '/packed' ? gzipSync(text) : text)
  })
  let origin = ''
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  })
  afterAll(() => void server.close())
  const body = async (path: string) => (await fetch(origin + path)).body!
  /** As the SDK of S3 gives an object: a `Readable` that can become a web stream, too. */
  const object = async (): Promise<{ Body: Readable & { transformToWebStream(): ReadableStream } }> => {
    const Body = Readable.from([Buffer.from(text.slice(0, 777)), Buffer.from(text.slice(777))], { objectMode: false })
    return { Body: Object.assign(Body, { transformToWebStream: () => Readable.toWeb(Body) as ReadableStream }) }
  }

  const ways: Readonly<Record<string, () => Promise<ByteStream> | ByteStream>> = {
    'the body of fetch': () => body('/plain'),
    'a packed body of fetch': () => body('/packed'),
    'a Blob': () => new Blob([text]).stream(),
    'a web stream of text': () => new Blob([text]).stream().pipeThrough(new TextDecoderStream()),
    'a Readable out of S3': async () => (await object()).Body,
    'a web stream out of S3': async () => (await object()).Body.transformToWebStream(),
  }
  test.each(Object.keys(ways))('%s, again at each pass, into a fit', async (way) => {
    const rows = Dataset.csv(ways[way]!, { schema })
    const all = await rows.toArray()
    expect(all).toHaveLength(4000)
    expect(all[3999]).toEqual({ a: Math.fround(3999 / 4000), t: 'Zürich 3', y: Math.fround(1.9995) })
    expect(await trained(rows.inputsAndTarget(['a'], 'y').batch(32))).toBeLessThan(0.01)
  })

  test('a connection that breaks off is told', async () => {
    const torn = Dataset.csv(() => body('/cut'), { schema })
    await expect(torn.toArray()).rejects.toMatchObject({
      code: 'ERR_IO',
      message: expect.stringMatching(/the stream broke off after \d+ bytes/),
    })
  })
})

type ArrowChild = { getChild(name: string): ArrowChild }
type ArrowTypes = Record<
  | 'Utf8'
  | 'LargeUtf8'
  | 'Int16'
  | 'Int32'
  | 'Int64'
  | 'Uint32'
  | 'Uint64'
  | 'Float16'
  | 'Float32'
  | 'Float64'
  | 'Bool'
  | 'Binary'
  | 'DateDay'
  | 'DateMillisecond'
  | 'TimeMillisecond'
  | 'DurationMillisecond'
  | 'TimestampSecond'
  | 'TimestampMillisecond'
  | 'TimestampMicrosecond'
  | 'TimestampNanosecond',
  new () => unknown
>

interface Arrow extends ArrowTypes {
  tableFromArrays(arrays: object): ArrowTable
  tableToIPC(table: ArrowTable): Uint8Array
  tableFromIPC(bytes: Uint8Array): ArrowTable
  vectorFromArray(values: readonly unknown[], type: unknown): unknown
  Table: new (columns: object) => ArrowTable & ArrowChild & { concat(other: ArrowTable): ArrowTable }
  Decimal: new (precision: number, scale: number, width: number) => unknown
  Dictionary: new (of: unknown, key: unknown) => unknown
  List: new (field: unknown) => unknown
  Struct: new (fields: readonly unknown[]) => unknown
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

  /** The rows of one column. */
  const rowsOf = async (values: readonly unknown[], type: unknown): Promise<unknown[]> => {
    const data = await fromArrow<{ c: unknown }>(new arrow.Table({ c: arrow.vectorFromArray(values, type) }))
    return (await data.toArray()).map(({ c }) => c)
  }
  const of = (type: unknown) => arrow.Field.new('item', type)
  const pairs = (type: unknown) => new arrow.FixedSizeList(2, of(type))
  const { NaN: missing } = Number

  test('dates and timestamps of every unit are milliseconds', async () => {
    const times = [new Date(86_400_000), null]
    for (const Type of [arrow.DateDay, arrow.DateMillisecond, arrow.TimestampSecond, arrow.TimestampMillisecond])
      expect(await rowsOf(times, new Type())).toEqual([86_400_000, missing])
    for (const Type of [arrow.TimestampMicrosecond, arrow.TimestampNanosecond])
      expect(await rowsOf([new Date(1500), new Date(-1)], new Type())).toEqual([1500, -1])
  })

  test('dictionaries are what they stand for', async () => {
    const key = new arrow.Int32()
    expect(await rowsOf(['x', null, 'x', 'y'], new arrow.Dictionary(new arrow.Utf8(), key))).toEqual([
      'x',
      '',
      'x',
      'y',
    ])
    expect(await rowsOf([5, 6, 5], new arrow.Dictionary(new arrow.Int32(), key))).toEqual([5, 6, 5])
    expect(await rowsOf([1.5, null], new arrow.Dictionary(new arrow.Float64(), key))).toEqual([1.5, missing])
  })

  test('whole numbers of any width, and what is missing among them', async () => {
    expect(await rowsOf([2n ** 53n - 1n, null], new arrow.Int64())).toEqual([Number.MAX_SAFE_INTEGER, missing])
    expect(await rowsOf([4_294_967_295, null], new arrow.Uint32())).toEqual([4_294_967_295, missing])
    expect(await rowsOf([1.5, null, -2], new arrow.Float16())).toEqual([1.5, missing, -2])
    expect(await rowsOf(['a', null], new arrow.LargeUtf8())).toEqual(['a', ''])
  })

  test('lists of a fixed size, of numbers of every kind, some of them missing', async () => {
    const given = [
      [1, 2],
      [3, null],
    ]
    const wanted = (Kind: Float32ArrayConstructor | Float64ArrayConstructor, last: number) => [
      { values: Kind.of(1, 2), shape: [2] },
      { values: Kind.of(3, last), shape: [2] },
    ]
    expect(await rowsOf(given, pairs(new arrow.Float32()))).toEqual(wanted(Float32Array, missing))
    expect(await rowsOf(given, pairs(new arrow.Float16()))).toEqual(wanted(Float32Array, missing))
    expect(await rowsOf(given, pairs(new arrow.Int32()))).toEqual(wanted(Float64Array, missing))
    const wide = [
      [1n, 2n],
      [3n, 4n],
    ]
    expect(await rowsOf(wide, pairs(new arrow.Int64()))).toEqual(wanted(Float64Array, 4))
    expect(await rowsOf([[7, -8]], pairs(new arrow.Int16()))).toEqual([{ values: Int16Array.of(7, -8), shape: [2] }])
  })

  test('a struct by its fields, as its error says', async () => {
    const struct = new arrow.Struct([arrow.Field.new('a', new arrow.Int32()), arrow.Field.new('b', new arrow.Utf8())])
    const values = [
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ]
    const nested = new arrow.Table({ c: arrow.vectorFromArray(values, struct) })
    await expect(fromArrow(nested)).rejects.toThrow(
      "got Struct<{a:Int32, b:Utf8}>. Make each field a column: new Table({ field: table.getChild('c').getChild('field') })",
    )
    const field = (name: string) => nested.getChild('c').getChild(name)
    const flat = await fromArrow(new arrow.Table({ a: field('a'), b: field('b') }))
    expect(await flat.toArray()).toEqual(values)
  })

  test.each([
    [[Uint32Array.of(1, 0, 0, 0)], () => new arrow.Decimal(2, 10, 128), /got Decimal.*Cast it to float64, or to text/],
    [
      [[1], [2, 3]],
      () => new arrow.List(of(new arrow.Float32())),
      /got List<Float32>\. Make it a FixedSizeList, or .*padBatch/,
    ],
    [[5, 6], () => new arrow.TimeMillisecond(), /got Time32<MILLISECOND>\. Cast it to int32 or int64 first/],
    [[5n], () => new arrow.DurationMillisecond(), /got Duration<MILLISECOND>\. Cast it to int32 or int64 first/],
    [[Uint8Array.of(1)], () => new arrow.Binary(), /got Binary\. Cast it to float64 or text first/],
    [[2n ** 60n], () => new arrow.Int64(), /column c row 0: expected a whole number within 2⁵³/],
    [[1n, null, -(2n ** 60n)], () => new arrow.Int64(), /column c row 2: expected a whole number within 2⁵³/],
    [[1n, 2n ** 60n], () => new arrow.Uint64(), /column c row 1: expected a whole number within 2⁵³/],
    [[[1n, 2n ** 60n]], () => pairs(new arrow.Int64()), /column c row 0, list row 1: expected a whole number/],
    [[true, null], () => new arrow.Bool(), /column c row 1: expected true or false, got null/],
    [[[1, 2], null], () => pairs(new arrow.Float32()), /column c: expected lists that are all there, got 1 missing/],
    [
      [[true, false]],
      () => pairs(new arrow.Bool()),
      /column c: expected lists of numbers, got FixedSizeList\[2\]<Bool>/,
    ],
    [
      [[new Date(5), new Date(6)]],
      () => pairs(new arrow.DateMillisecond()),
      /expected lists of numbers, got Fixed.*Date64/,
    ],
  ])('refuses %# by column and type', async (values, type, message) => {
    await expect(rowsOf(values, type())).rejects.toThrow(message)
    await expect(rowsOf(values, type())).rejects.toMatchObject({ code: 'ERR_DATA' })
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
    Utf8: unknown
    Bool: unknown
    Int32: unknown
    UInt64: unknown
    Float64: unknown
    Decimal(precision: number, scale: number): unknown
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

  test('columns of which all is missing are of their type', async () => {
    const none = async (type: unknown) => fromPolars(pl.DataFrame({ c: pl.Series('c', [null, null], type) })).toArray()
    expect(await none(pl.Utf8)).toEqual([{ c: '' }, { c: '' }])
    expect(await none(pl.Float32)).toEqual([{ c: Number.NaN }, { c: Number.NaN }])
    await expect(none(pl.Bool)).rejects.toThrow(/fromPolars column c row 0: expected true or false, got null/)
  })

  test('wide integers are exact or refused by row, decimals by column', async () => {
    const wide = (last: bigint) => pl.DataFrame({ w: pl.Series('w', [1n, last], pl.UInt64) })
    expect(await fromPolars(wide(2n ** 53n - 1n)).toArray()).toEqual([{ w: 1 }, { w: Number.MAX_SAFE_INTEGER }])
    expect(() => fromPolars(wide(2n ** 60n))).toThrow(/column w row 1: expected a whole number within 2⁵³/)
    const price = (pl.Series('p', [1.5, 2.5], pl.Float64) as { cast(type: unknown): unknown }).cast(pl.Decimal(10, 2))
    const refused = {
      code: 'ERR_DATA',
      message: expect.stringMatching(/^fromPolars column p: expected numbers.*Decimal/),
    }
    expect(() => fromPolars(pl.DataFrame({ p: price }))).toThrow(expect.objectContaining(refused))
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

  /** A column as the memory of its vectors has it, and as the library has its values. */
  interface Vector {
    readonly itemCount: number
    slice(first: number, count: number): Vector
    toArray(): readonly unknown[]
  }
  interface WithVectors extends DuckDBChunk {
    getColumnVector(column: number): Vector
  }
  const chunksOf = async (sql: string) => {
    const result = await connection.stream(sql)
    const chunks: WithVectors[] = []
    for (let chunk = await result.fetchChunk(); (chunk?.rowCount ?? 0) > 0; chunk = await result.fetchChunk())
      chunks.push(chunk as WithVectors)
    return { names: result.columnNames(), types: result.columnTypes().map(String), chunks }
  }
  // By values and vectors, whole and in slices that begin and end beside the edges of 64 rows; or the errors of both.
  const bothWays = (type: string, chunk: WithVectors, column: number) => {
    const vector = chunk.getColumnVector(column)
    const slices = [0, 1, 63, 64, 65, 1000]
      .filter((first) => first < vector.itemCount)
      .flatMap((first) => [0, 1, 64, vector.itemCount - first].map((count) => [first, count] as const))
      .filter(([first, count]) => first + count <= vector.itemCount)
      .map(([first, count]) => vector.slice(first, count))
    return [vector, ...slices].map((own) => {
      const made = (make: () => unknown): unknown => {
        try {
          return make()
        } catch (error) {
          return (error as Error).message
        }
      }
      return [
        made(() => columnOfVector('c', type, own, own.itemCount)),
        made(() => columnOfValues('c', type, own.toArray())),
      ] as const
    })
  }

  const EACH = {
    TINYINT: 'i % 256 - 128',
    UTINYINT: 'i % 256',
    SMALLINT: 'i * 13 % 65536 - 32768',
    USMALLINT: 'i * 13 % 65536',
    INTEGER: 'i * 2147483 % 4294967296 - 2147483648',
    UINTEGER: 'i * 2147483 % 4294967296',
    BIGINT: '(i - 2500) * 3602879701896 - CASE WHEN i = 0 THEN 991 ELSE 0 END',
    UBIGINT: 'i * 1801439850948',
    FLOAT: "CASE i % 9 WHEN 0 THEN 'inf' WHEN 1 THEN '-0.0' WHEN 2 THEN 'nan' ELSE sqrt(i)::VARCHAR END",
    DOUBLE: "CASE i % 9 WHEN 0 THEN '-inf' WHEN 1 THEN '-0.0' WHEN 2 THEN 'nan' ELSE sqrt(i)::VARCHAR END",
    BOOLEAN: 'i % 3 = 0',
    DATE: "DATE '1969-12-30' + i::INTEGER * 300",
    TIMESTAMP: 'make_timestamp((i - 2500) * 1234567890123)',
    TIMESTAMPTZ: 'make_timestamp((i - 2500) * 1234567890123)',
    TIMESTAMP_S: 'make_timestamp((i - 2500) * 1234567890123)',
    TIMESTAMP_MS: 'make_timestamp((i - 2500) * 1234567890123)',
    TIMESTAMP_NS: 'make_timestamp((i - 2500) * 1234567890123)',
    "ENUM ('', 'Rome', 'Oslo', 'Łódź')": "['', 'Rome', 'Oslo', 'Łódź'][i % 4 + 1]",
    // Of no bytes to many, within twelve and beyond, of ASCII or not, with a mark at the beginning and NUL inside.
    VARCHAR:
      "CASE i % 11 WHEN 0 THEN '' WHEN 1 THEN 'twelve bytes' WHEN 2 THEN 'thirteen byte' WHEN 3 THEN 'é' WHEN 4 THEN 'ééééééé' WHEN 5 THEN chr(65279) || 'a' WHEN 6 THEN 'a' || chr(0) || 'b' WHEN 7 THEN '😀' WHEN 8 THEN chr(127) WHEN 9 THEN repeat('long ', i % 100) ELSE 't' || i END",
  } as const

  /** Nothing is missing, what lies at the edges of 64 rows is, all is. */
  const MISSING = ['false', 'i % 64 IN (0, 63) OR i IN (1, 2047, 2048)', 'true'] as const

  test.each(Object.entries(EACH))('%s, by memory as by values', async (type, value) => {
    const columns = MISSING.map((gone, k) => `CASE WHEN ${gone} THEN NULL ELSE ${value} END::${type} AS c${k}`)
    for (const rows of [1, 64, 65, 5000]) {
      const { chunks, types } = await chunksOf(`SELECT ${columns} FROM range(${rows}) r(i) ORDER BY i`)
      expect(chunks.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(rows)
      for (const chunk of chunks)
        for (const [column, own] of types.entries())
          for (const [byVector, byValues] of bothWays(own, chunk, column)) {
            expect(byVector).toBeDefined()
            expect(byVector).toEqual(byValues)
          }
    }
  })

  test('whole numbers of 64 bits at their edges, by memory as by values', async () => {
    const edges = [0n, 1n, -1n, 2n ** 31n, -(2n ** 31n), 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 1n - 2n ** 53n]
    const beyond = [2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]
    for (const value of [...edges, ...beyond]) {
      const { chunks } = await chunksOf(`SELECT '${value}'::BIGINT AS c`)
      for (const [byVector, byValues] of bothWays('BIGINT', chunks[0]!, 0)) expect(byVector).toEqual(byValues)
    }
    const data = fromDuckDB<{ c: number }>(connection, `SELECT unnest([${edges}]::BIGINT[]) AS c`)
    expect((await data.toArray()).map(({ c }) => c)).toEqual(edges.map(Number))
  })

  test('the memory of a chunk is not kept', async () => {
    const { chunks } = await chunksOf("SELECT 1::DOUBLE AS d, 2::FLOAT AS f, 3::INTEGER AS i, 't' AS t, true AS b")
    const types = ['DOUBLE', 'FLOAT', 'INTEGER', 'VARCHAR', 'BOOLEAN']
    const columns = types.map((type, i) => columnOfVector('c', type, chunks[0]!.getColumnVector(i), 1)!)
    for (const i of types.keys()) {
      const { items, dataView } = chunks[0]!.getColumnVector(i) as { items?: Float64Array; dataView?: DataView }
      items?.fill(7)
      if (dataView !== undefined) new Uint8Array(dataView.buffer, dataView.byteOffset, dataView.byteLength).fill(0)
    }
    expect(columns.map((column) => column.row(0))).toEqual([1, 2, 3, 't', true])
  })

  test('no rows', async () => {
    expect(await fromDuckDB(connection, "SELECT 1 AS a, 't' AS t WHERE false").toArray()).toEqual([])
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

  test('one chunk ahead, which is there before whoever leaves early goes on', async () => {
    const { fetchChunk, ...rest } = result()
    const going = { begun: 0, ended: 0 }
    const slow = async () => {
      going.begun += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
      going.ended += 1
      return fetchChunk()
    }
    for await (const { i } of fromDuckDB<{ i: number }>({ ...rest, fetchChunk: slow })) if (i === 1) break
    expect(going).toEqual({ begun: 2, ended: 2 })
    // None behind the end.
    expect(await fromDuckDB({ ...result(), fetchChunk: slow }).toArray()).toHaveLength(2)
    expect(going).toEqual({ begun: 4, ended: 4 })
  })

  test('and an error that comes ahead is told behind the rows before it, and to nobody who has left', async () => {
    const torn = (): DuckDBResult => {
      const { fetchChunk, ...rest } = result()
      let asked = 0
      return { ...rest, fetchChunk: () => (asked++ === 1 ? Promise.reject(new Error('gone')) : fetchChunk()) }
    }
    const seen: number[] = []
    const reading = async (last: number) => {
      for await (const { i } of fromDuckDB<{ i: number }>(torn())) {
        await new Promise(setImmediate)
        if (seen.push(i) === last) break
      }
    }
    await expect(reading(3)).rejects.toThrow(/fromDuckDB: gone/)
    await reading(4)
    expect(seen).toEqual([0, 1, 0, 1])
  })

  test('and vectors that are otherwise than expected are left to the library', async () => {
    const validity = { data: null, offset: 0 }
    const items = Int32Array.of(8, 9)
    const odd: readonly unknown[] = [
      undefined,
      null,
      5,
      {},
      { items },
      { items, validity: {} },
      { items, validity: { data: [1n], offset: 0 } },
      { items, validity: { data: BigUint64Array.of(3n) } },
      { items, validity: { data: BigUint64Array.of(3n), offset: 63 } },
      { items, validity: { data: BigUint64Array.of(3n), offset: -1 } },
      { items: [8, 9], validity },
      { items: items.subarray(1), validity },
      { items: Float64Array.of(8, 9), validity },
    ]
    for (const vector of odd) {
      const chunk = { rowCount: 2, getColumnValues: () => [1, 2], getColumnVector: () => vector }
      const chunks = [chunk, null]
      const data = fromDuckDB({ ...result(), fetchChunk: async () => chunks.shift() ?? null })
      expect(await data.toArray()).toEqual(rows(1, 2))
    }
    for (const type of ['FLOAT', 'DOUBLE', 'BIGINT', 'BOOLEAN', 'VARCHAR', "ENUM('a')", 'TIMESTAMP', 'DECIMAL(4,2)'])
      expect(columnOfVector('c', type, { items: [8, 9], dataView: {}, type: {}, validity }, 2)).toBeUndefined()
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

test('the runs of a column of Parquet, of whatever kind, are one column', async () => {
  const runs = {
    a: [Int32Array.of(1, 2), Int32Array.of(3)],
    b: [BigInt64Array.of(2n ** 53n - 1n), [null, 7]],
    city: [['Rome', undefined], ['Oslo']],
  }
  const library = {
    parquetMetadataAsync: async () => ({
      num_rows: 3n,
      row_groups: [{ num_rows: 3n }],
      schema: [
        { name: 'root', num_children: 3 },
        { name: 'a', type: 'INT32' },
        { name: 'b', type: 'INT64' },
        { name: 'city', type: 'BYTE_ARRAY' },
      ],
    }),
    async parquetRead({ columns: [name], onChunk }: { columns: ['a' | 'b' | 'city']; onChunk(run: object): void }) {
      for (const columnData of runs[name]) onChunk({ columnData })
    },
  } as never
  const rows = await fromParquet({ byteLength: 0, slice: () => new ArrayBuffer(0) }, { library })
  expect(await rows.toArray()).toEqual([
    { a: 1, b: 2 ** 53 - 1, city: 'Rome' },
    { a: 2, b: Number.NaN, city: '' },
    { a: 3, b: 7, city: 'Oslo' },
  ])
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
    await connection.run(
      `COPY (SELECT CASE WHEN i < 3000 THEN NULL ELSE 't' || i END AS t, CASE WHEN i < 3000 THEN NULL ELSE i END AS n, i < 5 AS b, {'a': [i], 'n': i} AS nested, TIME '12:00:00' AS clock, (i / 8)::DECIMAL(9, 3) AS price FROM range(5000) r(i)) TO '${join(folder, 'missing.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    )
    await connection.run(
      `COPY (SELECT NULL::BOOLEAN AS b, DATE 'infinity' AS day, TIMESTAMP '-infinity' AS at) TO '${join(folder, 'none.parquet')}' (FORMAT parquet)`,
    )
    await connection.run(`COPY (SELECT [1, 2] AS l) TO '${join(folder, 'nested.parquet')}' (FORMAT parquet)`)
    connection.closeSync()
  })

  test('each column of a row group is decoded once, however small the batches', async () => {
    let calls = 0
    const counting: Hyparquet = {
      ...hyparquet,
      parquetRead(options) {
        calls += 1
        return hyparquet.parquetRead(options)
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

  test("row groups of which all is missing are of the column's type, and columns that are not chosen may be of any", async () => {
    const file = join(folder, 'missing.parquet')
    const data = await fromParquet(file, { library: hyparquet, columns: ['t', 'n', 'b', 'price'] })
    const rows = await data.toArray()
    expect(rows[0]).toEqual({ t: '', n: Number.NaN, b: true, price: 0 })
    expect(rows[2999]).toEqual({ t: '', n: Number.NaN, b: false, price: 374.875 })
    expect(rows[3000]).toEqual({ t: 't3000', n: 3000, b: false, price: 375 })
    const [batch] = await data.batch(5000).toArray()
    expect((batch as { t: readonly string[] }).t.slice(2999, 3001)).toEqual(['', 't3000'])
  })

  const reading = async (name: string, ...columns: string[]) =>
    (await fromParquet(join(folder, name), { library: hyparquet, columns })).toArray()

  test.each([
    [
      () => reading('missing.parquet', 'nested'),
      /fromParquet column nested: expected a column of one value a row, got a nested one\. Choose others by columns/,
    ],
    [() => reading('missing.parquet', 'clock'), /column clock: expected numbers, .*, got times of day/],
    [() => reading('missing.parquet', 'a'), /expected a column among t, n, b, nested, clock, price, got 'a'/],
    [() => reading('none.parquet', 'b'), /column b row 0: expected true or false, got null/],
    [() => reading('none.parquet', 'day'), /column day row 0: expected a date, got one beyond all years/],
    [() => reading('none.parquet', 'at'), /column at row 0: expected a date, got one beyond all years/],
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

  const stream = <T>(sql: string): Dataset<T> => {
    const QueryStream = library<{ default: new (sql: string) => unknown }>('pg-query-stream').default
    return Dataset.from(() => client.query(new QueryStream(sql)) as unknown as AsyncIterable<T>)
  }
  const withStreams = test.skipIf(!found.has('pg-query-stream'))
  withStreams('rows of a query stream are rows like any other', async () => {
    const data = stream<{ i: number; t: string }>('SELECT i, t FROM t ORDER BY i')
    expect(await data.take(2).toArray()).toEqual([
      { i: 0, t: 'Zürich 0' },
      { i: 1, t: 'Zürich 1' },
    ])
    const batches = await data.batch(1000).toArray()
    expect(batches.map(({ i }) => i.values.length)).toEqual([1000, 1000, 1000, 1000, 1000])
  })

  withStreams('a query stream into a fit, NULL filled', async () => {
    const sql =
      'SELECT CASE WHEN i % 10 = 0 THEN NULL ELSE f / 1250 END AS f, i / 5000.0::float8 AS i FROM t ORDER BY i % 97, i'
    const rows = stream<{ f: number | null; i: number }>(sql)
    const filled = rows.map(({ f, i }) => ({ f: f ?? i, i }))
    expect(await trained(filled.inputsAndTarget(['f'], 'i').batch(50))).toBeLessThan(0.01)
  })

  withStreams(
    'a query stream that is refused or breaks off is told with its stage, and the connection serves on',
    async () => {
      await expect(stream('SELECT nothing FROM t').toArray()).rejects.toMatchObject({
        code: 'ERR_DATA',
        message: expect.stringMatching(/^Dataset\.from element 0: .*column "nothing" does not exist/),
      })
      const broken = stream<{ q: number }>('SELECT 1 / (3000 - i) AS q FROM t ORDER BY i')
      await expect(broken.toArray()).rejects.toThrow(/^Dataset\.from element \d+: .*division by zero/)
      for await (const { i } of stream<{ i: number }>('SELECT i FROM t ORDER BY i')) if (i === 7) break
      expect(
        (await stream<{ i: number }>('SELECT i FROM t ORDER BY i').skip(4998).toArray()).map(({ i }) => i),
      ).toEqual([4998, 4999])
    },
  )
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

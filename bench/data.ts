/** `npm run bench:data`: what data pipelines cost a training, and how many rows a second come from where, beside others' loaders. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Sequential } from 'ferrograd'
import {
  type ArrowTable,
  type ByteStream,
  Dataset,
  type DuckDBConnection,
  fromArrow,
  fromDuckDB,
  fromParquet,
  fromPolars,
  fromPostgresCopy,
  type Hyparquet,
  type PolarsFrame,
  type ShapedArray,
} from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { postgresPrograms, startPostgres } from '../__test__/data/postgres.js'
import { optional } from '../examples/optional.js'
import { digits, machine, table, writeResults } from './report.js'
import { findPython } from './sides.js'
import { median } from './statistics.js'

const HELP = `npm run bench:data -- [options]

Rows a second through pipelines into a fit, beside the same arrays; of a table of 20 mixed columns, beside Polars, pandas and
tf.data; of rows in memory, beside PyTorch's DataLoader and tf.data. All in turns; medians.

  --rows N        rows of the table (default 1000000)
  --rounds N      turns of each (default 7)
  --only PARTS    of fits, memory, csv, jsonl, parquet, sources, training; separated by commas
  --python PATH   Pythons with the peers, separated by commas; each peer is asked of the first that has it
  --bounded       20,000 rows and 2 turns: that it works, not how fast
  --help
`

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '7' },
    only: { type: 'string' },
    python: { type: 'string' },
    bounded: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const tableRows = options.bounded ? 20_000 : Number(options.rows)
const rounds = options.bounded ? 2 : Number(options.rounds)
const folder = mkdtempSync(join(tmpdir(), 'ferrograd-bench-data-'))

const ROWS = options.bounded ? 4096 : 65_536
const WIDTH = 32
const BATCH = 32

/** What goes over some rows once. */
interface Way {
  readonly name: string
  readonly rows: number
  /** Seconds of a pass; nothing where it cannot be done here. */
  readonly run: () => Promise<number | undefined>
}

/** A figure that the project holds itself to. */
interface Mark {
  readonly what: string
  readonly value: number | undefined
  readonly unit: string
  readonly goal: number
  readonly least: boolean
}

async function main(): Promise<void> {
  console.log(`${machine()}\n`)
  const peers = (options.python?.split(',') ?? [findPython(undefined)]).map(python)
  const only = options.only?.split(',')
  const part = async <R>(name: string, measured: () => Promise<R>): Promise<R | undefined> =>
    only === undefined || only.includes(name) ? await measured() : undefined
  try {
    const path = await writtenTable(tableRows)
    const results = {
      fits: await part('fits', measuredFits),
      memory: await part('memory', () => measuredMemory(peers)),
      csv: await part('csv', () => measuredCsv(peers, path)),
      jsonl: await part('jsonl', () => measuredLines(peers, path)),
      columnar: await part('parquet', () => measuredParquet(peers, path)),
      sources: await part('sources', measuredSources),
      trainings: await part('training', () => measuredTrainings(path)),
    }
    const marks = marksOf(results)
    if (marks.length > 0) console.log(`${table(['mark', 'measured', 'goal', 'met'], marks.map(markLine))}\n`)
    console.log(`written to ${writeResults('data', { ...results, marks })}`)
  } finally {
    for (const peer of peers) peer.end()
  }
}

async function measuredFits(): Promise<Rates> {
  const fits = await inTurns(fitWays())
  shown('Into a fit of 32-16-1 in batches of 32, 65,536 rows of 32 numbers', fits, 'arrays')
  return fits
}

async function measuredMemory(peers: readonly Peer[]): Promise<Rates> {
  const memory = await inTurns([
    ...memoryWays(),
    ...peerWays(peers, ['DataLoader, 0 workers', 'DataLoader, 2 workers', 'tf.data'], { rows: ROWS }),
  ])
  shown('Batches of 32 of the same rows, shuffled, and nothing done with them', memory)
  return memory
}

async function measuredCsv(peers: readonly Peer[], path: string): Promise<Rates> {
  const csv = await inTurns([
    ...csvWays(path),
    ...peerWays(peers, ['Polars read_csv', 'pandas read_csv + DataLoader', 'tf.data CSV'], { path, rows: tableRows }),
  ])
  const size = `${tableRows.toLocaleString('en-US')} rows, 20 mixed columns`
  shown(`A table of ${size}, ${Math.round(statSync(path).size / 1e6)} MB of CSV`, csv)
  return csv
}

async function measuredLines(peers: readonly Peer[], path: string): Promise<Rates> {
  const lines = await writtenLines(path)
  const jsonl = await inTurns([
    ...jsonlWays(lines),
    ...peerWays(peers, ['Polars read_ndjson', 'pandas read_json'], { path: lines, rows: tableRows }),
  ])
  shown(`The same rows as JSON lines, ${Math.round(statSync(lines).size / 1e6)} MB`, jsonl)
  return jsonl
}

async function measuredParquet(peers: readonly Peer[], path: string): Promise<Rates | undefined> {
  const parquet = await writtenParquet(path)
  if (parquet === undefined) return undefined
  const ours = await parquetWays(parquet)
  const columnar = await inTurns([
    ...ours.ways,
    ...peerWays(peers, [...PARQUET_PEERS], { path: parquet, rows: tableRows }),
  ]).finally(ours.close)
  shown(`The same rows as Parquet, ${Math.round(statSync(parquet).size / 1e6)} MB`, columnar)
  return columnar
}

async function measuredSources(): Promise<Rates> {
  const databases = await openDatabases()
  const sources = await inTurns([...sourceWays(), ...databases.ways]).finally(databases.close)
  shown('From other sources, in batches of 32', sources)
  return sources
}

async function measuredTrainings(path: string): Promise<Trainings> {
  const trainings = { smaller: await tableFit(path, [16]), larger: await tableFit(path, [512, 512]) }
  shownTrainings([trainings.smaller, trainings.larger])
  return trainings
}

/** Of a net that reading bounds, and of one that is bound by its steps. */
interface Trainings {
  readonly smaller: TableFit
  readonly larger: TableFit
}

type Rates = Readonly<Record<string, { readonly rate: number; readonly ratios: readonly number[] }>>

/** Millions of rows a second, the medians over turns in which each goes once; and beside the first one, turn by turn. */
async function inTurns(ways: readonly Way[]): Promise<Rates> {
  const seconds = new Map<Way, number[]>()
  for (const way of ways) if ((await way.run()) !== undefined) seconds.set(way, [])
  for (let round = 0; round < rounds; round++)
    for (const way of round % 2 === 0 ? seconds.keys() : [...seconds.keys()].reverse())
      seconds.get(way)!.push((await way.run())!)
  const [first] = seconds.values()
  const entries = [...seconds].map(([{ name, rows }, times]) => {
    const ratios = times.map((time, i) => first![i]! / time)
    return [name, { rate: rows / median(times) / 1e6, ratios }] as const
  })
  return Object.fromEntries(entries)
}

function shown(title: string, rates: Rates, base?: string): void {
  const rows = Object.entries(rates).map(([name, { rate, ratios }]) => [
    name,
    digits(rate),
    ...(base === undefined ? [] : [`${Math.round(median(ratios) * 100)} %`]),
  ])
  console.log(`${title}:\n\n${table(['way', 'M rows/s', ...(base === undefined ? [] : [`of ${base}`])], rows)}\n`)
}

const x = { values: Float32Array.from({ length: ROWS * WIDTH }, (_, i) => Math.sin(i)), shape: [ROWS, WIDTH] }
const y = Float32Array.from({ length: ROWS }, (_, i) => Math.sin(i / 7))

type Xy = { readonly x: ShapedArray; readonly y: ShapedArray }

function fitWays(): Way[] {
  const rows = () => Dataset.fromColumns({ x, y })
  const scaled = ({ x, y }: Xy): Xy => {
    const { values } = x
    for (let i = 0; i < values.length; i++) values[i]! *= 0.5
    return { x, y }
  }
  const through: readonly (readonly [string, () => Dataset<Xy>])[] = [
    ['columns: shuffle, batch, prefetch', () => rows().shuffle({ seed: 1 }).batch(BATCH).prefetch(2)],
    ['and a function of batches', () => rows().shuffle({ seed: 1 }).batch(BATCH).map(scaled).prefetch(2)],
    [
      'and a function of rows',
      () =>
        rows()
          .map((row) => ({ x: row.x, y: row.y * 2 }))
          .shuffle({ seed: 1 })
          .batch(BATCH)
          .prefetch(2),
    ],
  ]
  const arrays = network(WIDTH)
  return [
    { name: 'arrays', rows: ROWS, run: () => timed(() => arrays.fit(x, y, { batchSize: BATCH, verbose: 0 })) },
    ...through.map(([name, made]) => {
      const [model, data] = [network(WIDTH), made()]
      return { name, rows: ROWS, run: () => timed(() => model.fit(data, { verbose: 0 })) }
    }),
    rowsOfColumns(),
  ]
}

/** Rows of four numbers: what a function of rows costs, apart from the arrays in them. */
function rowsOfColumns(): Way {
  const model = network(3)
  const data = Dataset.fromColumns({ a: y, b: y, c: y, d: y })
    .map(({ a, b, c, d }) => ({ a: a * 2, b, c, d }))
    .inputsAndTarget(['a', 'b', 'c'], 'd')
    .shuffle({ seed: 1 })
    .batch(BATCH)
  return {
    name: 'a function of rows of four columns',
    rows: ROWS,
    run: () => timed(() => model.fit(data, { verbose: 0 })),
  }
}

function network(width: number, hidden: readonly number[] = [16]): Sequential {
  const model = new Sequential()
  for (const units of hidden) model.add(new Dense({ units, activation: 'relu' }))
  model.add(new Dense({ units: 1 }))
  model.build([1, width])
  model.compile({ optimizer: 'adam', loss: 'mse' })
  return model
}

async function timed(act: () => unknown): Promise<number> {
  const began = performance.now()
  await act()
  return (performance.now() - began) / 1000
}

/** Seconds to go through all elements. */
function through(data: Dataset<unknown>): Promise<number> {
  return timed(async () => {
    for await (const _ of data);
  })
}

function memoryWays(): Way[] {
  const data = Dataset.fromColumns({ x, y }).shuffle({ seed: 1 }).batch(BATCH)
  return [{ name: 'Dataset', rows: ROWS, run: () => through(data) }]
}

const KINDS = ['float32', 'float32', 'int32', 'string', 'float32'] as const
const schema = Object.fromEntries(Array.from({ length: 20 }, (_, k) => [`c${k}`, KINDS[k % KINDS.length]!]))

/** Floats, whole numbers and text of a thousand values; one float in fifty is missing. */
async function writtenTable(rows: number): Promise<string> {
  const path = join(folder, 'table.csv')
  const file = createWriteStream(path)
  file.write(`${Object.keys(schema).join(',')}\n`)
  for (let first = 0; first < rows; first += 1000) {
    let text = ''
    for (let row = first; row < Math.min(rows, first + 1000); row++) text += `${recordOf(row)}\n`
    if (!file.write(text)) await once(file, 'drain')
  }
  file.end()
  await finished(file)
  return path
}

function recordOf(row: number): string {
  const field = (k: number): string => {
    const number = Math.imul(row * 20 + k, 0x9e3779b1) >>> 0
    if (KINDS[k % KINDS.length] === 'string') return `city ${number % 1000}`
    if (KINDS[k % KINDS.length] === 'int32') return String(number % 100_000)
    return number % 50 === 0 ? '' : ((number / 2 ** 32) * 200 - 100).toFixed(4)
  }
  return Array.from({ length: 20 }, (_, k) => field(k)).join(',')
}

function csvWays(path: string): Way[] {
  const data = Dataset.csv(path, { schema }).batch(1024)
  return [{ name: 'Dataset.csv', rows: tableRows, run: () => through(data) }]
}

/** The rows of a table of CSV, as objects. */
async function writtenLines(table: string): Promise<string> {
  const path = join(folder, 'table.jsonl')
  const file = createWriteStream(path)
  for await (const rows of Dataset.csv(table, { schema }).batch(1000)) {
    const columns = rows as Readonly<Record<string, ShapedArray | readonly string[]>>
    const valueAt = (name: string, i: number): unknown => {
      const column = columns[name]!
      const value = Array.isArray(column) ? (column as readonly string[])[i] : (column as ShapedArray).values[i]
      return typeof value === 'number' ? (Number.isNaN(value) ? null : Number(value.toPrecision(7))) : value
    }
    const names = Object.keys(columns)
    const count = (columns.c3 as readonly string[]).length
    const text = Array.from(
      { length: count },
      (_, i) => `${JSON.stringify(Object.fromEntries(names.map((name) => [name, valueAt(name, i)])))}\n`,
    )
    if (!file.write(text.join(''))) await once(file, 'drain')
  }
  file.end()
  await finished(file)
  return path
}

function jsonlWays(path: string): Way[] {
  const data = Dataset.jsonl(path, { schema }).batch(1024)
  return [{ name: 'Dataset.jsonl', rows: tableRows, run: () => through(data) }]
}

/** The rows of a table of CSV, written by DuckDB where it is installed. */
async function writtenParquet(table: string): Promise<string | undefined> {
  const duckdb = await optional<DuckDB>('@duckdb/node-api')
  if (duckdb === undefined || (await optional('hyparquet')) === undefined) return undefined
  const path = join(folder, 'whole.parquet')
  const connection = await (await duckdb.DuckDBInstance.create(':memory:')).connect()
  await connection.run(`COPY (SELECT * FROM read_csv('${table}')) TO '${path}' (FORMAT parquet, COMPRESSION snappy)`)
  connection.closeSync()
  return path
}

const PARQUET_PEERS = ['Polars read_parquet', 'pandas read_parquet + DataLoader'] as const

/** By hyparquet and by DuckDB: to batches, and the numbers of it into a fit as that of CSV does. */
async function parquetWays(path: string): Promise<Databases> {
  const library = (await optional<Hyparquet>('hyparquet'))!
  const duckdb = (await optional<DuckDB>('@duckdb/node-api'))!
  const connection = await (await duckdb.DuckDBInstance.create(':memory:')).connect()
  const ways: Way[] = []
  const add = (name: string, run: Way['run']): void => void ways.push({ name, rows: tableRows, run })
  const names = Object.keys(schema).filter((name) => schema[name] !== 'string')
  const filled = names.map((name) => `coalesce(${name}, 0) / 100 AS ${name}`)
  const byDuckDB = fromDuckDB(connection, `SELECT * FROM '${path}'`).batch(1024)
  const ready = fromDuckDB(connection, `SELECT ${filled} FROM '${path}'`)
    .inputsAndTarget(names.slice(1) as never[], names[0] as never)
    .batch(256) as Dataset<Xy>
  const byHyparquet = (await fromParquet(path, { library })).batch(1024)
  const model = network(names.length - 1)
  add('fromParquet (hyparquet)', () => through(byHyparquet))
  add('fromDuckDB', () => through(byDuckDB))
  add(`fromDuckDB, filled, into a fit of ${names.length - 1}-16-1`, () => timed(() => model.fit(ready, { verbose: 0 })))
  return { ways, close: async () => connection.closeSync() }
}

function sourceWays(): Way[] {
  const count = options.bounded ? 2000 : 50_000
  const objects = Array.from({ length: count }, (_, i) => ({ a: i, b: Math.sin(i), c: `city ${i % 1000}` }))
  const lines = new TextEncoder().encode(objects.map((row) => JSON.stringify(row)).join('\n'))
  const generated = Dataset.from(async function* () {
    for (const row of objects) yield row
  })
  const ways: readonly (readonly [string, Dataset<unknown>])[] = [
    ['a list of objects', Dataset.from(objects).batch(BATCH)],
    ['an async generator of objects', generated.batch(BATCH)],
    ['JSON lines', Dataset.jsonl(lines).batch(BATCH)],
  ]
  return ways.map(([name, data]) => ({ name, rows: count, run: () => through(data) }))
}

interface Databases {
  readonly ways: readonly Way[]
  readonly close: () => Promise<void>
}

/** Tables of a whole number, a float and a text: of Arrow, DuckDB, Parquet and PostgreSQL, of those that are there. */
async function openDatabases(): Promise<Databases> {
  const count = options.bounded ? 2000 : 200_000
  const ways: Way[] = []
  const closing: (() => unknown)[] = []
  const add = (name: string, data: Dataset<unknown>): void =>
    void ways.push({ name, rows: count, run: () => through(data.batch(BATCH)) })
  const select = (series: string): string =>
    `SELECT CAST(i AS integer) AS a, CAST(sin(i) AS real) AS b, 'city ' || (i % 1000) AS c FROM ${series}`

  const arrow = await optional<{ tableFromArrays(columns: object): ArrowTable }>('apache-arrow')
  if (arrow !== undefined) {
    const a = Int32Array.from({ length: count }, (_, i) => i)
    const c = Array.from(a, (i) => `city ${i % 1000}`)
    add('Arrow, a table', await fromArrow(arrow.tableFromArrays({ a, b: Float32Array.from(a, Math.sin), c })))
  }
  const duckdb = await optional<DuckDB>('@duckdb/node-api')
  if (duckdb !== undefined) {
    const connection = await (await duckdb.DuckDBInstance.create(':memory:')).connect()
    closing.push(() => connection.closeSync())
    await connection.run(`CREATE TABLE t AS ${select(`range(${count}) AS series(i)`)}`)
    add('DuckDB, a query', fromDuckDB(connection, 'SELECT * FROM t'))
    const hyparquet = await optional<Hyparquet>('hyparquet')
    const path = join(folder, 'table.parquet')
    await connection.run(`COPY t TO '${path}' (FORMAT parquet, COMPRESSION snappy)`)
    if (hyparquet !== undefined) add('Parquet, a file', await fromParquet(path, { library: hyparquet }))
  }
  const polars = await optional<{ default: { DataFrame(columns: object): PolarsFrame } }>('nodejs-polars')
  if (polars !== undefined) {
    const a = Array.from({ length: count }, (_, i) => i)
    const frame = polars.default.DataFrame({ a, b: a.map(Math.sin), c: a.map((i) => `city ${i % 1000}`) })
    // The frame is taken whole at the call.
    ways.push({
      name: 'Polars, a data frame',
      rows: count,
      run: () => timed(() => through(fromPolars(frame).batch(BATCH))),
    })
  }
  const pg = await optional<{ default: { Client: new (options: object) => PostgresClient } }>('pg')
  const copies = await optional<{ to(sql: string): unknown }>('pg-copy-streams')
  const programs = postgresPrograms()
  if (pg !== undefined && copies !== undefined && programs !== undefined) {
    const server = await startPostgres(programs)
    const client = new pg.default.Client({ host: server.host, user: server.user, database: 'postgres' })
    await client.connect()
    closing.push(async () => {
      await client.end()
      server.stop()
    })
    await client.query(`CREATE TABLE t AS ${select(`generate_series(0, ${count - 1}) AS series(i)`)}`)
    const copy = () => client.query(copies.to('COPY t TO STDOUT (FORMAT binary)')) as ByteStream
    add('PostgreSQL, COPY in binary', fromPostgresCopy(copy, { a: 'int4', b: 'float4', c: 'text' }))
    const QueryStream = (await optional<QueryStreams>('pg-query-stream'))?.default
    if (QueryStream !== undefined) {
      const query = () => client.query(new QueryStream('SELECT * FROM t')) as AsyncIterable<Row>
      add('PostgreSQL, a query stream', Dataset.from(query))
    }
  }
  return {
    ways,
    async close() {
      for (const close of closing) await close()
    },
  }
}

interface DuckDB {
  readonly DuckDBInstance: { create(path: string): Promise<{ connect(): Promise<Connection> }> }
}

interface Connection extends DuckDBConnection {
  run(sql: string): Promise<unknown>
  closeSync(): void
}

interface QueryStreams {
  readonly default: new (sql: string) => unknown
}

interface Row {
  readonly a: number
  readonly b: number
  readonly c: string
}

interface PostgresClient {
  connect(): Promise<void>
  query(what: unknown): unknown
  end(): Promise<void>
}

interface TableFit {
  /** Units of the layers. */
  readonly net: string
  readonly rate: number
  /** The share of time in which no step ran, for want of data. */
  readonly waited: number
  /** Of the event loop, in milliseconds: 99 of 100 delays are shorter. */
  readonly delay: number
  /** Megabytes that the process grew by. */
  readonly grown: number
}

/** A net over the table's numbers, from the file, in one pass. */
async function tableFit(path: string, hidden: readonly number[]): Promise<TableFit> {
  const names = Object.keys(schema).filter((name) => schema[name] !== 'string')
  const filled = ({ x, y }: Xy): Xy => {
    for (const column of [x, y])
      for (let i = 0, v = column.values; i < v.length; i++) v[i] = Number.isNaN(v[i]!) ? 0 : v[i]! / 100
    return { x, y }
  }
  const data = Dataset.csv(path, { schema })
    .inputsAndTarget(names.slice(1) as never[], names[0] as never)
    .batch(256)
    .map(filled as never) as Dataset<Xy>
  const model = network(names.length - 1, hidden)
  await model.fit(data, { stepsPerEpoch: 10, verbose: 0 })
  const monitor = monitorEventLoopDelay({ resolution: 1 })
  const before = process.memoryUsage.rss()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  monitor.enable()
  const began = performance.now()
  const history = await model.fit(data, { verbose: 0 })
  const seconds = (performance.now() - began) / 1000
  monitor.disable()
  clearInterval(watch)
  const waited = history.data[0]!
  return {
    net: [names.length - 1, ...hidden, 1].join('-'),
    rate: tableRows / seconds / 1e6,
    waited,
    delay: monitor.percentile(99) / 1e6 - 1,
    grown: (most - before) / 1e6,
  }
}

/** What bounds a training is what is at work all the time: reading where steps wait for rows, else the steps. */
function shownTrainings(trainings: readonly TableFit[]): void {
  const rows = trainings.map(({ net, rate, waited, grown, delay }) => [
    net,
    digits(rate),
    `${digits(100 * (1 - waited))} %`,
    waited > 0.1 ? 'reading' : 'steps',
    `${Math.round(grown)} MB`,
    `${digits(delay)} ms`,
  ])
  const head = ['net', 'M rows/s', 'steps run', 'the bound is', 'memory grew by', 'event loop late (p99)']
  console.log(`Fits from that file of CSV, missing values filled, in batches of 256:\n\n${table(head, rows)}\n`)
}

/** What the marks are of; parts that were not asked for are not there. */
interface Results {
  readonly fits: Rates | undefined
  readonly csv: Rates | undefined
  readonly columnar: Rates | undefined
  readonly trainings: Trainings | undefined
}

function marksOf({ fits, csv, columnar, trainings }: Results): Mark[] {
  const least = true
  const ofFits = (measured: Rates): Mark[] => {
    const share = (name: string): number => 100 * median(measured[name]!.ratios)
    const columns = share('columns: shuffle, batch, prefetch')
    const rows = measured['a function of rows of four columns']!.rate
    return [
      { what: 'columns into a fit, of arrays', value: columns, unit: '%', goal: 80, least },
      {
        what: 'a function of batches, of arrays',
        value: share('and a function of batches'),
        unit: '%',
        goal: 50,
        least,
      },
      { what: 'a function of rows', value: rows, unit: 'M rows/s', goal: 1, least },
    ]
  }
  const ofCsv = (measured: Rates): Mark[] => {
    const beside = (name: string): number | undefined => besideOf(measured, 'Dataset.csv', name)
    const loader = beside('pandas read_csv + DataLoader')
    return [
      { what: 'CSV beside Polars', value: beside('Polars read_csv'), unit: '×', goal: 1, least },
      { what: 'CSV beside pandas and a DataLoader', value: loader, unit: '×', goal: 5, least },
    ]
  }
  const ofParquet = (measured: Rates): Mark[] => {
    const [polars, pandas] = PARQUET_PEERS.map((name) => besideOf(measured, 'fromDuckDB', name))
    return [
      { what: 'Parquet, by DuckDB, beside Polars', value: polars, unit: '×', goal: 1, least },
      { what: 'Parquet, by DuckDB, beside pandas and a DataLoader', value: pandas, unit: '×', goal: 5, least },
    ]
  }
  const ofTrainings = ({ smaller, larger }: Trainings): Mark[] => {
    const busy = `steps run while ${larger.net} is trained from a file`
    return [
      { what: busy, value: 100 * (1 - larger.waited), unit: '%', goal: 90, least },
      { what: 'memory that the file takes', value: smaller.grown, unit: 'MB', goal: 300, least: false },
      { what: 'event-loop delay meanwhile, p99', value: smaller.delay, unit: 'ms', goal: 5, least: false },
    ]
  }
  return [
    ...(fits === undefined ? [] : ofFits(fits)),
    ...(csv === undefined ? [] : ofCsv(csv)),
    ...(columnar === undefined ? [] : ofParquet(columnar)),
    ...(trainings === undefined ? [] : ofTrainings(trainings)),
  ]
}

/** How many times the rate of a peer one of ours has, the median over turns; nothing where the peer is not there. */
function besideOf(measured: Rates, name: string, other: string): number | undefined {
  const [own, peer] = [measured[name], measured[other]]
  return own && peer && median(own.ratios.map((ratio, turn) => ratio / peer.ratios[turn]!))
}

function markLine({ what, value, unit, goal, least }: Mark): string[] {
  if (value === undefined) return [what, 'not installed', `${goal} ${unit}`, '–']
  const met = least ? value >= goal : value <= goal
  return [what, `${digits(value)} ${unit}`, `${least ? '≥' : '≤'} ${goal} ${unit}`, met ? 'yes' : 'no']
}

/** A process that goes over rows when it is asked to. */
interface Peer {
  readonly ask: (request: object) => Promise<number | null>
  readonly end: () => void
}

function python(path: string): Peer {
  const script = fileURLToPath(new URL('./peers/data_side.py', import.meta.url))
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', OMP_NUM_THREADS: String(availableParallelism()) }
  const child = spawn(path, [script], { stdio: ['pipe', 'pipe', 'ignore'], env })
  child.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const { value, done } = await lines.next()
      return done === true ? null : (JSON.parse(value) as number | null)
    },
    end: () => child.kill(),
  }
}

/** Each by the first Python that has it. */
function peerWays(
  peers: readonly Peer[],
  names: readonly string[],
  request: { readonly rows: number; readonly path?: string },
): Way[] {
  return names.map((what) => ({
    name: what,
    rows: request.rows,
    async run() {
      for (const peer of peers) {
        const seconds = await peer.ask({
          what,
          width: WIDTH,
          batch: request.path === undefined ? BATCH : 1024,
          ...request,
        })
        if (seconds !== null) return seconds
      }
      return undefined
    },
  }))
}

if (options.help) console.log(HELP)
else
  try {
    await main()
  } finally {
    rmSync(folder, { recursive: true })
  }

/**
 * Who leaves a tip: the rows of a table in DuckDB, and of one in PostgreSQL by COPY and by a query stream, learned from as the database gives
 * them. A database that is not there is passed over; PostgreSQL is looked for where `PGHOST` and the like say.
 */
import type { Readable } from 'node:stream'
import { config, Predictor, Sequential } from 'ferrograd'
import {
  category,
  Dataset,
  type DuckDBConnection,
  features,
  fromDuckDB,
  fromPostgresCopy,
  numeric,
} from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { optional } from '../optional.js'
import { heading } from '../terminal.js'

config.setSeed(1)

interface Trip {
  /** A missing one is NaN, or null in rows as `pg` gives them. */
  readonly distance: number | null
  readonly hour: number
  readonly weather: string
  readonly tip: boolean
}

/** Long trips in the rain are tipped for; one distance in twenty is missing. Both databases understand it. */
const table = (series: string, random: (n: number) => string): string => `
  CREATE TEMP TABLE trips AS
  SELECT i AS id,
    CASE WHEN ${random(1)} < 0.05 THEN NULL ELSE 20 * ${random(2)} END AS distance,
    CAST(floor(24 * ${random(3)}) AS integer) AS hour,
    CASE WHEN ${random(4)} < 0.4 THEN 'rain' WHEN ${random(4)} < 0.9 THEN 'sun' ELSE '' END AS weather,
    20 * ${random(2)} + CASE WHEN ${random(4)} < 0.4 THEN 6 ELSE 0 END > 12 AS tip
  FROM ${series}`

/** A number in [0, 1) for each row and place. */
const random = (n: number): string =>
  `(abs(sin(i * 12.9898 + ${n} * 78.233) * 43758.5453) - floor(abs(sin(i * 12.9898 + ${n} * 78.233) * 43758.5453)))`

/** Learns from the rows but the last 4,000, and says on how many of those it is right. */
async function learned(rows: Dataset<Trip>, count: number): Promise<void> {
  const [train, test] = [rows.take(count - 4000), rows.skip(count - 4000)]
  const space = await features({
    distance: numeric().impute('median').normalize().indicator(),
    hour: numeric().discretize([6, 12, 18]),
    weather: category(),
  }).adapt(train)
  const model = new Sequential([
    new Dense({ units: 16, activation: 'relu', inputShape: [space.width] }),
    new Dense({ units: 1, activation: 'sigmoid' }),
  ])
  model.compile({ optimizer: new Adam({ learningRate: 0.005 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  const prepared = (data: Dataset<Trip>) => data.map(space.inputsAndTarget('tip')).batch(100)
  await model.fit(prepared(train.shuffle({ buffer: 5000, seed: 1 })), { epochs: 4, verbose: 0 })
  const { accuracy } = await model.evaluate(prepared(test))
  console.log(`  right on ${(100 * accuracy!).toFixed(1)} % of 4,000 trips that it has not seen`)
  if (!(accuracy! > 0.93)) throw new Error(`Only ${accuracy} of the trips are told apart`)
  const answers = await new Predictor(space, model).predict([{ distance: null, hour: 9, weather: 'snow' }])
  console.log(
    `  a trip of unknown length in the snow is tipped for with probability ${(await answers.data())[0]!.toFixed(2)}`,
  )
}

const count = 24_000

heading('1. DuckDB: the result of a query, chunk by chunk')
interface DuckDB {
  readonly DuckDBInstance: { create(path: string): Promise<{ connect(): Promise<DuckDBConnection & Closing> }> }
}
interface Closing {
  run(sql: string): Promise<unknown>
  closeSync(): void
}
const duckdb = await optional<DuckDB>('@duckdb/node-api')
if (duckdb !== undefined) {
  const connection = await (await duckdb.DuckDBInstance.create(':memory:')).connect()
  try {
    await connection.run(table(`range(${count}) AS series(i)`, random))
    const sql = 'SELECT distance::FLOAT AS distance, hour, weather, tip FROM trips ORDER BY id'
    await learned(fromDuckDB<Trip>(connection, sql), count)
  } finally {
    connection.closeSync()
  }
}

heading('2. PostgreSQL: COPY in binary, and rows of a query stream')
interface Pg {
  readonly default: { readonly Client: new () => Client }
}
interface Client {
  connect(): Promise<void>
  query(sql: string): Promise<unknown>
  query(stream: Readable): Readable
  end(): Promise<void>
}
const pg = await optional<Pg>('pg')
const copies = await optional<{ readonly to: (sql: string) => Readable }>('pg-copy-streams')
const streams = await optional<{ readonly default: new (sql: string) => Readable }>('pg-query-stream')
if (pg !== undefined && (copies !== undefined || streams !== undefined)) {
  if (process.env.PGHOST === undefined) console.log('  Passed over: PGHOST says of no server.')
  else {
    const client = new pg.default.Client()
    await client.connect()
    try {
      await client.query(table(`generate_series(0, ${count - 1}) AS series(i)`, random))
      const sql = 'SELECT distance::float4, hour, weather, tip FROM trips ORDER BY id'
      if (copies !== undefined) {
        const copy = (): Readable => client.query(copies.to(`COPY (${sql}) TO STDOUT (FORMAT binary)`))
        const schema = { distance: 'float4', hour: 'int4', weather: 'text', tip: 'bool' } as const
        await learned(fromPostgresCopy(copy, schema), count)
      }
      if (streams !== undefined)
        await learned(
          Dataset.from<Trip>(() => client.query(new streams.default(sql))),
          count,
        )
    } finally {
      await client.end()
    }
  }
}

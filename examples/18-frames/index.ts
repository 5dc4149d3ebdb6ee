/**
 * Which flats are let within a week: the same rows as a table of Apache Arrow, as a data frame of Polars and as a file of Parquet, learned
 * from where they lie. A library that is not there is passed over.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, Sequential } from 'ferrograd'
import {
  type ArrowTable,
  category,
  type Dataset,
  features,
  fromArrow,
  fromParquet,
  fromPolars,
  type Hyparquet,
  numeric,
  type PolarsFrame,
} from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { optional } from '../optional.js'
import { heading } from '../terminal.js'

config.setSeed(1)

interface Flat {
  readonly size: number
  readonly rent: number
  readonly district: string
  readonly let: boolean
}

const count = 12_000
const kept = 2000

/** A number in [0, 1) for each row and place. */
function noise(row: number, place: number): number {
  const mixed = Math.imul((row + 1) * 16 + place, 0x9e3779b1)
  return (Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32
}

/** Cheap ones in the centre go first; one size in twenty is missing. */
function columns() {
  const each = <V>(value: (row: number) => V): V[] => Array.from({ length: count }, (_, row) => value(row))
  const size = each((row) => 20 + Math.floor(100 * noise(row, 0)))
  const rent = each((row) => 8 + 12 * noise(row, 1))
  const district = each((row) => ['centre', 'north', 'south'][Math.floor(3 * noise(row, 2))]!)
  return {
    size: size.map((own, row) => (noise(row, 3) < 0.05 ? null : own)),
    rent,
    district,
    let: each((row) => rent[row]! + size[row]! / 20 - (district[row] === 'centre' ? 4 : 0) < 16),
  }
}

/** Learns from the rows but the last ones, and says on how many of those it is right. */
async function learned(rows: Dataset<Flat>): Promise<void> {
  const train = rows.take(count - kept)
  const space = await features({
    size: numeric().impute('median').normalize(),
    rent: numeric().normalize(),
    district: category(),
  }).adapt(train)
  const model = new Sequential([
    new Dense({ units: 16, activation: 'relu', inputShape: [space.width] }),
    new Dense({ units: 1, activation: 'sigmoid' }),
  ])
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  const prepared = (data: Dataset<Flat>) => data.map(space.inputsAndTarget('let')).batch(100)
  await model.fit(prepared(train.shuffle({ buffer: 4000, seed: 1 })), { epochs: 5, verbose: 0 })
  const { accuracy } = await model.evaluate(prepared(rows.skip(count - kept)))
  console.log(`  right on ${(100 * accuracy!).toFixed(1)} % of ${kept} flats that it has not seen`)
  if (!(accuracy! > 0.93)) throw new Error(`Only ${accuracy} of the flats are told apart`)
}

interface Arrow {
  tableFromArrays(columns: object): ArrowTable
}

interface Polars {
  readonly default: { DataFrame(columns: object): PolarsFrame & { writeParquet(path: string): unknown } }
}

heading('1. Apache Arrow: numbers stay where they lie')
const arrow = await optional<Arrow>('apache-arrow')
if (arrow !== undefined) await learned(await fromArrow<Flat>(arrow.tableFromArrays(columns())))

heading('2. Polars: a data frame')
const polars = await optional<Polars>('nodejs-polars')
const frame = polars?.default.DataFrame(columns())
if (frame !== undefined) await learned(fromPolars<Flat>(frame))

heading('3. Parquet: a file, a row group at a time')
const library = await optional<Hyparquet>('hyparquet')
if (library !== undefined && frame !== undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'ferrograd-flats-'))
  try {
    const path = join(folder, 'flats.parquet')
    frame.writeParquet(path)
    await learned(await fromParquet<Flat>(path, { library }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** `npm run bench:large`: writes a table that is larger than memory may be, trains on it once through, and says what memory that took. */
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { Sequential } from 'ferrograd'
import { category, Dataset, type FeatureTable, features, numeric } from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { hostPlatform } from '../scripts/lib.mjs'
import { digits, machine, table } from './report.js'

const HELP = `npm run bench:large -- [options]

A table of seven numbers and a text, some of them missing, mixed in windows and trained on once through: rows a second, what share of
the time no step ran for want of data, and the most memory that the process had.

  --megabytes N   how large the file is (default 10000)
  --folder PATH   where it is written, and removed from (default the system's for temporary files)
  --help
`

/** What the process may have at most, in megabytes, everything counted: musl's allocator gives less back than glibc's. */
const MOST = hostPlatform().endsWith('-musl') ? 400 : 300

const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '10000' },
    folder: { type: 'string', default: tmpdir() },
    help: { type: 'boolean', default: false },
  },
})

const cities = ['Rome', 'Oslo', 'Lima', 'Bern', '']
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const
const schema = {
  a: 'float32',
  b: 'float32',
  c: 'float32',
  d: 'float32',
  e: 'float32',
  f: 'float32',
  g: 'float32',
  city: 'string',
  y: 'bool',
} as const

/** A number in [0, 1) for each place. */
function noise(row: number, column: number): number {
  let mixed = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(column + 1, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32
}

/** True where the first numbers and the city outweigh the others; one number in forty is missing. */
function record(row: number): string {
  const own = names.map((_, k) => noise(row, k))
  const city = Math.floor(noise(row, 7) * cities.length)
  const score = own[0]! + own[1]! - own[2]! - own[3]! + (city - 2) / 4
  const fields = own.map((value, k) => (noise(row, 8 + k) < 1 / 40 ? '' : value.toFixed(6)))
  return `${fields.join(',')},${cities[city]},${score > 0}\n`
}

/** How many different blocks a file is made of, one after the other again and again. */
const BLOCKS = 256
const ROWS = 2000

async function written(path: string, bytes: number): Promise<number> {
  const file = createWriteStream(path)
  file.write(`${Object.keys(schema).join(',')}\n`)
  const blocks: Buffer[] = []
  let [size, rows] = [0, 0]
  for (let i = 0; size < bytes; i++, rows += ROWS) {
    // Made when they are first needed, so that a small file has no row twice.
    if (i < BLOCKS) blocks.push(Buffer.from(Array.from({ length: ROWS }, (_, k) => record(i * ROWS + k)).join('')))
    const block = blocks[i % BLOCKS]!
    size += block.length
    if (!file.write(block)) await once(file, 'drain')
  }
  file.end()
  await finished(file)
  return rows
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(options.folder, 'ferrograd-large-'))
  try {
    const path = join(folder, 'table.csv')
    const rows = await written(path, Number(options.megabytes) * 1e6)
    console.log(`${machine()}\n`)
    const all = Dataset.csv(path, { schema })
    const columns: FeatureTable = {
      ...Object.fromEntries(names.map((name) => [name, numeric().impute('mean').normalize()])),
      city: category(),
    }
    const space = await features(columns).adapt(all.take(100_000))
    const data = all.shuffle({ buffer: 50_000, seed: 1 }).map(space.inputsAndTarget('y')).batch(256)
    const model = new Sequential([
      new Dense({ units: 16, activation: 'relu', inputShape: [space.width] }),
      new Dense({ units: 1, activation: 'sigmoid' }),
    ])
    model.compile({ optimizer: new Adam({ learningRate: 0.003 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
    const began = performance.now()
    const { history, data: waited } = await model.fit(data, { verbose: 0 })
    const seconds = (performance.now() - began) / 1000
    // Kilobytes, of the whole life of the process: the file was written by it too.
    const most = process.resourceUsage().maxRSS / 1000
    const cells = [
      `${(statSync(path).size / 1e6).toFixed(0)} MB`,
      digits(rows / 1e6),
      digits(rows / seconds / 1e6),
      `${Math.round(100 * waited[0]!)} %`,
      history.accuracy![0]!.toFixed(3),
      most.toFixed(0),
    ]
    const header = ['file', 'M rows', 'M rows/s', 'waiting for data', 'accuracy', 'most memory, MB']
    console.log(table(header, [cells]))
    if (most > MOST) throw new Error(`${most.toFixed(0)} MB were used, where ${MOST} are allowed`)
    if (!(history.accuracy![0]! > 0.8)) throw new Error(`Only ${history.accuracy![0]} of the rows are told apart`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (options.help) console.log(HELP)
else await main()

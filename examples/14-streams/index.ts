/** Data without an end, and data larger than memory: a model learns online from events, another from a file in blocks. */
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { config, Sequential } from 'ferrograd'
import { Dataset, imputer } from 'ferrograd/data'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { heading } from '../terminal.js'

config.setSeed(1)

/** A number in [0, 1) for each place. */
function noise(i: number, k: number): number {
  let mixed = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(k, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
}

heading('1. Events without an end, learned as they come')

/** As a consumer of a queue gives them: prices that depend on the size of an order, and on a rate that changes on the way. */
async function* orders(): AsyncGenerator<{ size: number; weight: number; price: number }> {
  for (let i = 0; ; i++) {
    const [size, weight] = [noise(i, 1), noise(i, 2)]
    yield { size, weight, price: (i < 12_000 ? 2 : -1) * size + weight }
  }
}

const online = new Sequential([new Dense({ units: 1, inputShape: [2] })])
online.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'mse' })
const windows = Dataset.from(orders).inputsAndTarget(['size', 'weight'], 'price').batch(500)
const errors: number[] = []
for await (const { x, y } of windows) {
  // Each window is predicted before it is learned from: an evaluation that no test set is kept aside for.
  errors.push((await online.evaluate(x, y)).loss)
  await online.fit(x, y, { batchSize: 25, epochs: 3, verbose: 0 })
  if (errors.length === 48) break
}
const shown = [0, 4, 23, 24, 28, 47]
console.log(shown.map((window) => `window ${window}: ${errors[window]!.toFixed(4)}`).join('\n'))
if (errors[23]! > 0.01) throw new Error(`The first rate was not learned: ${errors[23]}`)
if (errors[24]! < 0.5) throw new Error(`The change of the rate went unnoticed: ${errors[24]}`)
if (errors[47]! > 0.01) throw new Error(`The second rate was not learned: ${errors[47]}`)

heading('2. A table that is parsed once and mixed from a file')

const folder = mkdtempSync(join(tmpdir(), 'ferrograd-streams-'))
try {
  const path = join(folder, 'readings.csv')
  // Sorted by what is to be learned, as tables often are: neighbours must not stay neighbours.
  const rows = 120_000
  const file = createWriteStream(path)
  file.write('a,b,c,warm\n')
  for (let i = 0; i < rows; i++) {
    const warm = i >= rows / 2
    const a = noise(i, 1) + (warm ? 0.4 : 0)
    const text = `${i % 40 === 0 ? 'NA' : a.toFixed(4)},${noise(i, 2).toFixed(4)},${noise(i, 3).toFixed(4)},${warm}\n`
    if (!file.write(text)) await new Promise<void>((resolve) => file.once('drain', () => resolve()))
  }
  file.end()
  await finished(file)

  const schema = { a: 'float32', b: 'float32', c: 'float32', warm: 'bool' } as const
  const table = Dataset.csv(path, { schema })
  const fill = await imputer(table, { a: 'median' })
  const stored = await table.map(fill).cache(join(folder, 'readings.rows'))
  console.log(
    `${stored.count} rows in ${(statSync(join(folder, 'readings.rows')).size / 1e6).toFixed(1)} MB; missing values of a are ${fill.values.a}`,
  )

  const batches = stored.shuffle({ buffer: 20_000, seed: 1 }).inputsAndTarget(['a', 'b', 'c'], 'warm').batch(100)
  const model = new Sequential([new Dense({ units: 1, activation: 'sigmoid', inputShape: [3] })])
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  const { data } = await model.fit(batches, { epochs: 3, verbose: 0 })
  const { accuracy } = await model.evaluate(stored.inputsAndTarget(['a', 'b', 'c'], 'warm').batch(1000))
  const waited = Math.round(100 * data.at(-1)!)
  console.log(
    `right on ${(100 * accuracy!).toFixed(1)} % of the rows; ${waited} % of the last epoch went by waiting for data`,
  )
  console.log(String(await batches.profile({ seconds: 0.5 })))
  // Four in ten of either kind have a value that only their kind has; of the others, half are guessed right.
  if (!(accuracy! > 0.66)) throw new Error(`Only ${accuracy} of the rows are told apart`)
} finally {
  rmSync(folder, { recursive: true })
}

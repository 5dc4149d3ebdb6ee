/**
 * Many small trainings on one machine: `node --import tsx bench/many.ts`. Sixteen networks of a table of numbers, one after
 * another, all at once, and two at a time as `randomSearch` runs them, by one compute thread and by all.
 *
 * Ways take turns; the figure of a way is the median of its turns. Options: `--rounds N` (default 5), `--epochs N` (default 40).
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { config, Sequential, tensor } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { integer, randomSearch } from 'ferrograd/search'
import { digits, machine, table } from './report.js'
import { median } from './statistics.js'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, epochs: { type: 'string', default: '40' } },
})
const [rounds, epochs] = [Number(options.rounds), Number(options.epochs)]
const MODELS = 16
const [ROWS, COLUMNS, UNITS, BATCH] = [512, 8, 32, 32]

const numbers = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.sin(1.7 * i))
const x = tensor(numbers, [ROWS, COLUMNS])
const y = tensor(
  Float32Array.from({ length: ROWS }, (_, row) => numbers[row * COLUMNS]! * numbers[row * COLUMNS + 1]!),
  [ROWS, 1],
)

/** Trains one network and gives its last loss. */
async function train(seed: number): Promise<number> {
  const model = new Sequential([
    new Dense({ units: UNITS, activation: 'relu', inputShape: [COLUMNS] }),
    new Dense({ units: 1 }),
  ])
  model.compile({ optimizer: 'adam', loss: 'mse' })
  const { history } = await model.fit(x, y, { epochs, batchSize: BATCH, seed, verbose: 0 })
  return history.loss!.at(-1)!
}

const seeds = Array.from({ length: MODELS }, (_, seed) => seed)

/** A search with so many trials at a time; which settings they have does not matter. */
const search = (concurrency: number) => (): Promise<unknown> =>
  randomSearch({ units: integer(1, 2) }, (_, { trial }) => train(trial), { trials: MODELS, concurrency })

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  'one after another': async () => {
    for (const seed of seeds) await train(seed)
  },
  'all at once': () => Promise.all(seeds.map(train)),
  'randomSearch, two at a time': search(2),
}

const rows: string[][] = []
for (const threads of new Set([1, availableParallelism()])) {
  config.setThreads(threads)
  await train(0)
  const took = new Map(Object.keys(ways).map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round += 1)
    for (const [name, way] of Object.entries(ways)) {
      const start = performance.now()
      await way()
      took.get(name)!.push((performance.now() - start) / 1000)
    }
  const first = median(took.values().next().value!)
  for (const [name, seconds] of took) {
    const middle = median(seconds)
    rows.push([name, String(threads), digits(MODELS / middle), digits(first / middle)])
  }
}
const steps = `${epochs} epochs of ${ROWS / BATCH} steps, ${COLUMNS}-${UNITS}-1, batch ${BATCH}, Adam`
console.log(`${machine()}\n\n${MODELS} trainings: ${steps}\n`)
console.log(table(['way', 'compute threads', 'trainings a second', 'of the first way'], rows))

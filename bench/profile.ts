/**
 * `npm run bench:profile -- 784 128 10`: where the time of a training step of dense layers goes, by `fit` itself.
 *
 * Options: `--batch N` (default 32), `--batches N` an epoch (default 128), `--threads N` (default 1), `--shuffle`.
 */
import { parseArgs } from 'node:util'
import { config, Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '32' },
    batches: { type: 'string', default: '128' },
    threads: { type: 'string', default: '1' },
    shuffle: { type: 'boolean', default: false },
  },
})
const [width = 784, ...units] = positionals.length > 1 ? positionals.map(Number) : [784, 128, 10]
const batchSize = Number(options.batch)
const rows = batchSize * Number(options.batches)
const classes = units.at(-1)!

config.setThreads(Number(options.threads))
config.setSeed(1)
const model = new Sequential(
  units.map((count, i) => new Dense({ units: count, activation: i === units.length - 1 ? 'softmax' : 'relu' })),
)
model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' })
const values = Float32Array.from({ length: rows * width }, (_, i) => ((i * 7919) % 1000) / 1000)
const labels = Int32Array.from({ length: rows }, (_, row) => Math.floor(values[row * width]! * classes))

const { shuffle } = options
const { profile } = await model.fit({ values, shape: [rows, width] }, labels, {
  batchSize,
  shuffle,
  epochs: 40,
  profile: true,
  verbose: 0,
})
console.log(`${profile}`)

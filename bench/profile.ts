/**
 * `npm run bench:profile -- 784 128 10`: where the time of a training step goes, by `fit` itself. Of dense layers of these
 * widths, or of a network of the bench: `npm run bench:profile -- --workload ResNet-20`.
 *
 * Options: `--workload TEXT` (the first one trained whose name holds it), `--batch N` (of dense layers; default 32),
 * `--batches N` an epoch (default 128, or the workload's), `--epochs N` (default 40, of a workload 5), `--threads N` (default 1),
 * `--shuffle`, `--together` (kernels of one kind in one row, with the arithmetic in all of them).
 */
import { parseArgs } from 'node:util'
import { config, type Model, type Profile, type ProfileRow, Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { compiledNetwork } from './networks.mjs'
import { data } from './numbers.mjs'
import { workloads } from './workload.js'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workload: { type: 'string' },
    batch: { type: 'string', default: '32' },
    batches: { type: 'string' },
    epochs: { type: 'string' },
    threads: { type: 'string', default: '1' },
    shuffle: { type: 'boolean', default: false },
    together: { type: 'boolean', default: false },
  },
})

/** What is trained: a model, its data, rows of a batch. */
interface Training {
  readonly model: Model
  readonly x: { values: Float32Array; shape: number[] }
  readonly y: Int32Array | { values: Float32Array | Int32Array; shape: number[] }
  readonly batch: number
  readonly epochs: number
}

function ofWorkload(text: string): Training {
  const found = workloads.find(({ name, task }) => task === 'train' && name.includes(text))
  if (!found) throw new Error(`expected part of the name of a workload that is trained, got ${JSON.stringify(text)}`)
  const workload = { ...found, batches: Number(options.batches ?? found.batches) }
  console.log(workload.name)
  return { model: compiledNetwork(workload), ...data(workload), batch: workload.batch, epochs: 5 }
}

function ofWidths([width = 784, ...units]: readonly number[]): Training {
  const batch = Number(options.batch)
  const rows = batch * Number(options.batches ?? 128)
  const classes = units.at(-1)!
  const model = new Sequential(
    units.map((count, i) => new Dense({ units: count, activation: i === units.length - 1 ? 'softmax' : 'relu' })),
  )
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' })
  const values = Float32Array.from({ length: rows * width }, (_, i) => ((i * 7919) % 1000) / 1000)
  const y = Int32Array.from({ length: rows }, (_, row) => Math.floor(values[row * width]! * classes))
  return { model, x: { values, shape: [rows, width] }, y, batch, epochs: 40 }
}

config.setThreads(Number(options.threads))
config.setSeed(1)
const { workload, shuffle } = options
const training = workload
  ? ofWorkload(workload)
  : ofWidths(positionals.length > 1 ? positionals.map(Number) : [784, 128, 10])
const { model, x, y, batch: batchSize } = training
const epochs = Number(options.epochs ?? training.epochs)
const { profile } = await model.fit(x, y, { batchSize, shuffle, epochs, profile: true, verbose: 0 })
console.log(options.together ? together(profile!) : `${profile}`)

/** Kernels of one kind: what they are called where sizes and what ends them are left out. */
function together({ rows, step }: Profile): string {
  const kinds = new Map<string, ProfileRow[]>()
  for (const row of rows) {
    const kind = `${row.kernel} ${row.detail.match(/^(output|gradient of the \w+):/)?.[1] ?? ''}`.trim()
    kinds.set(kind, [...(kinds.get(kind) ?? []), row])
  }
  const sum = (of: readonly ProfileRow[], value: (row: ProfileRow) => number) =>
    of.reduce((total, row) => total + value(row), 0)
  const lines = [...kinds].map(([kind, of]) => {
    const [least, median] = [sum(of, (row) => row.least), sum(of, (row) => row.median)]
    const [flops, bytes] = [
      sum(of, (row) => (row.gflops ?? 0) * row.median),
      sum(of, (row) => row.gigabytes * row.median),
    ]
    const rate = flops > 0 ? `${(flops / least).toFixed(0)} GF/s` : `${(bytes / least).toFixed(1)} GB/s`
    return { kind, of: of.length, least, median, rate, MFLOP: flops / 1e3 }
  })
  lines.sort((a, b) => b.median - a.median)
  const text = lines.map(({ kind, of, least, median, rate, MFLOP }) => [
    median.toFixed(0),
    least.toFixed(0),
    rate,
    MFLOP > 0 ? `${MFLOP.toFixed(0)} MFLOP` : '',
    `${of} × ${kind}`,
  ])
  const wide = [9, 9, 10, 13]
  const table = text.map((cells) =>
    cells.map((cell, i) => (i < wide.length ? cell.padStart(wide[i]!) : cell)).join('  '),
  )
  const head = ['median µs', 'least', 'rate', 'in all', 'kernels']
    .map((cell, i) => cell.padStart(wide[i] ?? 0))
    .join('  ')
  return [`A step takes ${step.median.toFixed(0)} µs (${step.least.toFixed(0)} at the least).`, head, ...table].join(
    '\n',
  )
}

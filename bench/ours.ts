/**
 * One side of the bench: trains on request and answers with the time of a step.
 *
 * Reads lines of JSON `{ workload, seconds }`; a new workload builds and warms up a model, then each request is one
 * `fit` of about that long and prints `{ microseconds, loss }`.
 */
import { createInterface } from 'node:readline'
import { config, Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { type Workload, workloadData } from './workload.js'

config.setThreads(Number(process.argv[2] ?? 1))
config.setSeed(1)

interface Side {
  readonly model: Sequential
  readonly workload: Workload
  readonly data: ReturnType<typeof workloadData>
  /** Seconds of an epoch, as the last chunk had it. */
  epoch: number
}

let side: Side | undefined

for await (const line of createInterface({ input: process.stdin })) {
  const { workload, seconds } = JSON.parse(line) as { workload: Workload; seconds: number }
  if (side?.workload.name !== workload.name) side = await prepare(workload)
  console.log(JSON.stringify(await chunk(side, seconds)))
}

async function prepare(workload: Workload): Promise<Side> {
  const [inputs = 1, ...units] = workload.layers
  const classes = workload.loss === 'sparseCategoricalCrossentropy'
  const model = new Sequential(
    units.map((count, index) => {
      const last = index === units.length - 1
      const activation = last ? (classes ? 'softmax' : 'linear') : workload.activation
      return new Dense({ units: count, activation, ...(index === 0 && { inputShape: [inputs] }) })
    }),
  )
  model.compile({ optimizer: 'adam', loss: workload.loss })
  const made: Side = { model, workload, data: workloadData(workload), epoch: 0.05 }
  await chunk(made, 0.2)
  await chunk(made, 0.2)
  return made
}

/** One `fit` that takes about `seconds`, data handed over and all, as a user would call it. */
async function chunk(side: Side, seconds: number): Promise<{ microseconds: number; loss: number }> {
  const { model, workload, data } = side
  const epochs = Math.max(1, Math.round(seconds / side.epoch))
  const start = performance.now()
  const options = { epochs, batchSize: workload.batch, verbose: 0, shuffle: false } as const
  const { history } = await model.fit(data.x, data.y, options)
  const elapsed = (performance.now() - start) / 1000
  side.epoch = elapsed / epochs
  return { microseconds: (elapsed * 1e6) / (epochs * workload.batches), loss: history.loss?.at(-1) ?? Number.NaN }
}

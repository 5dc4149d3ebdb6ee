/**
 * One side of the bench: trains on request and answers with the time of a step.
 *
 * Reads lines of JSON `{ workload, seconds }`; a new workload builds and warms up a model, then each request trains
 * whole epochs through `fit` for about that long and prints `{ microseconds, loss }`.
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
  const made: Side = { model, workload, data: workloadData(workload) }
  await chunk(made, 0.2)
  return made
}

async function chunk(
  { model, workload, data }: Side,
  seconds: number,
): Promise<{ microseconds: number; loss: number }> {
  const start = performance.now()
  let steps = 0
  let loss = Number.NaN
  while (performance.now() - start < seconds * 1000) {
    const epochs = steps === 0 ? 1 : 4
    const history = await model.fit(data.x, data.y, { epochs, batchSize: workload.batch, verbose: 0, shuffle: false })
    steps += epochs * workload.batches
    loss = history.history.loss?.at(-1) ?? loss
  }
  return { microseconds: ((performance.now() - start) * 1000) / steps, loss }
}

// What the event loop feels while all cores train: the 99th percentile of its delay in milliseconds, idle and amid a fit.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'

const SECONDS = 2
/** Of the timer that the monitor waits for; what it measures beyond is the delay. */
const RESOLUTION = 1

async function delayAmid(run) {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION })
  monitor.enable()
  await run()
  monitor.disable()
  return monitor.percentile(99) / 1e6 - RESOLUTION
}

const model = new Sequential([
  new Dense({ units: 1024, activation: 'relu', inputShape: [1024] }),
  new Dense({ units: 1024, activation: 'relu' }),
  new Dense({ units: 10, activation: 'softmax' }),
])
model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' })
const x = { values: new Float32Array(2048 * 1024).fill(0.5), shape: [2048, 1024] }
const y = new Int32Array(2048)
const train = (signal) => model.fit(x, y, { epochs: 1e6, batchSize: 128, verbose: 0, signal }).catch(() => undefined)

await train(AbortSignal.timeout(500))
const idle = await delayAmid(() => sleep(SECONDS * 1000))
const busy = await delayAmid(() => train(AbortSignal.timeout(SECONDS * 1000)))
console.log(JSON.stringify({ idle, busy }))

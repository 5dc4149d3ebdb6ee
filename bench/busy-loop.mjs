// What the event loop feels in a server that trains: four fits, two clients that ask over HTTP one request after another, and a
// reader of files, all in this process. `FERROGRAD_NICE=0 node bench/busy-loop.mjs` beside `node bench/busy-loop.mjs`.
import { readFile } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'

const SECONDS = 5
/** Of the timer that the monitor waits for; what it measures beyond is the delay. */
const RESOLUTION = 1
const ROWS = 2048
const BATCH = 64

const stop = new AbortController()
let steps = 0
const counting = {
  onEpochEnd: () => {
    steps += ROWS / BATCH
  },
}

function train() {
  const model = new Sequential([
    new Dense({ units: 512, activation: 'relu', inputShape: [256] }),
    new Dense({ units: 512, activation: 'relu' }),
    new Dense({ units: 10, activation: 'softmax' }),
  ])
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' })
  const x = { values: new Float32Array(ROWS * 256).fill(0.5), shape: [ROWS, 256] }
  const options = { epochs: 1e6, batchSize: BATCH, verbose: 0, signal: stop.signal, callbacks: [counting] }
  return model.fit(x, new Int32Array(ROWS), options).catch(() => undefined)
}

const requested = (url) =>
  new Promise((resolve) => {
    get(url, (response) => response.resume().on('end', resolve))
  })

const fits = [train(), train(), train(), train()]
await sleep(500)
const server = createServer((_, response) => response.end('ok'))
await new Promise((resolve) => server.listen(0, resolve))
const url = `http://127.0.0.1:${server.address().port}/`

let going = true
const latencies = []
async function client() {
  while (going) {
    const began = performance.now()
    await requested(url)
    latencies.push(performance.now() - began)
    await sleep(2)
  }
}
async function reader() {
  while (going) {
    await readFile(fileURLToPath(import.meta.url))
    await sleep(5)
  }
}

const monitor = monitorEventLoopDelay({ resolution: RESOLUTION })
monitor.enable()
const [before, began] = [steps, performance.now()]
const work = [client(), client(), reader()]
await sleep(SECONDS * 1000)
going = false
monitor.disable()
const rate = ((steps - before) * 1000) / (performance.now() - began)
await Promise.all(work)
stop.abort()
await Promise.all(fits)
server.close()

latencies.sort((a, b) => a - b)
const delay = (nanoseconds) => (nanoseconds / 1e6 - RESOLUTION).toFixed(1)
const at = (share) => latencies[Math.floor(latencies.length * share)].toFixed(1)
console.log(`event loop late by ${delay(monitor.percentile(99))} ms (p99), ${delay(monitor.max)} at most`)
console.log(
  `${latencies.length} requests: ${at(0.5)} ms in the middle, ${at(0.99)} (p99); ${rate.toFixed(0)} steps a second`,
)

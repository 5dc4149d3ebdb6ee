// What the event loop feels in a server that trains: four fits, two clients that each ask over HTTP a hundred times a second, and a
// reader of files, all in one process. Threads of equal right (`FERROGRAD_NICE=0`) and those that let their caller go first have
// a process each, in turns (`--turns 3`). Both do the same work beside the fits, so that what these lose can be compared.
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'

const SECONDS = 8
/** Of the timer that the monitor waits for; what it measures beyond is the delay. */
const RESOLUTION = 1
const ROWS = 512
const BATCH = 64

const self = fileURLToPath(import.meta.url)
const { values: given } = parseArgs({
  options: { turns: { type: 'string', default: '3' }, once: { type: 'boolean', default: false } },
})
if (given.once) console.log(JSON.stringify(await measured()))
else compare(Number(given.turns))

/** Both in turns, each in a process of its own. */
function compare(turns) {
  const sides = { 'equal rights': { FERROGRAD_NICE: '0' }, 'callers first': {} }
  const all = Object.fromEntries(Object.keys(sides).map((name) => [name, []]))
  for (let turn = 0; turn < turns; turn += 1)
    for (const [name, env] of Object.entries(sides)) {
      const { stdout } = spawnSync(process.execPath, [self, '--once'], {
        env: { ...process.env, ...env },
        stdio: [null, 'pipe', 2],
      })
      all[name].push(JSON.parse(stdout))
    }
  const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
  console.log(
    `medians of ${turns} turns: the loop late, ms (p99, at most); requests, ms (median, p99), served; steps a second`,
  )
  for (const [name, runs] of Object.entries(all)) {
    const of = (key, digits = 1) =>
      median(runs.map((run) => run[key]))
        .toFixed(digits)
        .padStart(7)
    console.log(
      `${name}: ${of('late')} ${of('latest')} ${of('middle')} ${of('slow')} ${of('requests', 0)} ${of('steps', 0)}`,
    )
  }
  const pairs = all['callers first'].map((run, i) => run.steps / all['equal rights'][i].steps)
  console.log(
    `steps with callers first, of those with equal rights, turn by turn: ${pairs.map((one) => one.toFixed(2)).join(' ')}`,
  )
}

async function measured() {
  const stop = new AbortController()
  let steps = 0
  const counting = {
    onEpochEnd() {
      steps += ROWS / BATCH
    },
  }
  const fits = Array.from({ length: 4 }, () => train(stop.signal, counting))
  await sleep(500)
  const server = createServer((_, response) => response.end('ok'))
  await new Promise((resolve) => server.listen(0, resolve))
  const url = `http://127.0.0.1:${server.address().port}/`

  let going = true
  const latencies = []
  /** Does something at fixed times, and what is late as soon as it can be. */
  async function every(milliseconds, act) {
    const began = performance.now()
    for (let done = 1; going; done += 1) {
      await act()
      await sleep(Math.max(0, began + done * milliseconds - performance.now()))
    }
  }
  async function ask() {
    const began = performance.now()
    await requested(url)
    latencies.push(performance.now() - began)
  }

  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION })
  monitor.enable()
  const [before, began] = [steps, performance.now()]
  const work = [every(10, ask), every(10, ask), every(10, () => readFile(self))]
  await sleep(SECONDS * 1000)
  going = false
  monitor.disable()
  const rate = ((steps - before) * 1000) / (performance.now() - began)
  await Promise.all(work)
  stop.abort()
  await Promise.all(fits)
  server.close()

  latencies.sort((a, b) => a - b)
  const delay = (nanoseconds) => nanoseconds / 1e6 - RESOLUTION
  const at = (share) => latencies[Math.floor(latencies.length * share)]
  return {
    late: delay(monitor.percentile(99)),
    latest: delay(monitor.max),
    middle: at(0.5),
    slow: at(0.99),
    requests: latencies.length,
    steps: rate,
  }
}

function train(signal, counting) {
  const model = new Sequential([
    new Dense({ units: 512, activation: 'relu', inputShape: [256] }),
    new Dense({ units: 512, activation: 'relu' }),
    new Dense({ units: 10, activation: 'softmax' }),
  ])
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' })
  const x = { values: new Float32Array(ROWS * 256).fill(0.5), shape: [ROWS, 256] }
  const options = { epochs: 1e6, batchSize: BATCH, verbose: 0, signal, callbacks: [counting] }
  return model.fit(x, new Int32Array(ROWS), options).catch(() => undefined)
}

function requested(url) {
  return new Promise((resolve) => {
    get(url, (response) => response.resume().on('end', resolve))
  })
}

// `npm run check:memory [-- FITS]`: 9,000 small trainings in one process, each of a model of its own, a fifth thrown out of and
// a fifth aborted. Prints the curve of resident memory: it must stay below 120 MB, and without the heap of V8, which grows and
// shrinks as that sees fit, be flat from the first thousand on.
import { fileURLToPath, pathToFileURL } from 'node:url'
import { at, handOver, main, Stop } from './lib.mjs'
import { setup } from './setup.mjs'

const FITS = Number(process.argv[2] ?? 9000)
const MOST = 120
/** What the curve may rise by after the first thousand: pages that malloc keeps. */
const RISE = 12

const megabytes = (bytes) => bytes / 1e6

/** One training of a new model; `i` says how it ends. */
async function train({ Sequential, layers, optimizers }, i) {
  const model = new Sequential([
    new layers.Dense({ units: 4, activation: 'tanh', inputShape: [2] }),
    new layers.Dense({ units: 1, activation: 'sigmoid' }),
  ])
  model.compile({ optimizer: new optimizers.Adam(), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  const x = { values: Float32Array.from({ length: 32 }, (_, j) => Math.sin(i + j)), shape: [16, 2] }
  const y = Float32Array.from({ length: 16 }, (_, j) => j % 2)
  const stop = new AbortController()
  const callbacks = i % 5 === 0 ? { onEpochEnd: () => Promise.reject(new Error('mine')) } : []
  const run = model.fit(x, y, { verbose: 0, signal: stop.signal, callbacks })
  if (i % 5 === 1) stop.abort()
  await run.catch(() => undefined)
}

main(async () => {
  const dist = process.env.FERROGRAD_DIST
  if (dist === undefined) {
    await setup()
    // In a process of its own: what the set-up has read is no part of a server.
    process.exitCode = await handOver(process.execPath, [fileURLToPath(import.meta.url), `${FITS}`], {
      FERROGRAD_DIST: at('dist'),
    })
    return
  }
  const ferrograd = await import(pathToFileURL(`${dist}/index.js`).href)
  const [curve, ours] = [[], []]
  for (let i = 0; i <= FITS; i += 1) {
    if (i % Math.min(500, FITS) === 0) {
      const { rss, heapTotal, heapUsed } = process.memoryUsage()
      curve.push(megabytes(rss))
      ours.push(megabytes(rss - heapTotal))
      console.log(
        `${i} trainings: ${megabytes(rss).toFixed(0)} MB resident, ${megabytes(rss - heapTotal).toFixed(0)} without V8's heap of ${megabytes(heapTotal).toFixed(0)}, of which ${megabytes(heapUsed).toFixed(0)} are used`,
      )
    }
    await train(ferrograd, i)
  }
  const first = ours[Math.min(2, ours.length - 1)]
  const [most, rise] = [Math.max(...curve), ours.at(-1) - first]
  if (most > MOST) throw new Stop(`Expected at most ${MOST} MB, got ${most.toFixed(0)}.`)
  if (rise > RISE)
    throw new Stop(
      `Expected a curve that is flat from the first thousand on, got ${rise.toFixed(0)} MB more without V8's heap.`,
    )
})

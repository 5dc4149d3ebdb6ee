/** Whole processes around a training: how they end, and trainings in worker threads, from the built package. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferrograd-'))
})
afterAll(() => rm(folder, { recursive: true }))

type Kind = 'mjs' | 'cjs'

/** Loads the package, and has a training that would go on for hours. */
function prelude(kind: Kind): string {
  const load = (entry: string): string => {
    const path = join(dist, `${entry}.${kind === 'mjs' ? 'js' : 'cjs'}`)
    return kind === 'mjs'
      ? `await import(${JSON.stringify(pathToFileURL(path).href)})`
      : `require(${JSON.stringify(path)})`
  }
  return `
    const { Sequential, config } = ${load('index')}
    const { Dense } = ${load('layers/index')}
    const threads = ${kind === 'mjs' ? `await import('node:worker_threads')` : `require('node:worker_threads')`}
    const x = { values: new Float32Array(512 * 256).fill(0.5), shape: [512, 256] }
    const y = new Float32Array(512).fill(1)
    const make = () => {
      config.setSeed(1)
      const model = new Sequential([new Dense({ units: 256, inputShape: [256] }), new Dense({ units: 1 })])
      model.compile({ optimizer: 'adam', loss: 'mse' })
      return model
    }
    const endless = () => make().fit(x, y, { epochs: 1e6, batchSize: 64, verbose: 0 })
    const short = (options) => make().fit(x, y, { epochs: 2, batchSize: 64, verbose: 0, seed: 1, ...options })
  `
}

interface End {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

let count = 0
/** The path of a new script: the prelude, then `body`. */
async function script(kind: Kind, body: string): Promise<string> {
  const file = join(folder, `${count++}.${kind}`)
  await writeFile(file, prelude(kind) + body)
  return file
}

/** Runs a script to its end, and says how it ended. */
async function run(kind: Kind, body: string): Promise<End> {
  const file = await script(kind, body)
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file], { timeout: 20_000 }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr })
    })
  })
}

describe.each(['mjs', 'cjs'] as const)('a process of %s', (kind) => {
  test('that exits amid two fits ends at once', { retry: 2 }, async () => {
    const end = await run(
      kind,
      `endless(); endless()
       setTimeout(() => { console.log(Date.now()); process.exit(7) }, 300)`,
    )
    const took = Date.now() - Number(end.stdout)
    console.log(`exit amid two fits (${kind}): ${took} ms until the parent hears of it`)
    expect(end).toMatchObject({ code: 7, signal: null, stderr: '' })
    // 200 ms on a machine to itself.
    expect(took).toBeLessThan(1000)
  })

  test('lives as long as a fit that nobody holds, and ends after it', async () => {
    const end = await run(kind, `short({ callbacks: { onTrainEnd: () => console.log('done') } })`)
    expect(end).toEqual({ code: 0, signal: null, stdout: 'done\n', stderr: '' })
  })

  test('trains in a worker thread, with the bits of the main thread', async () => {
    const worker = await script(kind, `short().then(({ history }) => threads.parentPort.postMessage(history))`)
    const end = await run(
      kind,
      `const worker = new threads.Worker(${JSON.stringify(worker)})
       const here = short()
       worker.on('error', (error) => { throw error })
       worker.on('message', (there) => here.then(({ history }) => {
         console.log(JSON.stringify(history) === JSON.stringify(there) && history.loss.length === 2)
       }))`,
    )
    expect(end).toEqual({ code: 0, signal: null, stdout: 'true\n', stderr: '' })
  })

  test('two workers, a model each: what is set amid a fit holds at the next step, and calls keep to their moment', async () => {
    const worker = await script(
      kind,
      `const line = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })])
       line.compile({ optimizer: 'sgd', loss: 'mae' })
       const seen = []
       const rates = [0.5, 0.25, 1, 2]
       const hooks = {
         onTrainBatchBegin: (batch) => { line.optimizer.learningRate = rates[batch] },
         onTrainBatchEnd: (batch) => {
           seen.push(line.getWeights()[0].itemSync())
           if (batch === 1) line.setWeights([[[10]]])
         },
       }
       const rows = { values: new Float32Array(4).fill(1), shape: [4, 1] }
       const all = async () => {
         const large = make()
         const wanted = [...(await large.predict(x)).dataSync()].join()
         const pending = large.predict(x)
         large.setWeights(large.getWeights().map((one) => one.mul(0)))
         const kept = [...(await pending).dataSync()].join() === wanted
         await line.fit(rows, new Float32Array(4).fill(100), { batchSize: 1, verbose: 0, callbacks: hooks })
         threads.parentPort.postMessage([kept, seen])
       }
       all()`,
    )
    const end = await run(
      kind,
      `const one = () => new Promise((resolve, reject) => {
         const worker = new threads.Worker(${JSON.stringify(worker)})
         worker.on('error', reject)
         worker.on('message', resolve)
       })
       Promise.all([one(), one()]).then((all) => console.log(JSON.stringify(all)))`,
    )
    const wanted = [true, [0.5, 0.75, 11, 13]]
    expect(end).toEqual({ code: 0, signal: null, stdout: `${JSON.stringify([wanted, wanted])}\n`, stderr: '' })
  })

  test('survives the end of a worker amid its fit, three times, and trains on', async () => {
    const worker = await script(kind, `endless().catch(() => undefined); threads.parentPort.postMessage('running')`)
    const end = await run(
      kind,
      `const once = () => new Promise((resolve, reject) => {
         const worker = new threads.Worker(${JSON.stringify(worker)})
         worker.on('error', reject)
         worker.on('message', () => setTimeout(async () => {
           await worker.terminate()
           resolve()
         }, 100))
       })
       const all = async () => {
         for (let i = 0; i < 3; i++) await once()
         const { history } = await short()
         console.log(history.loss.length)
       }
       all()`,
    )
    expect(end).toEqual({ code: 0, signal: null, stdout: '2\n', stderr: '' })
  })
})

test('an error that nobody catches amid a fit ends the process with that error, and no crash', async () => {
  const end = await run('mjs', `endless(); setTimeout(() => { throw new Error('of the user') }, 100)`)
  expect(end).toMatchObject({ code: 1, signal: null })
  expect(end.stderr).toContain('Error: of the user')
})

test('a fit that is refused and that nobody awaits is an unhandled rejection with its code', async () => {
  const end = await run('mjs', `make().fit(x, y, { epochs: -1 })`)
  expect(end).toMatchObject({ code: 1, signal: null })
  expect(end.stderr).toContain('ERR_CONFIG')
})

// Windows has no such end.
test.skipIf(process.platform === 'win32')('SIGTERM amid a fit ends the process by that signal', async () => {
  const end = await run('mjs', `endless(); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 200)`)
  expect(end).toMatchObject({ code: null, signal: 'SIGTERM' })
})

test('a callback that never settles keeps the process alive', async () => {
  const end = await run(
    'mjs',
    `short({ callbacks: { onEpochEnd: () => new Promise(() => undefined) } })
     setTimeout(() => { console.log('alive'); process.exit(0) }, 500).unref()`,
  )
  expect(end).toMatchObject({ code: 0, stdout: 'alive\n' })
})

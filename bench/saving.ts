/**
 * Saving and loading 100 MB of weights, beside what the disk does (`dd conv=fsync`, `cat` of a file that is not in
 * memory), PyTorch and Keras, all in turns: `npm run bench:saving`. Then what a checkpoint every 100 steps costs a training.
 *
 * `--rounds 7`, `--dir` (of the disk that counts), `--python` (with torch, keras and h5py), `--sides ours,torch,keras`
 * (`none`: the checkpoints alone).
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { callbacks, config, layers, Sequential } from 'ferrograd'
import { findPython } from './sides.js'

const UNITS = 2560
const LAYERS = 4

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    dir: { type: 'string', default: tmpdir() },
    python: { type: 'string' },
    sides: { type: 'string', default: 'ours,torch,keras' },
  },
})
const rounds = Number(given.rounds)
const folder = mkdtempSync(join(given.dir, 'ferrograd-bench-saving-'))
const at = (name: string): string => join(folder, name)

/** Seconds that something took. */
async function timed(act: () => unknown): Promise<number> {
  const began = performance.now()
  await act()
  return (performance.now() - began) / 1000
}

/** Brings what was written to the disk, and what of files is in memory out of it. */
function forget(...paths: readonly string[]): void {
  spawnSync('sync', paths)
  for (const path of paths) spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
}

/** The other side: a process that is asked for one act at a time. */
class Python {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(python: string) {
    const script = fileURLToPath(new URL('./peers/saving_side.py', import.meta.url))
    this.#process = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines: Interface = createInterface({ input: this.#process.stdout! })
    this.#lines = lines[Symbol.asyncIterator]()
  }

  async ask(side: string, what: string, path: string): Promise<number> {
    this.#process.stdin!.write(`${JSON.stringify({ side, what, path })}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`${side} has ended`)
    return Number(value)
  }

  close(): void {
    this.#process.stdin!.end()
  }
}

/** One who saves and loads. */
interface Side {
  readonly name: string
  readonly path: string
  save(): Promise<number>
  load(): Promise<number>
}

function model(): Sequential {
  const dense = (i: number) => new layers.Dense({ units: UNITS, ...(i === 0 && { inputShape: [UNITS] }) })
  return new Sequential(Array.from({ length: LAYERS }, (_, i) => dense(i)))
}

function ours(): Side[] {
  const [saved, other] = [model(), model()]
  return ['w.weights.h5', 'w.safetensors'].map((name) => ({
    name: `ours ${name.slice(1)}`,
    path: at(name),
    save: () => timed(() => saved.saveWeights(at(name))),
    load: () => timed(() => other.loadWeights(at(name))),
  }))
}

function peers(python: Python, names: readonly string[]): Side[] {
  const files: Readonly<Record<string, string>> = { torch: 'w.pt', keras: 'k.weights.h5' }
  return names.map((name) => {
    const path = at(files[name]!)
    return {
      name,
      path,
      save: () => python.ask(name, 'save', path),
      load: () => python.ask(name, 'load', path),
    }
  })
}

const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!

/** The least and the middle of some seconds, and how often as long the disk alone takes. */
function line(name: string, seconds: readonly number[], disk: readonly number[]): string {
  const ratios = seconds.map((one, i) => disk[i]! / one)
  const shown = [Math.min(...seconds), median(seconds)].map((one) => `${(one * 1000).toFixed(0)} ms`.padStart(9))
  return `${name.padEnd(22)}${shown.join('')}   ${(100 * median(ratios)).toFixed(0)} % of the disk's speed`
}

async function files(): Promise<void> {
  const names = given.sides.split(',')
  const others = names.filter((name) => name !== 'ours')
  const python = others.length > 0 ? new Python(findPython(given.python)) : undefined
  const sides = [...(names.includes('ours') ? ours() : []), ...(python ? peers(python, others) : [])]
  const bytes = 4 * LAYERS * UNITS * (UNITS + 1)
  const dd = (): unknown =>
    spawnSync('dd', [
      'if=/dev/zero',
      `of=${at('dd')}`,
      'bs=1M',
      `count=${Math.ceil(bytes / 2 ** 20)}`,
      'conv=fsync',
      'status=none',
    ])
  const cat = (): unknown => spawnSync('sh', ['-c', `cat ${at('dd')} > /dev/null`])
  const saves = sides.map((): number[] => [])
  const loads = sides.map((): number[] => [])
  const [writing, reading]: [number[], number[]] = [[], []]
  for (let round = -1; round < rounds; round += 1) {
    const own = { dd: await timed(dd), saves: [] as number[], cat: 0, loads: [] as number[] }
    for (const side of sides) own.saves.push(await side.save())
    forget(at('dd'), ...sides.map(({ path }) => path))
    own.cat = await timed(cat)
    for (const side of sides) own.loads.push(await side.load())
    // The first round warms everything up.
    if (round < 0) continue
    writing.push(own.dd)
    reading.push(own.cat)
    own.saves.forEach((one, i) => void saves[i]!.push(one))
    own.loads.forEach((one, i) => void loads[i]!.push(one))
  }
  python?.close()
  console.log(`${(bytes / 1e6).toFixed(0)} MB of weights, ${rounds} rounds: the least, the middle`)
  console.log(line('save: dd conv=fsync', writing, writing))
  sides.forEach(({ name }, i) => void console.log(line(`save: ${name}`, saves[i]!, writing)))
  console.log(line('load: cold cat', reading, reading))
  sides.forEach(({ name }, i) => void console.log(line(`load: ${name}`, loads[i]!, reading)))
}

const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length

/** The mean of what is neither among the least nor among the largest tenth. */
function trimmed(all: readonly number[]): number {
  const cut = Math.floor(all.length / 10)
  return mean([...all].sort((a, b) => a - b).slice(cut, all.length - cut))
}

/** Steps of a stretch that is timed, and stretches of a checkpoint's period. */
const STEPS = 25
const PERIOD = 4

/**
 * A network of 1.3 million weights (16 MB with Adam's moments), a checkpoint every 100 steps. Its cost lies in the first of four
 * stretches of 25 steps, from the end of the one before (with the copy) until long after it is written: what that takes more than
 * the three others do, each beside it. A machine's pace changes by more than what is measured, hence many short stretches.
 */
async function checkpoints(): Promise<void> {
  const rows = 32 * STEPS
  const x = { values: Float32Array.from({ length: rows * 256 }, (_, i) => Math.sin(i)), shape: [rows, 256] }
  const y = { values: Float32Array.from({ length: rows }, (_, i) => Math.cos(i)), shape: [rows, 1] }
  config.setSeed(1)
  const net = new Sequential([
    new layers.Dense({ units: 1024, activation: 'relu', inputShape: [256] }),
    new layers.Dense({ units: 1024, activation: 'relu' }),
    new layers.Dense({ units: 1 }),
  ])
  net.compile({ optimizer: 'adam', loss: 'mse' })
  await net.fit(x, y, { epochs: 16, batchSize: 32, verbose: 0 })
  const ends: number[] = []
  const watch = new callbacks.LambdaCallback({ onEpochEnd: () => void ends.push(performance.now()) })
  const checkpoint = { dir: at('run'), everyEpochs: PERIOD, keep: 2 }
  await net.fit(x, y, { epochs: 20 * PERIOD * rounds, batchSize: 32, verbose: 0, callbacks: [watch], checkpoint })
  const stretches = ends.slice(1).map((end, i) => end - ends[i]!)
  // The first stretch, which nothing stands before, is not among them: stretch 3 follows the first checkpoint.
  const after = stretches.map((_, i) => i).filter((i) => i % PERIOD === PERIOD - 1 && i + PERIOD <= stretches.length)
  const others = after.map((i) => stretches.slice(i + 1, i + PERIOD))
  const costs = after.map((i, at) => stretches[i]! - mean(others[at]!))
  const period = PERIOD * trimmed(others.flat())
  const shown = (cost: number): string => `${cost.toFixed(1)} ms, ${((100 * cost) / period).toFixed(1)} %`
  console.log(`a checkpoint (16 MB) every 100 steps of a network of 1.3 million weights, ${period.toFixed(0)} ms:`)
  console.log(`${shown(trimmed(costs))} (trimmed mean of ${costs.length}), median ${shown(median(costs))}`)
}

try {
  if (given.sides !== 'none') await files()
  await checkpoints()
} finally {
  rmSync(folder, { recursive: true })
}

/**
 * `npm run bench`: microseconds of a train step inside `fit`, on one thread and on all, beside PyTorch where Python
 * has it. The two sides take turns in short chunks, pinned to the same cores; the ratio is the median over the pairs.
 *
 * Options: `--rounds N` (default 7), `--seconds S` a chunk (default 0.3), `--only TEXT`, `--python PATH`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Workload, workloads } from './workload.js'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '0.3' },
    only: { type: 'string', default: '' },
    python: { type: 'string', default: process.env.FERROGRAD_PYTHON ?? 'python3' },
  },
})
const rounds = Number(options.rounds)
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const hasTorch = spawnSync(options.python, ['-c', 'import torch']).status === 0
const canPin = spawnSync('taskset', ['-V']).status === 0
if (!hasTorch)
  console.log(`${options.python} has no PyTorch: ours alone. Name another with --python or FERROGRAD_PYTHON.\n`)

/** A process that answers one chunk a request. */
interface Side {
  readonly ask: (workload: Workload, seconds: number) => Promise<{ microseconds: number; loss: number }>
  readonly end: () => void
}

function start(command: string, args: readonly string[], threads: number): Side {
  const cores = Array.from({ length: threads }, (_, core) => core).join(',')
  const [program, rest] = canPin ? ['taskset', ['-c', cores, command, ...args]] : [command, args]
  const child: ChildProcess = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('a side without pipes')
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const ask: Side['ask'] = async (workload, seconds) => {
    stdin.write(`${JSON.stringify({ workload, seconds })}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command} ended`)
    return JSON.parse(value)
  }
  return { ask, end: () => child.kill() }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

interface Row {
  workload: string
  threads: number
  ours: number
  torch?: number
  ratio?: number
}

async function measure(workload: Workload, threads: number): Promise<Row> {
  const tsx = ['--import', 'tsx', here('./ours.ts'), String(threads)]
  const ours = start(process.execPath, tsx, threads)
  const torch = hasTorch ? start(options.python, [here('./peers/torch_side.py'), String(threads)], threads) : undefined
  const seconds = Number(options.seconds)
  const pairs: { ours: number; torch: number }[] = []
  try {
    for (let round = 0; round < rounds + 1; round += 1) {
      const own = await ours.ask(workload, seconds)
      const other = await torch?.ask(workload, seconds)
      // The first round warms caches and clocks.
      if (round > 0) pairs.push({ ours: own.microseconds, torch: other?.microseconds ?? Number.NaN })
    }
  } finally {
    ours.end()
    torch?.end()
  }
  const row: Row = { workload: workload.name, threads, ours: median(pairs.map((pair) => pair.ours)) }
  if (torch === undefined) return row
  return {
    ...row,
    torch: median(pairs.map((pair) => pair.torch)),
    ratio: median(pairs.map((pair) => pair.torch / pair.ours)),
  }
}

const all = availableParallelism()
const rows: Row[] = []
console.log(
  `${'workload'.padEnd(28)}${'threads'.padStart(8)}${'ours µs'.padStart(12)}${'PyTorch µs'.padStart(12)}${'ratio'.padStart(9)}`,
)
for (const workload of workloads.filter(({ name }) => name.includes(options.only))) {
  for (const threads of all > 1 ? [1, all] : [1]) {
    const row = await measure(workload, threads)
    rows.push(row)
    const cells = [row.ours.toFixed(2), row.torch?.toFixed(1) ?? '–', row.ratio ? `${row.ratio.toFixed(2)}×` : '–']
    const [ours = '', torch = '', ratio = ''] = cells
    console.log(
      `${workload.name.padEnd(28)}${String(threads).padStart(8)}${ours.padStart(12)}${torch.padStart(12)}${ratio.padStart(9)}`,
    )
  }
}
mkdirSync(here('./results'), { recursive: true })
writeFileSync(here('./results/step.json'), `${JSON.stringify(rows, null, 2)}\n`)

/**
 * What attention and its gradients take of memory by the number of steps: `node --import tsx bench/attention-memory.ts`. Eight heads of
 * 64, a process for each number: the growth of its resident set's high-water mark (Linux) over the inputs; where all scores
 * are made, and block by block.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GradientTape, jit, ops, random, type Tensor } from 'ferrograd'
import { machine, table } from './report.js'

const [HEADS, SIZE] = [8, 64]

/** The most that this process has had in memory, in MB. */
function peak(): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024
}

async function growth(steps: number, flashAttention: boolean): Promise<number> {
  const inputs = [1, 2, 3].map((seed) => random.normal([1, steps, HEADS, SIZE], { seed })) as [Tensor, Tensor, Tensor]
  for (const x of inputs) await x.data()
  const both = jit((q: Tensor, k: Tensor, v: Tensor) => {
    const tape = new GradientTape()
    for (const x of [q, k, v]) tape.watch(x)
    const y = ops.dotProductAttention(q, k, v, { flashAttention })
    return [y, ...tape.gradient(ops.sum(ops.square(y)), [q, k, v])] as Tensor[]
  })
  const before = peak()
  for (const x of await both(...inputs)) await x.data()
  return peak() - before
}

function inProcess(steps: number, flashAttention: boolean): string {
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), String(steps), String(flashAttention)]
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout.trim()
}

const [steps, inBlocks] = process.argv.slice(2)
if (steps === undefined) {
  const rows = [1024, 2048, 4096, 8192].map((one) => [
    String(one),
    ((4 * one * HEADS * SIZE * 4) / 2 ** 20).toFixed(0),
    inProcess(one, true),
    one > 4096 ? '–' : inProcess(one, false),
  ])
  console.log(`${machine()}\n`)
  console.log(table(['steps', 'results', 'block by block', 'all scores'], rows))
} else console.log((await growth(Number(steps), inBlocks === 'true')).toFixed(0))

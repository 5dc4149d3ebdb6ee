/**
 * What a loop costs above its kernels: `node --import tsx bench/loops.ts`. A scan of steps that add and multiply one number, by
 * its length: what the first call takes more than others, in which it is drawn and compiled, and the time of a step. The least
 * of several calls counts, which other work on the machine disturbs least.
 *
 * Options: `--rounds N` (default 10).
 */
import { parseArgs } from 'node:util'
import { config, grad, jit, ops, type Tensor, tensor } from 'ferrograd'
import { digits, machine, table } from './report.js'

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } })
const rounds = Number(options.rounds)
/** What a step may take: it has one pass over one number, which is next to nothing. */
const GOAL = 1
const LENGTHS = [10, 100, 1000, 10_000, 100_000]

config.setThreads(1)

/** A leaky sum. */
const last = (xs: Tensor, leak: Tensor | number): Tensor =>
  ops.scan((sum: Tensor, x: Tensor) => [ops.add(ops.multiply(sum, leak), x), null], 0, xs)[0]

const kinds: Readonly<Record<string, (xs: Tensor) => Tensor>> = {
  forward: (xs) => last(xs, 0.5),
  'gradient of the leak': (xs) => grad((leak: Tensor) => last(xs, leak))(tensor(0.5)),
}

/** Milliseconds of a call. */
async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

const rows: string[][] = []
let met = true
for (const [kind, draw] of Object.entries(kinds))
  for (const length of LENGTHS) {
    const xs = ops.ones([length])
    await xs.data()
    let [first, later] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let round = 0; round < rounds; round += 1) {
      const step = jit(draw)
      const run = async (): Promise<unknown> => (await step(xs)).data()
      first = Math.min(first, await timed(run))
      for (let again = 0; again < 3; again += 1) later = Math.min(later, await timed(run))
    }
    const each = (1000 * later) / length
    if (length === 10_000 && kind === 'forward') met = each <= GOAL
    rows.push([`${kind}, ${length} steps`, digits(first - later), digits(1000 * later), digits(each)])
  }
console.log(`${machine()}\n`)
console.log(table(['scan', 'first call more, ms', 'a call, µs', 'a step, µs'], rows))
console.log(`\nforward, 10000 steps: ${met ? 'at most' : 'more than'} ${GOAL} µs a step`)

/** `npm run bench:costs`: what using the package costs besides the steps, and how training grows with what it is given. */
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { digits, machine, table, writeDocument, writeResults } from './report.js'
import { GROWTHS, measureGrowth, type Panel } from './scaling.js'
import { type Side, start } from './sides.js'
import { median } from './statistics.js'
import { drawPanels } from './svg.js'
import { type Workload, workloads } from './workload.js'

const HELP = `npm run bench:costs -- [options]

Time to the first step, size of the addon, memory, bookkeeping of fit, delay of the event loop; and growth with width,
depth, batch and data.

  --processes N   cold processes for the time to the first step (default 11)
  --seconds S     length of a turn (default 0.1)
  --only WHICH    costs or growth
  --docs          writes the tables and the picture into docs/
  --help
`

const { values: options } = parseArgs({
  options: {
    processes: { type: 'string', default: '11' },
    seconds: { type: 'string', default: '0.1' },
    only: { type: 'string' },
    docs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** A figure and what it should be at most. */
interface Cost {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly goal?: number
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const all = availableParallelism()
const seconds = Number(options.seconds)

if (options.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  console.log(`${machine()}\n`)
  if (options.only !== 'growth') await showCosts()
  if (options.only !== 'costs') await showGrowth()
}

async function showCosts(): Promise<void> {
  const costs: Cost[] = [...firstStep(Number(options.processes)), ...sizes(), ...eventLoop(), ...(await throughFit())]
  const lines = table(
    ['what', 'measured', 'goal', 'met'],
    costs.map(({ what, value, unit, goal }) => [
      what,
      `${digits(value)} ${unit}`,
      goal === undefined ? '–' : `≤ ${goal} ${unit}`,
      goal === undefined ? '–' : value <= goal ? 'yes' : 'no',
    ]),
  )
  console.log(`${lines}\n`)
  console.log(`written to ${writeResults('costs', { costs })}`)
  if (options.docs) writeDocument('bench:costs', `${machine()}.\n\n${lines}`)
}

async function showGrowth(): Promise<void> {
  const panels = await growth()
  const lines = tableOfGrowth(panels)
  console.log(`${lines}\n`)
  console.log(`written to ${writeResults('growth', { growth: panels })}`)
  if (!options.docs) return
  writeDocument('bench:growth', `${machine()}.\n\n${lines}`)
  writeFileSync(here('../docs/scaling.svg'), drawPanels('How training time grows', panels))
}

/** Runs a script in a process of its own and gives what it printed. */
function figuresOf<A>(script: string, ...args: string[]): A {
  return JSON.parse(execFileSync(process.execPath, [here(script), ...args], { encoding: 'utf8' })) as A
}

function firstStep(processes: number): Cost[] {
  type Times = { imported: number; built: number; trained: number; process: number }
  // The first process reads the files from the disk.
  const runs = (...args: string[]): Times[] =>
    Array.from({ length: processes + 1 }, () => figuresOf<Times>('./first-step.mjs', ...args)).slice(1)
  const [apart, whole] = [runs(), runs('whole')]
  const middle = (of: (times: Times) => number, all = apart): number => median(all.map(of))
  const unit = 'ms'
  return [
    { what: 'from import to the first finished step, cold process', value: middle((t) => t.trained), unit, goal: 60 },
    { what: '– importing', value: middle((t) => t.imported), unit },
    { what: '– building and compiling the model', value: middle((t) => t.built - t.imported), unit },
    { what: '– the first fit, of one step', value: middle((t) => t.trained - t.built), unit },
    {
      what: "the same, with layers of 'ferrograd' instead of 'ferrograd/layers'",
      value: middle((t) => t.trained, whole),
      unit,
    },
    { what: 'from the start of the process', value: middle((t) => t.process), unit },
  ]
}

/** Of the addon, and of what `npm install` lays down with it: the files that npm would pack. */
function sizes(): Cost[] {
  const folder = here('../native/')
  const binary = readdirSync(folder).find((name) => name.endsWith('.node'))
  if (binary === undefined) throw new Error('native/ holds no addon: npm run build:native')
  const addon = statSync(`${folder}${binary}`).size / 1e6
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const packed = execFileSync('npm', args, { cwd: here('..'), encoding: 'utf8', shell: process.platform === 'win32' })
  // A list or, from newer npms, an object by name.
  const [{ unpackedSize }] = Object.values(JSON.parse(packed)) as [{ unpackedSize: number }]
  return [
    { what: 'the built addon', value: addon, unit: 'MB', goal: 9 },
    { what: 'the package and its addon, installed', value: addon + unpackedSize / 1e6, unit: 'MB', goal: 12 },
  ]
}

function eventLoop(): Cost[] {
  const { idle, busy } = figuresOf<{ idle: number; busy: number }>('./event-loop.mjs')
  return [
    { what: 'event-loop delay while all cores train, p99', value: busy, unit: 'ms', goal: 5 },
    { what: '– idle', value: idle, unit: 'ms' },
  ]
}

async function throughFit(): Promise<Cost[]> {
  const [small, net] = ['2-3-1, batch 4', '784-128-10, batch 32'].map((name) => named(name))
  const peak = await onSide(all, async (side) => {
    await side.ask({ kind: 'time', workload: net!, seconds: 1, steps: 20 })
    return side.ask<number | null>({ kind: 'peak' })
  })
  const step = await timed(small!)
  const epoch = await timed({ ...small!, name: 'epochs of one step', batches: 1 })
  return [
    ...(peak === null
      ? []
      : [{ what: 'peak resident memory, training 784-128-10', value: peak, unit: 'MB', goal: 120 }]),
    { what: 'bookkeeping of fit, an epoch', value: epoch - step, unit: 'µs' },
  ]
}

function named(name: string): Workload {
  const found = workloads.find((workload) => workload.name === name)
  if (found === undefined) throw new Error(`workloads.json has no ${name}`)
  return found
}

/** Microseconds of a step of `fit` on one thread, the median of several turns. */
function timed(workload: Workload): Promise<number> {
  return onSide(1, async (side) => {
    const ask = (): Promise<{ microseconds: number }> => side.ask({ kind: 'time', workload, seconds, steps: 20 })
    await ask()
    const times: number[] = []
    for (let i = 0; i < 9; i++) times.push((await ask()).microseconds)
    return median(times)
  })
}

async function onSide<A>(threads: number, work: (side: Side) => Promise<A>): Promise<A> {
  const side = start('ours', '', threads, all)
  try {
    return await work(side)
  } finally {
    side.end()
  }
}

async function growth(): Promise<Panel[]> {
  const panels: Panel[] = []
  for (const one of GROWTHS) {
    const { title, axis, timed } = one
    const lines = []
    for (const threads of all > 1 ? [1, all] : [1]) {
      lines.push(await onSide(threads, (side) => measureGrowth(one, side, threads, seconds)))
    }
    panels.push({ title, axis, timed, lines })
  }
  return panels
}

function tableOfGrowth(panels: readonly Panel[]): string {
  const rows = panels.flatMap(({ title, lines }) =>
    lines.map(({ threads, points, power, powerAtTheEnd }) => {
      const [first, last] = [points[0]!, points.at(-1)!]
      const times = [first, last].map(({ x, y }) => `${x}: ${digits(y)}`)
      return [title, String(threads), ...times, power.toFixed(2), powerAtTheEnd.toFixed(2)]
    }),
  )
  return table(['growth', 'threads', 'smallest: µs', 'largest: µs', 'slope', 'slope of the last three'], rows)
}

/** `npm run bench:peers`: a train step of ours, PyTorch, JAX and TensorFlow.js, on one thread and on all. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { complaint, disagreements, measure, type Options, type Row } from './measure.js'
import { digits, machine, table, writeDocument, writeResults } from './report.js'
import { findPython, installed, PEERS, type Peer, type SideName, sitsOut, start, TITLES } from './sides.js'
import { type Workload, workloads } from './workload.js'

const HELP = `npm run bench:peers -- [options]

Times a step of every workload, ours and the peers' in turns on the same cores, after their losses have agreed.

  --only TEXT       workloads whose name holds TEXT
  --peers LIST      of ${PEERS.join(',')}; none for ours alone (default: all that are installed)
  --threads LIST    default: 1 and all cores
  --rounds N        turns of each side (default 9)
  --seconds S       length of a turn (default 0.25)
  --python PATH     a Python with torch and jax (default: FERROGRAD_PYTHON, what npm run bench:setup made, python3)
  --docs            writes the tables into docs/performance.md
  --help
`

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: PEERS.join(',') },
    threads: { type: 'string' },
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '0.25' },
    python: { type: 'string' },
    docs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const all = availableParallelism()
  const python = findPython(values.python)
  const asked = PEERS.filter((peer) => values.peers.split(',').includes(peer))
  const peers = installed(asked, python)
  const missing = asked.filter((peer) => !peers.includes(peer))
  if (missing.length > 0) {
    const names = missing.map((peer) => TITLES[peer]).join(', ')
    console.log(
      `Without ${names}: not installed. \`npm run bench:setup\` installs the peers; --python names another Python.\n`,
    )
  }
  const options: Options = { python, peers, rounds: Number(values.rounds), seconds: Number(values.seconds), all }
  const chosen = workloads.filter(({ name }) => name.includes(values.only))
  const threads = values.threads?.split(',').map(Number) ?? (all > 1 ? [1, all] : [1])

  const { versions, refused } = await agreement(chosen, options)
  console.log(`${machine()}; ${versions.join(', ')}\n`)
  const rows: Row[] = []
  for (const workload of chosen) {
    const agreeing = peers.filter((peer) => !refused.get(workload)?.includes(peer))
    for (const count of threads) {
      const row = await measure(workload, count, { ...options, peers: agreeing })
      rows.push(row)
      console.log(progress(row))
    }
  }
  const sides: SideName[] = ['ours', ...peers]
  const [times, memory] = [timesTable(rows, sides), memoryTable(rows, sides)]
  console.log(`\n${times}\n\n${memory}\n`)
  console.log(`written to ${writeResults('peers', { versions, options: { ...options, threads }, rows })}`)
  if (values.docs) writeDocument('bench:peers', `${machine()}; ${versions.join(', ')}.\n\n${times}\n\n${memory}`)
}

/** Who computes the same as ours, before any time counts. */
async function agreement(
  chosen: readonly Workload[],
  { python, peers, all }: Options,
): Promise<{ versions: string[]; refused: Map<Workload, SideName[]> }> {
  const [ours, ...others] = (['ours', ...peers] as const).map((name) => start(name, python, all, all))
  const refused = new Map<Workload, SideName[]>()
  try {
    const versions: string[] = []
    for (const side of [ours!, ...others]) versions.push(await side.ask<string>({ kind: 'version' }))
    for (const workload of chosen) {
      const present = others.filter(({ name }) => sitsOut(name as Peer, workload, 1) === undefined)
      const found = await disagreements(workload, ours!, present)
      for (const one of found) console.log(complaint(workload, one))
      refused.set(
        workload,
        found.map(({ side }) => side),
      )
    }
    return { versions: [...new Set(versions)], refused }
  } finally {
    for (const side of [ours!, ...others]) side.end()
  }
}

function progress({ workload, threads, sides, best }: Row): string {
  const times = Object.entries(sides).map(([name, { median }]) => `${TITLES[name as SideName]} ${digits(median)} µs`)
  const ratio = best === undefined ? '' : ` → ${digits(best.ratio)}× ${TITLES[best.side]}`
  return `${workload}, threads ${threads}: ${times.join(', ')}${ratio}`
}

function timesTable(rows: readonly Row[], sides: readonly SideName[]): string {
  const header = [
    'a step, µs (times ours)',
    'threads',
    ...sides.map((side) => TITLES[side]),
    'ahead of PyTorch, JAX',
    'mark',
    'met',
  ]
  const cell = (row: Row, side: SideName): string => {
    const timing = row.sides[side]
    if (timing === undefined) return '–'
    return timing.ratio === undefined ? digits(timing.median) : `${digits(timing.median)} (${digits(timing.ratio)}×)`
  }
  return table(
    header,
    rows.map((row) => [
      row.workload,
      String(row.threads),
      ...sides.map((side) => cell(row, side)),
      row.best === undefined ? '–' : `${digits(row.best.ratio)}×`,
      row.mark === null ? '–' : `${row.mark}×`,
      row.met === undefined ? '–' : row.met ? 'yes' : 'no',
    ]),
  )
}

function memoryTable(rows: readonly Row[], sides: readonly SideName[]): string {
  const cell = (row: Row, side: SideName): string => row.sides[side]?.peak?.toFixed(0) ?? '–'
  return table(
    ['peak resident memory, MB', 'threads', ...sides.map((side) => TITLES[side])],
    rows.map((row) => [row.workload, String(row.threads), ...sides.map((side) => cell(row, side))]),
  )
}

/** Agreement first, then time: sides take turns in short chunks, and a ratio is the median over the pairs of turns. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Peer, RIVALS, type Side, type SideName, sitsOut, start, TITLES } from './sides.js'
import { median } from './statistics.js'
import { type Workload, work } from './workload.js'

export interface Options {
  readonly python: string
  readonly peers: readonly Peer[]
  /** Turns of each side. */
  readonly rounds: number
  /** Length of a turn. */
  readonly seconds: number
  /** Threads that the machine lends. */
  readonly all: number
}

/** What was measured of one side. */
export interface Timing {
  /** Microseconds of a step: the median and the least of the turns. */
  readonly median: number
  readonly least: number
  /** How many times faster ours is: the median over the pairs of turns. */
  readonly ratio?: number
  /** The most memory the process held resident, in MB. */
  readonly peak: number | null
}

export interface Row {
  readonly workload: string
  readonly threads: number
  readonly sides: Partial<Record<SideName, Timing>>
  /** The fastest of PyTorch and JAX, and how many times faster ours is. */
  readonly best?: { readonly side: SideName; readonly ratio: number }
  readonly mark: number | null
  readonly met?: boolean
  /** Who sat out, and why. */
  readonly notes: readonly string[]
}

/** The largest relative difference of losses that counts as agreement, in float32. */
export const TOLERANCE = 1e-3

/** Steps before time counts. */
const WARM_UP = 20

/** A pause between turns, in which workers that still spin go to sleep. */
const PAUSE = 30

/** A peer whose losses differ from ours. */
export interface Disagreement {
  readonly side: SideName
  readonly difference: number
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
}

/** Trains each side from the same weights on the same batches; gives the peers whose epoch losses are not ours. */
export async function disagreements(workload: Workload, ours: Side, peers: readonly Side[]): Promise<Disagreement[]> {
  const request = { kind: 'agree', epochs: 3, workload: comparable(workload) } as const
  const own = await ours.ask<number[]>(request)
  const found: Disagreement[] = []
  for (const peer of peers) {
    const theirs = await peer.ask<number[]>(request)
    const difference = relativeDifference(own, theirs)
    // Not a number is not agreement.
    if (!(difference <= (workload.tolerance ?? TOLERANCE)))
      found.push({ side: peer.name, difference, ours: own, theirs })
  }
  return found
}

/** The workload with few batches, and without dropout, whose random bits differ from library to library. */
function comparable({ dropout: _, ...workload }: Workload): Workload {
  const enough = work(workload) > 1e8 ? 4 : 16
  return { ...workload, batches: Math.min(workload.batches, enough) }
}

export function relativeDifference(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY
  // Not `Math.max(…)` over an empty list, which is -Infinity.
  return ours.reduce((most, value, i) => {
    const difference = Math.abs(theirs[i]! - value) / Math.abs(value)
    return Number.isNaN(difference) ? difference : Math.max(most, difference)
  }, 0)
}

/** Times ours and the peers on so many threads, in processes of their own. */
export async function measure(workload: Workload, threads: number, options: Options): Promise<Row> {
  const { python, all } = options
  const reasons = options.peers.map((peer) => [peer, sitsOut(peer, workload, threads)] as const)
  const names: SideName[] = ['ours', ...reasons.filter(([, reason]) => reason === undefined).map(([peer]) => peer)]
  const sides = names.map((name) => start(name, python, threads, all))
  try {
    const turns = await takeTurns(workload, sides, options)
    const peaks = new Map<SideName, number | null>()
    for (const side of sides) peaks.set(side.name, await side.ask({ kind: 'peak' }))
    const notes = reasons.flatMap(([, reason]) => (reason === undefined ? [] : [reason]))
    return summary(workload, threads, turns, peaks, notes, all)
  } finally {
    for (const side of sides) side.end()
  }
}

/** Microseconds of a step for each turn of each side. tfjs, whose turns are long, takes three. */
async function takeTurns(workload: Workload, sides: readonly Side[], { rounds, seconds }: Options) {
  const turns = new Map<SideName, number[]>(sides.map(({ name }) => [name, []]))
  for (const side of sides) await side.ask({ kind: 'time', workload, seconds, steps: WARM_UP })
  for (let round = 0; round < rounds; round++) {
    // Every other round goes backwards, so that no side always follows the same one.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      if (side.name === 'tfjs' && round >= 3) continue
      await sleep(PAUSE)
      const { microseconds } = await side.ask<{ microseconds: number }>({ kind: 'time', workload, seconds, steps: 1 })
      turns.get(side.name)!.push(microseconds)
    }
  }
  return turns
}

function summary(
  workload: Workload,
  threads: number,
  turns: ReadonlyMap<SideName, readonly number[]>,
  peaks: ReadonlyMap<SideName, number | null>,
  notes: readonly string[],
  all: number,
): Row {
  const ours = turns.get('ours')!
  const timing = (name: SideName, times: readonly number[]): Timing => ({
    median: median(times),
    least: Math.min(...times),
    ...(name !== 'ours' && { ratio: median(times.map((time, round) => time / ours[round]!)) }),
    peak: peaks.get(name) ?? null,
  })
  const sides = Object.fromEntries([...turns].map(([name, times]) => [name, timing(name, times)]))
  const ratios = RIVALS.flatMap((side) => (side in sides ? [{ side, ratio: sides[side]!.ratio! }] : []))
  const mark = workload.marks[threads === 1 ? 0 : 1]
  const row = { workload: workload.name, threads, sides, mark: threads === 1 || threads === all ? mark : null, notes }
  if (ratios.length === 0) return row
  const best = ratios.reduce((least, next) => (next.ratio < least.ratio ? next : least))
  return { ...row, best, ...(row.mark !== null && { met: best.ratio >= row.mark }) }
}

/** One line about a peer that computed something else. */
export function complaint(workload: Workload, { side, difference, ours, theirs }: Disagreement): string {
  const text = (losses: readonly number[]): string => losses.map((loss) => loss.toPrecision(6)).join(', ')
  const off = Number.isFinite(difference) ? `by ${difference.toExponential(1)}` : ''
  return `${workload.name}: ${TITLES[side]} disagrees ${off} (ours ${text(ours)}; theirs ${text(theirs)}): not compared`
}

/**
 * The queue of runs that another thread does, in the order of calls. Until they end they are in flight: what is asked of
 * a variable that they read or change waits for its turn. Those of one moment are handed over together, since handing
 * over and hearing of the end take longer than many a run.
 */

import { type ErrorCode, FerrogradError } from '../errors.js'
import type { BindingProgram, BindingRuntime, BindingTensor } from './native.js'
import { PassingMap } from './passing-map.js'
import { job, runtime } from './runtime.js'

/** A run on its way. */
export interface Run {
  /** Who hands it over: the program, or its runtime. */
  readonly owner: BindingProgram | BindingRuntime
  /** The variables that it reads or changes. */
  readonly touched: ReadonlySet<object>
  /** About how many milliseconds it will take. */
  readonly milliseconds: number
  /** Takes its outputs, and the milliseconds that it took, waiting for others included. */
  readonly resolve: (outputs: BindingTensor[], took: number) => void
  readonly reject: (error: unknown) => void
}

/** So many milliseconds of work are handed over without waiting for more. */
const WORK = 0.25
/** The same for runs. */
const RUNS = 128

/** Runs that Rust keeps to be handed over. */
let waiting: Run[] = []
let work = 0

/** What was handed over and has not ended. */
const away = new PassingMap<Promise<void>, true>()

/** How many runs in flight touch each of these sets of variables. */
const touching = new PassingMap<ReadonlySet<object>, number>()

/** True where no run is in flight. */
export function queueIsEmpty(): boolean {
  return touching.size === 0
}

/** True while a run is in flight that reads or changes the variable. */
export function isInFlight(variable: object): boolean {
  for (const touched of touching.keys()) if (touched.has(variable)) return true
  return false
}

/** Queues a run, which `leave` leaves with Rust. */
export function enqueue(run: Run, leave: () => void): void {
  leave()
  touching.set(run.touched, (touching.get(run.touched) ?? 0) + 1)
  work += run.milliseconds
  if (waiting.push(run) === 1) queueMicrotask(handOver)
  if (!(work < WORK) || waiting.length >= RUNS) handOver()
}

/** Waits for the runs in flight, off the event loop. */
export async function queueEnd(): Promise<void> {
  handOver()
  while (away.size > 0) await Promise.all(away.keys())
}

/** Waits for the runs in flight, now: for whoever needs numbers at once. */
export function drainQueue(): void {
  if (queueIsEmpty()) return
  handOver()
  runtime().drain()
}

/** Hands over what waits. */
function handOver(): void {
  const [first] = waiting
  if (first === undefined) return
  const runs = waiting
  waiting = []
  work = 0
  const handed = carryOut(first.owner, runs)
  away.set(handed, true)
  handed.then(() => away.delete(handed))
}

/** Settles the runs when all have ended; never rejects. */
async function carryOut(owner: Run['owner'], runs: readonly Run[]): Promise<void> {
  const began = performance.now()
  try {
    const batch = await job((ticket) => owner.submit(ticket))
    const took = (performance.now() - began) / runs.length
    const outcomes = batch.take()
    runs.forEach(dequeue)
    for (const [index, outcome] of outcomes.entries()) {
      if (Array.isArray(outcome)) runs[index]?.resolve(outcome, took)
      else runs[index]?.reject(new FerrogradError(outcome.code as ErrorCode, outcome.message))
    }
  } catch (error) {
    runs.forEach(dequeue)
    for (const run of runs) run.reject(error)
  }
}

function dequeue({ touched }: Run): void {
  const others = (touching.get(touched) ?? 1) - 1
  if (others === 0) touching.delete(touched)
  else touching.set(touched, others)
}

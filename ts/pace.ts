/**
 * Which runs are short enough for the event loop's own thread.
 *
 * Handing a run to another thread and hearing of its end takes 30 to 100 µs. A step that takes not much longer itself
 * is run where it is called, a millisecond of such steps in a turn of the event loop at most: what comes after is
 * handed over, and who awaited each step goes on in the next turn.
 */

import type { Program } from './program.js'

/** How long the runs of one program take. */
export interface Pace {
  /** Milliseconds, as far as is known. */
  estimate: number
}

/** Runs of at most so many milliseconds happen at once. */
const SHORT = 0.5

/** So many milliseconds of them in one turn of the event loop. */
const TURN = 1

/** Programs of at most so many kernels and bytes are short before any run. */
const SMALL_STEPS = 64
const SMALL_BYTES = 64 * 1024

/** What is known of a program that has not run yet. */
export function paceOf(program: Program): Pace {
  const small = program.steps.length <= SMALL_STEPS && program.arenaBytes <= SMALL_BYTES
  return { estimate: small ? 0 : Number.POSITIVE_INFINITY }
}

/** Milliseconds of this turn that runs have taken. */
let spent = 0
/** The next turn; there while runs have taken some of this one. */
let next: Promise<void> | undefined

/** True where a run may happen here and now. */
export function mayRunHere({ estimate }: Pace): boolean {
  return estimate <= SHORT && spent < TURN
}

/** Notes a run that happened here; what to await before anybody hears of it, where the turn has been long enough. */
export function ranHere(pace: Pace, took: number): Promise<void> | undefined {
  pace.estimate = pace.estimate === 0 ? took : pace.estimate + (took - pace.estimate) / 8
  spent += took
  next ??= new Promise((resolve) => {
    setImmediate(() => {
      spent = 0
      next = undefined
      resolve()
    })
  })
  return spent < TURN ? undefined : next
}

/** Notes a run that another thread did: the way there and back, and waiting for others, are in its time. */
export function ranAway(pace: Pace, took: number): void {
  pace.estimate = Math.min(pace.estimate, took)
}

/**
 * Which runs are short enough for the event loop's own thread.
 *
 * Handing a run to another thread and hearing of its end takes 30 to 100 µs. A step that takes not much longer itself
 * is run where it is called, a millisecond of such steps in a turn of the event loop at most: what comes after is
 * handed over, and who awaited each step goes on in the next turn.
 */

// The global of this name is looked up anew each time.
import { performance } from 'node:perf_hooks'
import type { Program } from './program.js'
import { queueIsEmpty } from './run-queue.js'
import type { Tensor } from './tensor.js'

/** Runs of at most so many milliseconds happen at once. */
const SHORT = 0.5

/** So many milliseconds of them in one turn of the event loop. */
const TURN = 1

/** Programs of at most so many kernels and bytes are short before any run. */
const SMALL_STEPS = 64
const SMALL_BYTES = 64 * 1024

/** Milliseconds of this turn that runs have taken. */
let spent = 0
/** The next turn; there while runs have taken some of this one. */
let next: Promise<void> | undefined

/** Runs a program here and now where that is short, else on another thread; what `assemble` makes of its outputs. */
export function runInline<R>(
  program: Program,
  inputs: readonly Tensor[],
  assemble: (outputs: Tensor[]) => R,
): Promise<R> {
  const here = runHere(program, inputs)
  if (here === undefined) return runAway(program, inputs).then(assemble)
  const result = assemble(here)
  const turn = turnOver()
  return turn === undefined ? Promise.resolve(result) : turn.then(() => result)
}

/** What to await before anybody hears of a run here and now: the next turn, where this one has been long enough. */
export function turnOver(): Promise<void> | undefined {
  return spent < TURN ? undefined : next
}

/** True where a run is short, this turn has time for it, and no other comes first. */
export function mayRunHere(program: Program): boolean {
  return spent < TURN && queueIsEmpty() && estimateOf(program) <= SHORT
}

/** The outputs of a run here and now; none where it would be long, or where others come first. */
export function runHere(program: Program, inputs: readonly Tensor[]): Tensor[] | undefined {
  if (!mayRunHere(program)) return undefined
  const began = performance.now()
  const outputs = program.runSync(inputs)
  if (outputs !== undefined) ranHere(program, performance.now() - began)
  return outputs
}

async function runAway(program: Program, inputs: readonly Tensor[]): Promise<Tensor[]> {
  const estimate = estimateOf(program)
  const { outputs, took } = await program.runLater(inputs, estimate)
  ranAway(program, took)
  return outputs
}

/** Notes how many milliseconds a run on another thread took: waiting for others may be among them. */
export function ranAway(program: Program, took: number): void {
  program.estimate = Math.min(estimateOf(program), took)
}

/** Infinite for large programs before their first run, and for those that may run without an end. */
function estimateOf(program: Program): number {
  if (program.endless) return Number.POSITIVE_INFINITY
  program.estimate ??=
    program.steps.length <= SMALL_STEPS && program.arenaBytes <= SMALL_BYTES ? 0 : Number.POSITIVE_INFINITY
  return program.estimate
}

function ranHere(program: Program, took: number): void {
  const estimate = estimateOf(program)
  program.estimate = estimate === 0 ? took : estimate + (took - estimate) / 8
  spent += took
  next ??= new Promise((resolve) => {
    setImmediate(() => {
      spent = 0
      next = undefined
      resolve()
    })
  })
}

/**
 * Runs that were handed to another thread. They end in the order of calls, and until then they are in flight: what is
 * asked of a variable that they read or change waits for its turn.
 */

import { runtime } from './runtime.js'

/** Runs in flight, and how many of them touch each variable. */
const runs = new Set<Promise<unknown>>()
const touching = new Map<object, number>()

/** True where no run is in flight. */
export function lineIsEmpty(): boolean {
  return runs.size === 0
}

/** True while a run is in flight that reads or changes the variable. */
export function isInFlight(variable: object): boolean {
  return runs.size > 0 && touching.has(variable)
}

/** Notes a run from its start to its end. */
export async function inLine<R>(touched: readonly object[], start: () => Promise<R>): Promise<R> {
  const run = start()
  runs.add(run)
  for (const variable of touched) touching.set(variable, (touching.get(variable) ?? 0) + 1)
  try {
    return await run
  } finally {
    runs.delete(run)
    for (const variable of touched) leave(variable)
  }
}

function leave(variable: object): void {
  const others = (touching.get(variable) ?? 1) - 1
  if (others === 0) touching.delete(variable)
  else touching.set(variable, others)
}

/** Waits for the runs in flight, off the event loop. */
export async function lineEnd(): Promise<void> {
  while (runs.size > 0) await Promise.allSettled(runs)
}

/** Waits for the runs in flight, now: for whoever needs numbers at once. */
export function drainLine(): void {
  if (runs.size > 0) runtime().drain()
}

/** The machinery that every tensor of this JavaScript thread shares, and the one place that unwraps native errors. */

import { totalmem } from 'node:os'
import { type ErrorCode, FerrogradError, fail, hintFor } from '../errors.js'
import { BindingRuntime, instructionSets } from './native.js'
import { PassingMap } from './passing-map.js'

let current: BindingRuntime | undefined
let wanted = 0
let beside = 0
let level = 0

/** The runtime, made at the first use. */
export function runtime(): BindingRuntime {
  if (current === undefined) {
    const set = askedSet(process.env.FERROGRAD_ISA, instructionSets())
    current = new BindingRuntime(wanted, set, availableBytes(), settle)
    current.setPrecision(level)
    current.setDataThreads(beside)
  }
  return current
}

/** Bytes that this process could ever have: the machine's, or what its container allows. */
function availableBytes(): number {
  const allowed = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.min(totalmem(), allowed)
}

/** Every instruction set that the core has kernels for, whatever the processor. */
const sets: readonly string[] = ['portable', 'avx2', 'avx512']

/** What `FERROGRAD_ISA` in the environment asks for, out of what the processor has; nothing is the best of that. */
export function askedSet(asked: string | undefined, available: readonly string[]): string | undefined {
  if (asked === undefined || asked === '') return undefined
  if (available.includes(asked)) return asked
  const hint = sets.includes(asked) ? `This processor has no ${asked}` : hintFor(asked, available)
  return fail('ERR_CONFIG', 'FERROGRAD_ISA', `one of ${available.join(', ')}`, asked, hint)
}

/** Uses `count` compute threads from now on, 0 for as many as the machine lends; running jobs keep theirs. */
export function useThreads(count: number): void {
  wanted = count
  current = undefined
}

/** Uses `count` threads for data and files from now on, 0 for as many as compute; what runs keeps its own. */
export function useDataThreads(count: number): void {
  beside = count
  current?.setDataThreads(count)
}

/** Computes pending tensors at a precision, as the core counts them, from now on; running jobs keep theirs. */
export function usePrecision(code: number): void {
  level = code
  current?.setPrecision(code)
}

/** The precision of pending tensors, as the core counts them. */
export function usedPrecision(): number {
  return level
}

/** Calls into the addon; its errors become ours, on the caller's line. */
export function native<R>(call: () => R): R {
  try {
    return call()
  } catch (error) {
    throw unwrap(error)
  }
}

/** A promise that a native job will settle. */
interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: FerrogradError) => void
}

const waiting = new PassingMap<number, Waiting>()
let tickets = 0

/** Keeps the process alive while jobs run. Native calls back do not, so that one of them can serve all jobs. */
let alive: NodeJS.Timeout | undefined
const FOREVER = 0x7fff_ffff

/** Starts a native job and settles when it has ended. The process stays alive until then. */
export function job<R>(start: (ticket: number) => R): Promise<R> {
  return new Promise((resolve, reject) => {
    tickets = (tickets + 1) >>> 0
    const started = native(() => start(tickets))
    waiting.set(tickets, { resolve: () => resolve(started), reject })
    alive ??= setInterval(() => undefined, FOREVER)
    if (waiting.size === 1) alive.ref()
  })
}

/** Called by the addon, in a turn of its own for each job that has ended. */
function settle(ticket: number, code: string | null, message: string | null): void {
  const ended = waiting.get(ticket)
  waiting.delete(ticket)
  if (waiting.size === 0) alive?.unref()
  if (code === null) ended?.resolve()
  else ended?.reject(new FerrogradError(code as ErrorCode, message ?? code))
}

/** A native error as one of ours; anything else as it is. */
export function unwrap(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof FerrogradError) return error
  const code = (error as { code?: unknown }).code
  if (typeof code !== 'string') return error
  const known = code.startsWith('ERR_') ? (code as ErrorCode) : 'ERR_INTERNAL'
  return new FerrogradError(known, error.message)
}

/** The machinery that every tensor of this JavaScript thread shares, and the one place that unwraps native errors. */

import { type ErrorCode, FerrogradError } from './errors.js'
import { BindingRuntime } from './native.js'

let current: BindingRuntime | undefined
let wanted = 0

/** The runtime, made at the first use. */
export function runtime(): BindingRuntime {
  current ??= new BindingRuntime(wanted)
  return current
}

/** Uses `count` compute threads from now on, 0 for as many as the machine lends; running jobs keep theirs. */
export function useThreads(count: number): void {
  wanted = count
  current = undefined
}

/** Calls into the addon; its errors become ours, on the caller's line. */
export function native<R>(call: () => R): R {
  try {
    return call()
  } catch (error) {
    throw unwrap(error)
  }
}

/** Starts a native job and settles when it calls back. The process stays alive until then. */
export function job<R>(start: (done: (code: string | null, message: string | null) => void) => R): Promise<R> {
  return new Promise((resolve, reject) => {
    let started: R | undefined
    const done = (code: string | null, message: string | null): void => {
      if (code === null) resolve(started as R)
      else reject(new FerrogradError(code as ErrorCode, message ?? code))
    }
    started = native(() => start(done))
  })
}

/** A native error as one of ours; anything else as it is. */
function unwrap(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof FerrogradError) return error
  const code = (error as { code?: unknown }).code
  if (typeof code !== 'string') return error
  const known = code.startsWith('ERR_') ? (code as ErrorCode) : 'ERR_INTERNAL'
  return new FerrogradError(known, error.message)
}

/** The stack of running traces. */

import type { CustomCall } from './recording.js'
import type { Tensor } from './tensor.js'
import type { Variable } from './variable.js'

/** The variables of one trace: the symbol that stands for each, and the value assigned so far. */
export interface Frame {
  readonly symbols: Map<Variable, Tensor>
  readonly updates: Map<Variable, Tensor>
  /** Functions with gradients of their own that were called. */
  readonly customs: CustomCall[]
  /** The `trainable` flags that were read, as they were; none for those that the trace itself had set before. */
  readonly flags: Map<Flagged, boolean | undefined>
}

/** A variable or layer. */
export interface Flagged {
  readonly trainable: boolean
}

// Tracing is synchronous, so the stack of running traces needs no more than this.
const running: (Frame | undefined)[] = []

/** The innermost running trace. */
export function currentTrace(): Frame | undefined {
  return running.at(-1)
}

/** Runs `fn` in a trace, or with `undefined` outside of every trace. */
export function within<R>(frame: Frame | undefined, fn: () => R): R {
  running.push(frame)
  try {
    return fn()
  } finally {
    running.pop()
  }
}

let changes = 0

/** How often any `trainable` flag has been set. */
export function flagChanges(): number {
  return changes
}

/** Tells the running trace that what it draws depends on the flag. */
export function noteFlag(owner: Flagged, value: boolean): boolean {
  const flags = currentTrace()?.flags
  if (flags !== undefined && !flags.has(owner)) flags.set(owner, value)
  return value
}

/** Tells that the flag is set; what a trace sets itself is not something that its program depends on. */
export function noteFlagChange(owner: Flagged): void {
  changes += 1
  const flags = currentTrace()?.flags
  if (flags !== undefined && !flags.has(owner)) flags.set(owner, undefined)
}

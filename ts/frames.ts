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

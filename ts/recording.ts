/** Recording for gradients outside traced functions: history is kept, and what was read of each variable. */

import type { Tensor } from './tensor.js'
import type { Variable } from './variable.js'

/** What one recording saw: the tensor that stood for each variable when it was first read. */
export type Reads = Map<Variable, Tensor>

// Recording is synchronous, so the stack of running recordings needs no more than this.
const running: Reads[] = []
const kept = 0

/** True while some tape may still ask for the history of what is computed. */
export function isRecording(): boolean {
  return running.length > 0 || kept > 0
}

/** The tensor that stands for `variable` in the running recordings, made by `read` at the first use. */
export function recordRead(variable: Variable, read: () => Tensor): Tensor {
  const known = running.map((reads) => reads.get(variable)).find((tensor) => tensor !== undefined)
  const tensor = known ?? read()
  for (const reads of running) if (!reads.has(variable)) reads.set(variable, tensor)
  return tensor
}

/** Forgets what stood for `variable`: it has been assigned to. The first reading stays in `reads`. */
export function record<R>(reads: Reads, fn: () => R): R {
  running.push(reads)
  try {
    return fn()
  } finally {
    running.pop()
  }
}

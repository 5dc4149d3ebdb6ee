/** What tapes see: the tensor that stood for each variable, and the functions with gradients of their own. */

import type { Tensor } from './tensor.js'
import type { Variable } from './variable.js'

/** A function that was called with a gradient of the user's. */
export interface CustomCall {
  /** What it gave, cut off from its inputs. */
  readonly outputs: readonly Tensor[]
  readonly inputs: readonly Tensor[]
  /** `∂loss/∂outputs → ∂loss/∂input` for each input; of some output there is one, others may have none. */
  readonly backward: (upstream: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[]
}

/** What one recording saw. */
export interface Recording {
  /** The tensor that stood for each variable when it was first read. */
  readonly reads: Map<Variable, Tensor>
  readonly customs: CustomCall[]
}

// Recording is synchronous, so the stack of running recordings needs no more than this.
const running: Recording[] = []

/** An empty recording. */
export function newRecording(): Recording {
  return { reads: new Map(), customs: [] }
}

/** True while a tape records: what is drawn now must keep its history. */
export function isRecording(): boolean {
  return running.length > 0
}

/** What the innermost tape that has seen `variable` saw; `now` for those that have not. */
export function recordRead(variable: Variable, now: () => Tensor): Tensor {
  let tensor: Tensor | undefined
  for (let index = running.length - 1; index >= 0 && tensor === undefined; index -= 1) {
    tensor = running[index]?.reads.get(variable)
  }
  tensor ??= now()
  noteRead(variable, tensor)
  return tensor
}

/** Tells the running tapes which tensor stands for `variable` now; the first one stays. */
export function noteRead(variable: Variable, tensor: Tensor): void {
  for (const { reads } of running) if (!reads.has(variable)) reads.set(variable, tensor)
}

/** Tells the running tapes of a call with a gradient of its own. */
export function noteCustom(call: CustomCall): void {
  for (const { customs } of running) customs.push(call)
}

/** Runs `fn` while `recording` looks on. */
export function record<R>(recording: Recording, fn: () => R): R {
  running.push(recording)
  try {
    return fn()
  } finally {
    running.pop()
  }
}

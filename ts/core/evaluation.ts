/**
 * How pending numbers get computed: what was asked for and what was assigned to variables, together in one program.
 *
 * Computing the assigned values along keeps a loop written by hand short: each round starts from numbers.
 */

import type { BindingTensor } from './native.js'
import { isRecording } from './recording.js'
import { job, native, runtime } from './runtime.js'

/** A value that a variable was given and that is not yet in Rust. */
export interface Assignment {
  readonly value: BindingTensor
  /** Puts the computed value into Rust, after the runs in flight that read or change the variable. */
  store(): void
}

/** The last assignment of each variable whose value is still here. */
const assignments = new Map<object, Assignment>()

/** So many variables may wait for their values before they are computed unasked. */
const WAITING = 256
/** So many assignments may follow one another before their values are computed unasked. */
const CHAIN = 64
let chained = 0

/** Remembers that `variable` was given a value; a loop that only assigns does not grow its graph without end. */
export function assigned(variable: object, assignment: Assignment): void {
  assignments.set(variable, assignment)
  chained += 1
  const long = chained >= CHAIN * Math.max(1, assignments.size) || assignments.size >= WAITING
  if (long && !isRecording()) settleVariables()
}

/** Puts every assigned value into Rust, now: before a program runs, since it may read any of them. */
export function settleVariables(): void {
  if (assignments.size > 0) computeNow([], isRecording())
}

/** Computes tensors now. With `keep` they go on knowing what they were computed from. */
export function evaluateNow(handles: readonly BindingTensor[], keep: boolean): void {
  // While a tape records, a variable's value must stay the tensor that was assigned.
  if (isRecording()) native(() => runtime().evaluateSync([...handles], true))
  else computeNow(handles, keep)
}

/** Computes tensors off the event loop. */
export async function evaluateLater(handles: readonly BindingTensor[], keep: boolean): Promise<void> {
  const waiting = isRecording() ? [] : [...assignments]
  const all = [...handles, ...waiting.map(([, { value }]) => value)]
  await job((ticket) => runtime().evaluate(all, keep, ticket))
  for (const [variable, assignment] of waiting) {
    if (assignments.get(variable) === assignment) settle(variable, assignment)
  }
}

function computeNow(handles: readonly BindingTensor[], keep: boolean): void {
  const waiting = [...assignments]
  native(() => runtime().evaluateSync([...handles, ...waiting.map(([, { value }]) => value)], keep))
  for (const [variable, assignment] of waiting) {
    // Storing one behind runs in flight settles the others.
    if (assignments.get(variable) === assignment) settle(variable, assignment)
  }
}

function settle(variable: object, assignment: Assignment): void {
  assignments.delete(variable)
  if (assignments.size === 0) chained = 0
  assignment.store()
}

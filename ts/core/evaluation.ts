/**
 * How pending numbers get computed: what was asked for and what was assigned to variables, together in one program.
 *
 * Computing the assigned values along keeps a loop written by hand short: each round starts from numbers.
 */

import { FerrogradError } from '../errors.js'
import { type BindingTensor, BindingVariable, firstNotFinite } from './native.js'
import { PassingMap } from './passing-map.js'
import { isRecording } from './recording.js'
import { job, native, runtime } from './runtime.js'

/** A value that a variable was given and that is not yet in Rust. */
export interface Assignment {
  readonly variable: BindingVariable
  readonly value: BindingTensor
  /** Assigned while a tape recorded: until that ends, its value must stay the tensor that was assigned. */
  readonly recorded: boolean
  /** Those that are made or refused together: none of them counts where one is not finite. */
  readonly together: Together | undefined
  /** Told that it does not count. */
  readonly undo: () => void
  /** Told that the value has been computed; true where it is left to a run that comes after those in flight. */
  readonly leave: () => boolean
}

/** Assignments that belong together, such as those of one step of an optimizer. */
export interface Together {
  /** What to say where a value is not finite. */
  refusal(variable: object): FerrogradError
}

let together: Together | undefined

/**
 * The assignments that `assign` makes count only where all of their values turn out to be finite. What `variables` were
 * given before stays whatever becomes of these, so it is computed first, alone.
 */
export function assignTogether(group: Together, variables: readonly object[], assign: () => void): void {
  if (!isRecording() && variables.some((variable) => assignments.has(variable))) settleVariables()
  const outer = together
  together = group
  try {
    assign()
  } finally {
    together = outer
  }
}

/** What the assignments that are made now belong to. */
export function currentGroup(): Together | undefined {
  return together
}

/** The last assignment of each variable whose value is still here. */
const assignments = new PassingMap<object, Assignment>()

/** So many variables may wait for their values before they are computed unasked. */
const WAITING = 256
/** So many assignments may follow one another before their values are computed unasked. */
const CHAIN = 64
let chained = 0

/** Remembers that `variable` was given a value; a loop that only assigns does not grow its graph without end. */
export function assigned(variable: object, assignment: Assignment): void {
  assignments.set(variable, assignment)
  chained += 1
  if (isRunning(variable)) settleSoon()
  const long = chained >= CHAIN * Math.max(1, assignments.size) || assignments.size >= WAITING
  if (long && !isRecording()) settleVariables()
}

/** The variables of passes that are under way, which read them again at each step. */
const running = new PassingMap<ReadonlySet<object>, true>()
let soon = false

/** Until the returned function is called, what is assigned to the variables reaches Rust without being asked for. */
export function whileRunning(variables: ReadonlySet<object>): () => void {
  running.set(variables, true)
  return () => running.delete(variables)
}

function isRunning(variable: object): boolean {
  for (const variables of running.keys()) if (variables.has(variable)) return true
  return false
}

/** Puts what is assigned now into Rust all at once, so that no step sees half of it. */
function settleSoon(): void {
  if (soon) return
  soon = true
  queueMicrotask(() => {
    soon = false
    try {
      settleVariables()
    } catch (error) {
      // Values that cannot be computed say so where they are asked for; those that were refused, at the next chance.
      if (error instanceof FerrogradError && error.code === 'ERR_NON_FINITE') missed = error
    }
  })
}

/** What was refused while nobody was there to hear of it. */
let missed: FerrogradError | undefined

/** Puts every assigned value into Rust, now: before a program runs, since it may read any of them. */
export function settleVariables(): void {
  if (missed !== undefined) {
    const error = missed
    missed = undefined
    throw error
  }
  if (assignments.size > 0) computeNow([], isRecording())
}

/** As {@link settleVariables} amid a recording, without what that has assigned itself. */
export function settleUnrecorded(): void {
  const waiting = [...assignments].filter(([, { recorded }]) => !recorded)
  native(() =>
    runtime().evaluateSync(
      waiting.map(([, { value }]) => value),
      true,
    ),
  )
  settle(waiting)
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
  settle(waiting)
}

function computeNow(handles: readonly BindingTensor[], keep: boolean): void {
  const waiting = [...assignments]
  native(() => runtime().evaluateSync([...handles, ...waiting.map(([, { value }]) => value)], keep))
  settle(waiting)
}

const NONE: ReadonlyMap<Together | undefined, FerrogradError> = new Map()

/** Puts computed values into Rust, those of variables that no run in flight touches all at once. */
function settle(waiting: readonly (readonly [object, Assignment])[]): void {
  const now: Assignment[] = []
  const refused = refusedOf(waiting)
  for (const [variable, assignment] of waiting) {
    // Another value may have come meanwhile.
    if (assignments.get(variable) !== assignment) continue
    assignments.delete(variable)
    if (refused.has(assignment.together)) assignment.undo()
    else if (!assignment.leave()) now.push(assignment)
  }
  if (assignments.size === 0) chained = 0
  const [first] = now
  if (now.length === 1) native(() => first!.variable.assign(first!.value))
  else if (now.length > 1) {
    native(() =>
      BindingVariable.assignAll(
        now.map(({ variable }) => variable),
        now.map(({ value }) => value),
      ),
    )
  }
  for (const error of refused.values()) throw error
}

/** The groups of which some computed value is not finite, and what to say of each. */
function refusedOf(
  waiting: readonly (readonly [object, Assignment])[],
): ReadonlyMap<Together | undefined, FerrogradError> {
  const grouped = waiting.filter(([, { together }]) => together !== undefined)
  if (grouped.length === 0) return NONE
  const refused = new Map<Together | undefined, FerrogradError>()
  let first = firstNotFinite(grouped.map(([, { value }]) => value))
  for (let from = 0; first >= 0; ) {
    const [variable, { together }] = grouped[from + first]!
    if (!refused.has(together)) refused.set(together, together!.refusal(variable))
    from += first + 1
    first = firstNotFinite(grouped.slice(from).map(([, { value }]) => value))
  }
  return refused
}

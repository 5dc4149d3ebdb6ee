/**
 * How pending numbers get computed: what was asked for and what was assigned to variables, together in one program.
 *
 * Computing the assigned values along keeps a loop written by hand short: each round starts from numbers.
 */

import { FerrogradError } from '../errors.js'
import { Attached } from './attached.js'
import { type BindingTensor, BindingVariable, firstNotFinite } from './native.js'
import { PassingMap } from './passing-map.js'
import { isRecording } from './recording.js'
import { job, native, runtime } from './runtime.js'
import type { Tensor } from './tensor.js'

/** A value that a variable was given and that is not yet in Rust. */
export interface Assignment {
  readonly variable: BindingVariable
  readonly value: BindingTensor
  readonly tensor: Tensor
  /** The value has its numbers already: computing it cannot fail. */
  readonly computed: boolean
  /** Assigned while a tape recorded: until that ends, its value must stay the tensor that was assigned. */
  readonly recorded: boolean
  /** Those that are made or refused together: none of them counts where one cannot be computed or is refused. */
  readonly together: Together | undefined
  /** What waited before, for the case that this one does not count. */
  earlier: Assignment | undefined
  readonly holder: Holder
}

/** What the class of variables does for assignments. */
export interface Holder {
  /** Somebody has read the value since it was assigned. */
  wasRead(variable: object): boolean
  /** The value does not count. */
  undo(variable: object, assignment: Assignment): void
  /** What came after the value does not count: it is the variable's again. */
  redo(variable: object, assignment: Assignment): void
  /** The value has been computed; true where it is left to a run that comes after those in flight. */
  leave(variable: object, assignment: Assignment): boolean
}

/** Assignments that belong together, such as those of one step of an optimizer or one update of a metric. */
export interface Together {
  /** What to say where a value is not finite; such values count where it is missing. */
  readonly refusal?: (variable: object) => FerrogradError
  /** It does not count. */
  takenBack?: true
}

let together: Together | undefined

/**
 * The assignments that `assign` makes count only where all of their values turn out to be finite; else `refusal` says what
 * was wrong. What `variables` were given before stays whatever becomes of these, so it is computed first, alone.
 */
export function assignTogether(
  refusal: NonNullable<Together['refusal']>,
  variables: readonly object[],
  assign: () => void,
): void {
  if (!isRecording() && variables.some((variable) => assignments.has(variable))) settleVariables(variables)
  within({ refusal }, assign)
}

/** The assignments that `assign` makes count only where it comes to its end and all of their values can be computed. */
export function assignWhole<R>(assign: () => R): R {
  return together === undefined ? within({}, assign) : assign()
}

/** Runs `assign`, and takes back what it has assigned where it does not come to its end. */
function within<R>(group: Together, assign: () => R): R {
  const outer = together
  together = group
  try {
    return assign()
  } catch (error) {
    takeBack(group)
    throw error
  } finally {
    together = outer
    if (outer === undefined) settleIfMany([])
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
/** So many numbers may wait in values that others have replaced. */
const REPLACED = 2 ** 22
let chained = 0
let replaced = 0

/** Remembers that `variable` was given a value; a loop that only assigns does not grow its graph without end. */
export function assigned(variable: object, assignment: Assignment): void {
  // Alone and computed, it can only count: what it replaces is never asked for again.
  if (assignment.together !== undefined || !assignment.computed) {
    assignment.earlier = assignments.get(variable)
    if (assignment.earlier !== undefined) replaced += assignment.tensor.size
  }
  assignments.set(variable, assignment)
  forget(variable)
  chained += 1
  if (isRunning(variable)) settleSoon()
  if (together === undefined) settleIfMany([variable])
}

function settleIfMany(variables: readonly object[]): void {
  const { size } = assignments
  const many = chained >= CHAIN * Math.max(1, size) || size >= WAITING || replaced >= REPLACED
  if (many && !isRecording()) settleVariables(variables)
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
      settleVariables([])
    } catch (error) {
      // Values that cannot be computed say so where they are asked for; those that were refused, at the next chance.
      if (error instanceof FerrogradError && error.code === 'ERR_NON_FINITE') missed = error
    }
  })
}

/** What was refused while nobody was there to hear of it. */
let missed: FerrogradError | undefined

/**
 * Puts every assigned value into Rust, now: before a program runs, since it may read any of them.
 *
 * @throws What went wrong with an assignment to one of `variables`, which are about to be read.
 */
export function settleVariables(variables: Iterable<object>): void {
  if (missed !== undefined) {
    const error = missed
    missed = undefined
    throw error
  }
  if (assignments.size > 0) computeNow([], isRecording())
  tellFailures(variables)
}

/** As {@link settleVariables} amid a recording, without what that has assigned itself. */
export function settleUnrecorded(variable: object): void {
  computeWith(unrecorded, [], true)
  tellFailures([variable])
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
  const compute = (all: BindingTensor[]): Promise<unknown> => job((ticket) => runtime().evaluate(all, keep, ticket))
  try {
    await compute([...handles, ...valuesOf(waiting)])
  } catch (error) {
    if (waiting.length === 0) throw error
    const own = await compute([...handles]).then(nothing, errorOf)
    for (const [, { value }] of waiting) await compute([value]).catch(nothing)
    // What can be computed has its numbers now.
    settleApart(everything, keep, own)
    if (own !== undefined) throw own.error
    return
  }
  settle(waiting)
}

function computeNow(handles: readonly BindingTensor[], keep: boolean): void {
  computeWith(everything, handles, keep)
}

type Waiting = readonly (readonly [object, Assignment])[]

const everything = (): Waiting => [...assignments]
const unrecorded = (): Waiting => everything().filter(([, { recorded }]) => !recorded)

/** Computes tensors and what waits in one program; one by one where that fails. */
function computeWith(whatWaits: () => Waiting, handles: readonly BindingTensor[], keep: boolean): void {
  const waiting = whatWaits()
  try {
    native(() => runtime().evaluateSync([...handles, ...valuesOf(waiting)], keep))
  } catch (error) {
    if (waiting.length === 0) throw error
    const own = failureOf(handles, keep)
    settleApart(whatWaits, keep, own)
    if (own !== undefined) throw own.error
    return
  }
  settle(waiting)
}

function valuesOf(waiting: Waiting): BindingTensor[] {
  return waiting.map(([, { value }]) => value)
}

/** What went wrong where values were computed. */
interface Failure {
  readonly error: unknown
  /** Somebody knows. */
  told?: true
}

const nothing = (): undefined => undefined
const errorOf = (error: unknown): Failure => ({ error })

function failureOf(handles: readonly BindingTensor[], keep: boolean): Failure | undefined {
  try {
    native(() => runtime().evaluateSync([...handles], keep))
    return undefined
  } catch (error) {
    return { error }
  }
}

/**
 * Settles one by one. What cannot be computed does not count, nor does what belongs together with it; whoever reads one of
 * these variables next is told, unless `heard` tells whoever has read one and computes with it now.
 */
function settleApart(whatWaits: () => Waiting, keep: boolean, heard: Failure | undefined): void {
  for (let round = whatWaits(); round.length > 0; ) {
    const dropped: object[] = []
    for (const [variable, assignment] of round) {
      if (assignments.get(variable) !== assignment) continue
      const failure = failureOf([assignment.value], keep)
      if (failure !== undefined) dropped.push(...drop(variable, assignment, failure, heard))
    }
    // What they had before may have to be computed, too.
    round = dropped.flatMap((variable) => {
      const earlier = assignments.get(variable)
      return earlier === undefined ? [] : [[variable, earlier] as const]
    })
  }
  settle(whatWaits())
}

/** Takes an assignment back with all that it belongs to; gives their variables. */
function drop(variable: object, assignment: Assignment, failure: Failure, heard: Failure | undefined): object[] {
  const isHeard =
    heard !== undefined && assignment.holder.wasRead(variable) && String(heard.error) === String(failure.error)
  const { together: group } = assignment
  const variables = group === undefined ? takeBackOne(variable, assignment) : takeBack(group)
  if (!isHeard) for (const one of variables) failures.set(one, failure)
  anyFailed ||= !isHeard
  return variables
}

/** Gives the variables that a group had assigned what they had before. */
function takeBack(group: Together): object[] {
  group.takenBack = true
  return everything().flatMap(([variable, assignment]) =>
    assignment.together === group ? takeBackOne(variable, assignment) : [],
  )
}

function takeBackOne(variable: object, assignment: Assignment): object[] {
  let { earlier } = assignment
  while (earlier?.together?.takenBack) ({ earlier } = earlier)
  assignment.holder.undo(variable, assignment)
  if (earlier === undefined) assignments.delete(variable)
  else {
    assignments.set(variable, earlier)
    earlier.holder.redo(variable, earlier)
  }
  return [variable]
}

/** What went wrong with the last assignment to a variable, until somebody is told. */
const failures = new Attached<object, Failure>('failed assignment')
let anyFailed = false

/** Throws what went wrong with an assignment to one of `variables`: once for all that belongs together. */
export function tellFailures(variables: Iterable<object>): void {
  if (!anyFailed) return
  for (const variable of variables) {
    const failure = failures.get(variable)
    if (failure === undefined) continue
    failures.set(variable, undefined)
    if (failure.told) continue
    failure.told = true
    throw laterError(variable as { readonly name: string }, failure.error)
  }
}

/** An error for whoever may not be the one that made the mistake. */
function laterError({ name }: { readonly name: string }, cause: unknown): unknown {
  if (!(cause instanceof FerrogradError)) return cause
  const what = 'a value that was assigned could not be computed, so that it does not count'
  return new FerrogradError(cause.code, `'${name}': ${what}: ${cause.message}`, { cause })
}

/** A new value is there: what went wrong with those before does not matter any more. */
function forget(variable: object): void {
  if (anyFailed && failures.get(variable) !== undefined) failures.set(variable, undefined)
}

const NONE: ReadonlyMap<Together | undefined, FerrogradError> = new Map()

/** Puts computed values into Rust, those of variables that no run in flight touches all at once. */
function settle(waiting: Waiting): void {
  const now: Assignment[] = []
  const refused = refusedOf(waiting)
  for (const [variable, assignment] of waiting) {
    // Another value may have come meanwhile.
    if (assignments.get(variable) !== assignment) continue
    assignments.delete(variable)
    if (refused.has(assignment.together)) assignment.holder.undo(variable, assignment)
    else if (!assignment.holder.leave(variable, assignment)) now.push(assignment)
  }
  if (assignments.size === 0) chained = replaced = 0
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
function refusedOf(waiting: Waiting): ReadonlyMap<Together | undefined, FerrogradError> {
  const grouped = waiting.filter(([, { together }]) => together?.refusal !== undefined)
  if (grouped.length === 0) return NONE
  const refused = new Map<Together | undefined, FerrogradError>()
  let first = firstNotFinite(grouped.map(([, { value }]) => value))
  for (let from = 0; first >= 0; ) {
    const [variable, { together }] = grouped[from + first]!
    if (!refused.has(together)) refused.set(together, together!.refusal!(variable))
    from += first + 1
    first = firstNotFinite(grouped.slice(from).map(([, { value }]) => value))
  }
  return refused
}

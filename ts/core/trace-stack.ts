/** The stack of running traces. */

import { PassingMap } from './passing-map.js'
import type { Guard } from './program.js'
import type { CustomCall } from './recording.js'
import type { Tensor } from './tensor.js'
import type { Variable } from './variable.js'

/** The variables of one trace: the symbol that stands for each, and the value assigned so far. */
export interface Frame {
  readonly symbols: Map<Variable, Tensor>
  readonly updates: Map<Variable, Tensor>
  /** Functions with gradients of their own that were called. */
  readonly customs: CustomCall[]
  /** What has to be finite before anything changes. */
  readonly guards: Guard[]
  /** What it read that may be set at any time. */
  readonly settings: Settings
  /** True where there is a loop in it that may go on without an end. */
  endless: boolean
}

/**
 * What a trace read of objects that may be set at any time, as it was: `trainable` flags, constraints. A program that
 * was drawn from them is of no use once they are others.
 */
export class Settings {
  readonly #read = new Map<object, Map<string, unknown>>()
  /** When they were last seen to be as they were, counted in changes of any setting. */
  #seen = -1

  /** Notes the value that was read; what the trace itself had set before is nothing that it depends on. */
  note(owner: object, name: string, value: unknown): void {
    const own = this.#read.get(owner)
    if (own === undefined) this.#read.set(owner, new Map([[name, value]]))
    else if (!own.has(name)) own.set(name, value)
  }

  /** True where everything that was read is as it was. */
  get areCurrent(): boolean {
    if (this.#seen === changes) return true
    for (const [owner, own] of this.#read) {
      for (const [name, value] of own) {
        if (value !== SET_BY_TRACE && (owner as Record<string, unknown>)[name] !== value) return false
      }
    }
    this.#seen = changes
    return true
  }
}

const SET_BY_TRACE: unique symbol = Symbol('set by the trace')

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

/** How often any setting has been set. */
let changes = 0

/** Told, in a later microtask, that some setting has been set. */
const listeners = new PassingMap<() => void, true>()
let told = true

/** Calls `listener` after settings have been set, once for all of one moment, until the returned function is called. */
export function onSetting(listener: () => void): () => void {
  listeners.set(listener, true)
  return () => listeners.delete(listener)
}

/** Tells the running trace that what it draws depends on a setting, by default `trainable`. */
export function noteFlag<V>(owner: object, value: V, name = 'trainable'): V {
  currentTrace()?.settings.note(owner, name, value)
  return value
}

/** Tells that a setting is set. */
export function noteFlagChange(owner: object, name = 'trainable'): void {
  changes += 1
  currentTrace()?.settings.note(owner, name, SET_BY_TRACE)
  if (listeners.size === 0 || !told) return
  told = false
  queueMicrotask(() => {
    told = true
    for (const listener of listeners.keys()) listener()
  })
}

/** Tells the running trace what has to be finite before anything changes. */
export function noteGuards(guards: readonly Guard[]): void {
  currentTrace()?.guards.push(...guards.filter(({ tensor }) => tensor.dtype.startsWith('float')))
}

/** Tells the running trace that nobody knows how long its program will run. */
export function noteEndless(): void {
  const frame = currentTrace()
  if (frame !== undefined) frame.endless = true
}

/** Several callbacks as one, called in order. */
import { type State, stateFields } from '../core/state.js'
import { fail, hintFor } from '../errors.js'
import type { Model } from '../model/model.js'
import {
  Callback,
  type CallbackLike,
  type Hooks,
  hookNames,
  type Logs,
  type Progress,
  type RunParams,
} from './callback.js'

/** The hooks that take an epoch or a batch number. */
export type NumberedHook = Extract<keyof Hooks, `on${string}Batch${string}` | `onEpoch${string}`>

/** The hooks that take logs alone. */
export type PlainHook = Exclude<
  keyof Hooks,
  | NumberedHook
  | 'setModel'
  | 'setParams'
  | 'onTrainProgress'
  | 'onInterrupt'
  | 'stopsOnNonFinite'
  | 'getState'
  | 'setState'
>

/** Calls each callback's hook in order, and waits for each. */
export class CallbackList {
  readonly callbacks: readonly Hooks[]

  constructor(callbacks: readonly CallbackLike[]) {
    this.callbacks = callbacks as readonly Hooks[]
  }

  /** Whether any callback has this hook. */
  has(hook: keyof Hooks): boolean {
    return this.callbacks.some((callback) => callback[hook] !== undefined)
  }

  /** Whether any callback deals with a loss that is not finite. */
  get stopsOnNonFinite(): boolean {
    return this.callbacks.some((callback) => callback.stopsOnNonFinite === true)
  }

  begin(model: Model, params: RunParams): void {
    for (const callback of this.callbacks) {
      callback.setModel?.(model)
      callback.setParams?.(params)
    }
  }

  async call(hook: PlainHook, logs: Logs): Promise<void> {
    await this.callNow(hook, logs)
  }

  /** As {@link call}, with something to wait for only where a hook gives a promise: others have been called already. */
  callNow(hook: PlainHook, logs: Logs): Promise<void> | undefined {
    const rest = this.callbacks.values()
    for (const callback of rest) {
      const waits = callback[hook]?.(logs)
      if (isThenable(waits)) return callRest(waits, rest, hook, logs)
    }
    return undefined
  }

  async callNumbered(hook: NumberedHook, index: number, logs: Logs): Promise<void> {
    for (const callback of this.callbacks) await callback[hook]?.(index, logs)
  }

  /** A training that fails leaves what callbacks draw in order. */
  interrupt(): void {
    for (const callback of this.callbacks) callback.onInterrupt?.()
  }

  /** What each callback that remembers something has to: `{ class, state }`. */
  getState(): State[] {
    const states = this.callbacks.map((callback) => ({
      class: classOf(callback),
      state: callback.getState?.() ?? null,
    }))
    return states.filter(({ state }) => state !== null)
  }

  /** Lets each callback go on from its state: the first of a class from the first state of that class, and so on. */
  setState(states: readonly State[]): void {
    const left = states.map((one) => stateFields('callbacks', one))
    for (const callback of this.callbacks.filter(({ setState }) => setState !== undefined)) {
      const place = left.findIndex((one) => one.class === classOf(callback))
      const [found] = place < 0 ? [] : left.splice(place, 1)
      if (found?.state != null) callback.setState?.(found.state)
    }
  }

  progress(progress: Progress, logs: Logs): void {
    for (const callback of this.callbacks) callback.onTrainProgress?.(progress, logs)
  }
}

async function callRest(waits: PromiseLike<void>, rest: Iterable<Hooks>, hook: PlainHook, logs: Logs): Promise<void> {
  await waits
  for (const callback of rest) await callback[hook]?.(logs)
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/** What a callback is called in a checkpoint. */
function classOf(callback: Hooks): string {
  return callback instanceof Callback ? callback.className : callback.constructor.name
}

/** The callbacks of a call, checked: objects whose hooks have names that exist. */
export function checkCallbacks(where: string, value: unknown): readonly CallbackLike[] {
  if (value === undefined || value === null) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  list.forEach((callback, i) => void checkCallback(`${where}[${i}]`, callback))
  return Object.freeze([...list]) as readonly CallbackLike[]
}

function checkCallback(where: string, callback: unknown): void {
  if (typeof callback !== 'object' || callback === null) {
    fail('ERR_CONFIG', where, 'a callback or an object with hooks', callback)
  }
  if (callback instanceof Callback || isForeignCallback(callback)) return
  const names: readonly string[] = hookNames
  for (const [key, value] of Object.entries(callback)) {
    const known = names.includes(key)
    if (known && value !== undefined && typeof value !== 'function')
      fail('ERR_CONFIG', `${where}.${key}`, 'a function', value)
    if (!known && typeof value === 'function') unknownHook(where, key)
  }
}

function unknownHook(where: string, key: string): never {
  return fail('ERR_CONFIG', where, 'functions named as hooks are', key, hintFor(key, hookNames))
}

/** An instance of a class (its helpers may have any name) rather than an object literal. */
function isForeignCallback(callback: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(callback)
  return prototype !== Object.prototype && prototype !== null
}

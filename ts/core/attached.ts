/** What modules know of an object of another's class. */

/**
 * A value beside an object, kept on the object itself. The values of a `WeakMap` live until V8 next looks through the whole
 * heap, however soon their keys are gone: what hangs on models, which come and go, would pile up until then.
 */
export class Attached<K extends object, V> {
  readonly #key: symbol

  /** `what` shows in debuggers. */
  constructor(what: string) {
    this.#key = Symbol(what)
  }

  /** The value of `owner`, if it has one. */
  get(owner: K): V | undefined {
    return (owner as Record<symbol, V | undefined>)[this.#key]
  }

  /** Lets `owner` have a value; undefined takes it away. */
  set(owner: K, value: V | undefined): void {
    // Not enumerable: it is no part of what the owner is made of.
    Object.defineProperty(owner, this.#key, { value, writable: true, configurable: true })
  }
}

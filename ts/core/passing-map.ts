/** Maps that live as long as the module, of what lives for a call. */

/**
 * A map whose entries come and go. V8 links the table of a map to the one that it grows or shrinks into: where one of them
 * has become old, all that came after it stay, with what was in them then, until V8 next looks through the whole heap. So a
 * map that is empty begins anew.
 */
export class PassingMap<K, V> {
  #entries = new Map<K, V>()

  get size(): number {
    return this.#entries.size
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value)
  }

  delete(key: K): void {
    this.#entries.delete(key)
    if (this.#entries.size === 0) this.#entries = new Map()
  }

  keys(): MapIterator<K> {
    return this.#entries.keys()
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#entries.entries()
  }
}

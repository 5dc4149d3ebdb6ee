/** Work of many pieces on the thread of the event loop, which turns now and then meanwhile. */

import { setImmediate as turn } from 'node:timers/promises'

/** Threads that compute take the core from this one for some milliseconds; what it does at a time has to be a part of that. */
const LONG_MS = 0.5
/** About how often to look at the clock, which takes longer than short pieces do. */
const LOOK_MS = 0.05
/** The most pieces between two looks. */
const MOST = 64

/** When the event loop is to turn. */
export class Turns {
  readonly #long: number
  #began = performance.now()
  #looked = this.#began
  #stride = 1
  /** Pieces until the next look. */
  #left = 1

  constructor(long: number = LONG_MS) {
    this.#long = long
  }

  /** Asked before each piece: whether the event loop is to turn first. */
  get due(): boolean {
    this.#left -= 1
    if (this.#left > 0) return false
    const now = performance.now()
    this.#stride = now - this.#looked > LOOK_MS ? Math.max(1, this.#stride >> 1) : Math.min(MOST, this.#stride * 2)
    this.#left = this.#stride
    this.#looked = now
    return now - this.#began > this.#long
  }

  /** Lets it turn. */
  async turn(): Promise<void> {
    await turn()
    this.#began = this.#looked = performance.now()
  }
}

/** Compiled programs that are kept for the next call of their kind, as long as they are used now and then. */

import type { Program } from './program.js'
import type { Settings } from './trace-stack.js'

/** What is kept: a program, and what it was traced for. */
export interface Kept {
  readonly program: Program
  /** A program beside it, which goes with it. */
  readonly watch?: Program | undefined
  readonly settings: Settings
}

/** How much is kept. */
export interface Room {
  readonly programs: number
  /** What their runs work in, together. */
  readonly bytes: number
}

/** So many are kept whatever they take: a training with its validation changes between some all the time. */
const LEAST = 8

/** Programs by what they are for; those that were used least recently leave, and what their runs worked in is freed. */
export class KeptPrograms<P extends Kept> {
  readonly #entries = new Map<string, P>()
  readonly #room: Room
  #bytes = 0

  constructor(room: Room) {
    this.#room = room
  }

  get size(): number {
    return this.#entries.size
  }

  /** The program of a key for the settings as they are, made where there is none. */
  of(key: string, make: () => P): P {
    for (let variant = 0; ; variant += 1) {
      const known = this.#entries.get(`${variant} ${key}`)
      if (known !== undefined && !known.settings.areCurrent) continue
      return known === undefined ? this.#add(`${variant} ${key}`, make()) : this.#use(`${variant} ${key}`, known)
    }
  }

  #use(key: string, program: P): P {
    this.#entries.delete(key)
    this.#entries.set(key, program)
    return program
  }

  #add(key: string, program: P): P {
    this.#entries.set(key, program)
    this.#bytes += bytesOf(program)
    for (const [oldest, left] of this.#entries) {
      const { programs, bytes } = this.#room
      const fits = this.#entries.size <= programs && this.#bytes <= bytes
      if (fits || this.#entries.size <= LEAST) break
      this.#entries.delete(oldest)
      this.#bytes -= bytesOf(left)
      left.program.release()
      left.watch?.release()
    }
    return program
  }
}

function bytesOf({ program, watch }: Kept): number {
  return program.arenaBytes + (watch?.arenaBytes ?? 0)
}

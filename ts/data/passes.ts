/** Passes over a flow, one after the other, and where the newest one is. */

import { type State, type Stateful, stateFields } from '../core/state.js'
import { fail } from '../errors.js'
import { checkCount } from './check.js'
import type { Chunk } from './chunk.js'
import { cut, type Demand, type Flow } from './flow.js'
import { singles } from './source.js'

/** Where a data set is: plain JSON. */
export interface Position {
  /** The pass, from 0. */
  readonly pass: number
  /** How many elements of it have been given. */
  readonly given: number
}

/** The part of a data set that has to do with going through it: {@link Dataset} is what extends it. */
export abstract class Passes<T> implements AsyncIterable<T>, Stateful {
  readonly #flow: Flow<T>
  #passes = 0
  /** Where the newest iterator is. */
  #position: Position = { pass: 0, given: 0 }
  /** Where the next one begins, if not at the start of a pass. */
  #restored: number | undefined

  /**
   * `open` starts pass number `pass`, from 0, and gives its elements from number `from` on; one that knows of passes alone
   * begins each at its start.
   */
  constructor(open: ((pass: number, from: number) => AsyncIterable<T>) | Flow<T>, endless = false) {
    if (typeof open !== 'function' && typeof open?.open !== 'function')
      fail('ERR_CONFIG', 'Dataset', 'a function that opens a pass', open, 'Or call Dataset.from(…)')
    this.#flow = typeof open === 'function' ? singles(open, endless, open.length > 1) : open
  }

  /** What it is made of, for `fit`. */
  get flow(): Flow<T> {
    return this.#flow
  }

  /** Whether it is known never to end. */
  get endless(): boolean {
    return this.#flow.endless === true
  }

  /** How many elements a pass has, where that is known without going through it: over arrays, unless filtered. */
  get count(): number | undefined {
    return this.#flow.count
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.iterate()
  }

  /** The next pass. Where `left` aborts, nobody reads on: streams are closed, even amid a wait. */
  iterate(left?: AbortSignal): AsyncIterator<T> {
    const from = this.#restored ?? 0
    this.#restored = undefined
    return this.iterateFrom(from, left)
  }

  /**
   * The next pass without its first `from` elements. Over arrays they are not made (functions of `map` are not called for
   * them); of other sources, and behind `filter`, they are drawn and dropped.
   */
  iterateFrom(from: number, left?: AbortSignal): AsyncIterator<T> {
    return this.#elements(
      from,
      Object.assign(() => 1, { left }),
    )
  }

  /** The next pass from chunk to chunk, as `fit` takes it. */
  chunksFrom(from: number, demand: Demand): AsyncIterator<Chunk<T>> {
    checkCount('Dataset.iterateFrom.from', from, 0)
    return cut(this.#flow.open(this.nextPass(), from, demand), demand)
  }

  /** All elements of one pass. */
  async toArray(): Promise<T[]> {
    const all: T[] = []
    for await (const element of { [Symbol.asyncIterator]: () => this.#elements(0, () => 1024) }) all.push(element)
    return all
  }

  async *#given(from: number, pass: number, demand: Demand): AsyncGenerator<T> {
    for await (const chunk of this.#flow.open(pass, from, demand)) {
      for (let i = 0; i < chunk.length; i++) {
        this.#position = { pass, given: this.#position.given + 1 }
        yield chunk.at(i)
      }
    }
    this.#position = { pass: pass + 1, given: 0 }
  }

  #elements(from: number, demand: Demand): AsyncGenerator<T> {
    checkCount('Dataset.iterateFrom.from', from, 0)
    const pass = this.nextPass()
    this.#position = { pass, given: from }
    return this.#given(from, pass, demand)
  }

  /** The number of the pass that begins now. */
  protected nextPass(): number {
    this.#passes += 1
    return this.#passes - 1
  }

  /**
   * Where the newest iteration is, as a small JSON value: {@link restore} on a data set made the same way goes on with the very next
   * element, in the same order.
   */
  state(): Position {
    return this.#position
  }

  /** The next iteration goes on behind what {@link state} saw. */
  restore(position: Position): void {
    const { pass, given } = (position ?? {}) as Partial<Position>
    checkCount('Dataset.restore.pass', pass, 0)
    checkCount('Dataset.restore.given', given, 0)
    this.#passes = pass
    this.#restored = given
    this.#position = { pass, given }
  }

  /** How often it has been gone through: what the next pass depends on. */
  getState(): State {
    return { passes: this.#passes }
  }

  /** Goes on from what {@link getState} gave: the next pass is the one that came next there. */
  setState(state: State): void {
    const { passes } = stateFields('Dataset', state)
    if (!(Number.isSafeInteger(passes) && (passes as number) >= 0))
      fail('ERR_FORMAT', 'Dataset state', '{ passes }', passes)
    this.#passes = passes as number
  }
}

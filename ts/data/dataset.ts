/** Data that comes in pieces and can be gone through again. */

import { sizeOf } from '../core/shapes.js'
import { type State, type Stateful, stateFields } from '../core/state.js'
import { FerrogradError, fail } from '../errors.js'
import { checkSeed } from '../options/kinds.js'
import type { TypedArray } from '../types.js'
import { isShaped, typedArray } from './marshal.js'
import { below, uint32Stream } from './permutation.js'
import { blank, type ShapedArray } from './shaped.js'
import { stackRows } from './stack.js'

/** Whatever gives elements one by one. */
export type Source<T> = Iterable<T> | AsyncIterable<T>

/** A source, or a function that opens a new one for each pass. */
export type SourceLike<T> = Source<T> | (() => Source<T> | Promise<Source<T>>)

/** Rows of arrays that belong together. */
export type RowOf<R> = {
  readonly [K in keyof R]: R[K] extends ShapedArray<infer T>
    ? ShapedArray<T>
    : R[K] extends readonly (infer E)[]
      ? E
      : number
}

/**
 * A re-iterable stream of elements, each pass from the start. Nothing is read before somebody iterates.
 *
 * @example
 * ```ts
 * import { Dataset } from 'ferrograd/data'
 * import { digits } from 'ferrograd/datasets'
 *
 * const { x, y } = digits()
 * const batches = Dataset.fromArrays({ x, y }).shuffle(1000, 1).batch(32)
 * ```
 */
export class Dataset<T> implements AsyncIterable<T>, Stateful {
  readonly #open: Open<T>
  /** Whether it is known never to end. */
  readonly endless: boolean
  readonly #known: Known<T>
  #passes = 0

  /** `open` starts pass number `pass`, from 0, and gives its elements from number `from` on. */
  constructor(open: Open<T>, endless = false, known: Known<T> = {}) {
    // One that knows of passes alone begins each at its start.
    this.#open = open.length < 2 ? (pass, from) => dropped(open(pass, 0), from) : open
    this.endless = endless
    this.#known = known
  }

  /** From an array, any iterable that can be iterated again, or a function (a generator function, too) that opens one. */
  static from<T>(source: SourceLike<T>): Dataset<T> {
    if (typeof source !== 'function' && !isSource(source)) {
      fail('ERR_DATA', 'Dataset.from', 'an iterable, or a function that returns one', source)
    }
    return new Dataset((_, from) => dropped(openSource(source), from))
  }

  /** One element a sample: `{ x: row, y: row }`. */
  static fromArrays<const R extends Readonly<Record<string, ShapedArray | TypedArray | readonly unknown[]>>>(
    arrays: R,
  ): Dataset<RowOf<R>> {
    const rows = sampleCount(arrays)
    const at = (i: number): RowOf<R> =>
      Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, rowAt(array, i)])) as RowOf<R>
    const open: Open<RowOf<R>> = async function* (_, from) {
      for (let i = from; i < rows; i++) yield at(i)
    }
    return new Dataset(open, false, { count: rows, at })
  }

  /** How many elements a pass has, where that is known without going through it: over `fromArrays`, unless filtered. */
  get count(): number | undefined {
    return this.#known.count
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.iterateFrom(0)
  }

  /**
   * The next pass without its first `from` elements. Over `fromArrays` they are not made (functions of `map` are not called
   * for them); of other sources, and behind `filter`, they are drawn and dropped.
   */
  iterateFrom(from: number): AsyncIterator<T> {
    checkCount('Dataset.iterateFrom.from', from, 0)
    return this.#open(this.#passes++, from)[Symbol.asyncIterator]()
  }

  /** How often it has been gone through: what the next pass depends on. */
  getState(): State {
    return { passes: this.#passes }
  }

  /** Goes on from what {@link getState} gave: the next pass is the one that came next there. */
  setState(state: State): void {
    const { passes } = stateFields('Dataset', state)
    if (!Number.isSafeInteger(passes)) fail('ERR_FORMAT', 'Dataset state', '{ passes }', passes)
    this.#passes = passes as number
  }

  /** Each element through a function, which may be asynchronous. */
  map<U>(change: (element: T, index: number) => U | Promise<U>): Dataset<U> {
    const { count, at } = this.#known
    const changed = at && (async (index: number): Promise<U> => await change(await at(index), index))
    return this.#then({ count, at: changed }, async function* (open, from) {
      let index = from
      for await (const element of open(from)) yield await change(element, index++)
    })
  }

  /** The elements that pass a test. */
  filter(test: (element: T) => boolean | Promise<boolean>): Dataset<T> {
    return this.#then({}, (open, from) => dropped(passing(open(0), test), from))
  }

  /** Groups of `size` elements, stacked: numbers become typed arrays, rows become arrays with one more axis. */
  batch(size: number, { dropRemainder = false }: { readonly dropRemainder?: boolean } = {}): Dataset<Stacked<T>> {
    checkCount('Dataset.batch.size', size, 1)
    const { count: rows } = this.#known
    const count = rows === undefined ? undefined : dropRemainder ? Math.floor(rows / size) : Math.ceil(rows / size)
    return this.#then({ count }, async function* (open, from) {
      let group: T[] = []
      for await (const element of open(from * size)) {
        group.push(element)
        if (group.length < size) continue
        yield stackRows(group) as Stacked<T>
        group = []
      }
      if (group.length > 0 && !dropRemainder) yield stackRows(group) as Stacked<T>
    })
  }

  /** Draws each element from a buffer of the next `buffer` ones; the order depends on `seed` and the number of the pass. */
  shuffle(buffer: number, seed: number = 0): Dataset<T> {
    checkCount('Dataset.shuffle.buffer', buffer, 1)
    checkSeed('Dataset.shuffle.seed', seed)
    const { count, at } = this.#known
    const open: Open<T> = (pass, from) => {
      const next = uint32Stream(seed + Math.imul(pass, 0x9e3779b9))
      if (from === 0 || at === undefined || count === undefined)
        return dropped(shuffled(this.#open(pass, 0), buffer, next), from)
      return shuffledFrom(from, { count, at, open: (start) => this.#open(pass, start) }, buffer, next)
    }
    return new Dataset(open, this.endless, { count })
  }

  /** The same elements `count` times; without a count, for ever. */
  repeat(count: number = Number.POSITIVE_INFINITY): Dataset<T> {
    if (count !== Number.POSITIVE_INFINITY) checkCount('Dataset.repeat.count', count, 0)
    const open = this.#open
    const { count: each } = this.#known
    const endless = count === Number.POSITIVE_INFINITY
    return new Dataset(
      async function* (pass, from) {
        // Whole rounds are passed over where it is known how many elements they have.
        const first = each === undefined || each === 0 ? 0 : Math.floor(from / each)
        let skip = from - first * (each ?? 0)
        for (let round = first; round < count; round++) {
          let given = 0
          for await (const element of open(
            endless ? pass + round : pass * count + round,
            each === undefined ? 0 : skip,
          )) {
            given += 1
            if (each !== undefined || given > skip) yield element
          }
          // Nothing, for ever: stop looking.
          if (given === 0) return
          skip = each === undefined ? Math.max(0, skip - given) : 0
        }
      },
      this.endless || endless,
      each === undefined || endless ? {} : { count: each * count },
    )
  }

  /** The first `count` elements. */
  take(count: number): Dataset<T> {
    checkCount('Dataset.take.count', count, 0)
    const open = this.#open
    const { count: all } = this.#known
    const taken: Open<T> = async function* (pass, from) {
      let left = count - from
      if (left <= 0) return
      for await (const element of open(pass, from)) {
        yield element
        if (--left === 0) return
      }
    }
    return new Dataset(taken, false, all === undefined ? {} : { count: Math.min(all, count) })
  }

  /** All but the first `count` elements. */
  skip(count: number): Dataset<T> {
    checkCount('Dataset.skip.count', count, 0)
    const { count: all } = this.#known
    const left = all === undefined ? undefined : Math.max(0, all - count)
    return this.#then({ count: left }, (open, from) => open(from + count))
  }

  /** Every `count`-th element, beginning with number `index`: one of `count` disjoint parts. */
  shard(count: number, index: number): Dataset<T> {
    checkCount('Dataset.shard.count', count, 1)
    if (!(Number.isInteger(index) && index >= 0 && index < count))
      fail('ERR_CONFIG', 'Dataset.shard.index', `an integer in [0, ${count})`, index)
    const { count: all } = this.#known
    const part = all === undefined ? undefined : Math.max(0, Math.ceil((all - index) / count))
    return this.#then({ count: part }, async function* (open, from) {
      let seen = 0
      for await (const element of open(from * count + index)) if (seen++ % count === 0) yield element
    })
  }

  /** Asks for up to `depth` elements ahead of the one that is used. */
  prefetch(depth: number): Dataset<T> {
    checkCount('Dataset.prefetch.depth', depth, 1)
    const { count } = this.#known
    return this.#then({ count }, (open, from) => prefetched(open(from), depth))
  }

  /** All elements of one pass. */
  async toArray(): Promise<T[]> {
    const all: T[] = []
    for await (const element of this) all.push(element)
    return all
  }

  #then<U>(
    known: Known<U>,
    change: (open: (from: number) => AsyncIterable<T>, from: number) => AsyncIterable<U>,
  ): Dataset<U> {
    const open: Open<U> = (pass, from) => change((start) => this.#open(pass, start), from)
    return new Dataset(open, this.endless, known)
  }
}

/** Starts pass number `pass`, and gives its elements from number `from` on. */
type Open<T> = (pass: number, from: number) => AsyncIterable<T>

/** What is known of a data set without going through it. */
interface Known<T> {
  /** How many elements a pass has. */
  readonly count?: number | undefined
  /** The element of a number, the same in every pass. */
  readonly at?: ((index: number) => T | Promise<T>) | undefined
}

/** What `batch` makes of elements: objects and lists element by element, numbers and rows as arrays with a batch axis. */
export type Stacked<T> = T extends number | boolean | ShapedArray | TypedArray
  ? ShapedArray
  : T extends readonly unknown[] | object
    ? { readonly [K in keyof T]: Stacked<T[K]> }
    : never

/** Opens a source for one pass; an iterator that has been used up cannot give a second one. */
async function* openSource<T>(source: SourceLike<T>): AsyncGenerator<T> {
  const opened = typeof source === 'function' ? await source() : source
  if (!isSource(opened)) fail('ERR_DATA', 'Dataset.from', 'an iterable out of the function', opened)
  if (isOneShot(opened)) spend(opened)
  yield* opened as AsyncIterable<T>
}

const spent = new WeakSet<object>()

/** Marks a one-shot iterator as used; the second use is an error, and not a silent end. */
export function spend(source: object): void {
  if (spent.has(source)) {
    throw new FerrogradError(
      'ERR_STATE',
      'data: this iterator was used up by an earlier pass and cannot start again. ' +
        'Pass the generator function itself (or any function that opens the source), and each epoch opens a new one',
    )
  }
  spent.add(source)
}

/** Whether iterating again would go on where the first time ended: the source is its own iterator. */
export function isOneShot(source: Source<unknown>): boolean {
  if (Symbol.asyncIterator in source) return isOwn(source, (source as AsyncIterable<unknown>)[Symbol.asyncIterator])
  return isOwn(source, (source as Iterable<unknown>)[Symbol.iterator])
}

/** Asked only of generators and of objects with `next`: calling the method of others might open something. */
function isOwn(source: object, open: () => unknown): boolean {
  return 'next' in source && open.call(source) === source
}

/** Whether a value can be iterated. */
export function isSource(value: unknown): value is Source<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
}

/** All but the first elements. */
function dropped<T>(elements: AsyncIterable<T>, count: number): AsyncIterable<T> {
  return count === 0 ? elements : dropping(elements, count)
}

async function* dropping<T>(elements: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let seen = 0
  for await (const element of elements) if (seen++ >= count) yield element
}

async function* passing<T>(elements: AsyncIterable<T>, test: (element: T) => boolean | Promise<boolean>) {
  for await (const element of elements) if (await test(element)) yield element
}

async function* shuffled<T>(
  elements: AsyncIterable<T>,
  buffer: number,
  next: () => number,
  held: T[] = [],
): AsyncGenerator<T> {
  const draw = (): T => removeAt(held, below(held.length, next))
  for await (const element of elements) {
    if (held.length === buffer) yield draw()
    held.push(element)
  }
  while (held.length > 0) yield draw()
}

async function* prefetched<T>(elements: AsyncIterable<T>, depth: number): AsyncGenerator<T> {
  const iterator = elements[Symbol.asyncIterator]()
  const asked: Promise<IteratorResult<T>>[] = []
  const ask = (): void => {
    const next = iterator.next()
    // It may fail before its turn comes; it is thrown when it does.
    next.catch(() => undefined)
    asked.push(next)
  }
  try {
    for (let i = 0; i < depth; i++) ask()
    for (;;) {
      const next = await asked.shift()!
      if (next.done === true) return
      ask()
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}

/** Elements that can be had by their numbers. */
interface Rows<T> {
  readonly count: number
  readonly at: (index: number) => T | Promise<T>
  readonly open: (from: number) => AsyncIterable<T>
}

/** The same order from element `from` on: it is drawn with the numbers of elements, and those left over are made. */
async function* shuffledFrom<T>(
  from: number,
  { count, at, open }: Rows<T>,
  buffer: number,
  next: () => number,
): AsyncGenerator<T> {
  const held: number[] = []
  let read = 0
  for (let given = 0; given < from && (read < count || held.length > 0); given += 1) {
    while (held.length < buffer && read < count) held.push(read++)
    removeAt(held, below(held.length, next))
  }
  yield* shuffled(open(read), buffer, next, await Promise.all(held.map(at)))
}

/** Takes one out; the last comes into its place. */
function removeAt<T>(held: T[], index: number): T {
  const drawn = held[index]!
  held[index] = held.at(-1)!
  held.pop()
  return drawn
}

function rowAt(array: ShapedArray | TypedArray | readonly unknown[], row: number): unknown {
  if (!isShaped(array)) return array[row]
  const rowShape = array.shape.slice(1)
  const width = sizeOf(rowShape)
  if (rowShape.length === 0) return array.values[row]
  const values = blank(array.values, width)
  values.set(array.values.subarray(row * width, (row + 1) * width))
  return { values, shape: rowShape }
}

function sampleCount(arrays: Readonly<Record<string, ShapedArray | TypedArray | readonly unknown[]>>): number {
  const counts = Object.entries(arrays).map(([name, array]) => [name, countOf(name, array)] as const)
  const [first, ...others] = counts
  if (first === undefined) return fail('ERR_DATA', 'Dataset.fromArrays', 'at least one array', arrays)
  for (const [name, count] of others) {
    if (count !== first[1])
      fail('ERR_DATA', `Dataset.fromArrays.${name}`, `${first[1]} samples, as ${first[0]} has`, count)
  }
  return first[1]
}

function countOf(name: string, array: unknown): number {
  if (isShaped(array)) return array.shape[0] ?? 0
  if (Array.isArray(array)) return array.length
  if (ArrayBuffer.isView(array)) return typedArray(`Dataset.fromArrays.${name}`, array).length
  return fail('ERR_DATA', `Dataset.fromArrays.${name}`, 'a typed array, an array, or { values, shape }', array)
}

function checkCount(where: string, count: number, least: number): void {
  if (!(Number.isSafeInteger(count) && count >= least)) fail('ERR_CONFIG', where, `an integer ≥ ${least}`, count)
}

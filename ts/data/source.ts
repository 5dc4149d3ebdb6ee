import { FerrogradError, fail } from '../errors.js'
import { type Chunk, List } from './chunk.js'
import { type Demand, dropped, type Flow, type Random } from './flow.js'
import { untilLeft } from './leaving.js'
import { stageError } from './stage-error.js'

/** Whatever gives elements one by one. */
export type Source<T> = Iterable<T> | AsyncIterable<T>

/** A source, or a function that opens a new one for each pass. */
export type SourceLike<T> = Source<T> | (() => Source<T> | Promise<Source<T>>)

/** Elements that come one by one. */
export function singles<T>(
  open: (pass: number, from: number, demand: Demand) => AsyncIterable<T>,
  endless: boolean,
  seeks = false,
): Flow<T> {
  const skipping: Flow<T>['open'] = (pass, from, demand) => chunked(open(pass, 0, demand), from)
  return { endless, open: seeks ? (pass, from, demand) => chunked(open(pass, from, demand), 0) : skipping }
}

async function* lone<T>(elements: AsyncIterable<T>): AsyncGenerator<Chunk<T>> {
  for await (const element of elements) yield new List([element])
}

function chunked<T>(elements: AsyncIterable<T>, from: number): AsyncIterable<Chunk<T>> {
  return from === 0 ? lone(elements) : dropped(lone(elements), from)
}

/** The elements of a list. */
export function listed<T>(items: readonly T[]): Random<T> {
  return {
    get count() {
      return items.length
    },
    slice: (_, first, count) => new List(items.slice(first, first + count)),
    gather: (_, indices) => new List(items).gather(indices),
  }
}

/** Opens a source for one pass; an iterator that has been used up cannot give a second one. */
export async function* openSource<T>(source: SourceLike<T>, left: AbortSignal | undefined): AsyncGenerator<T> {
  let given = 0
  try {
    const opened = typeof source === 'function' ? await source() : source
    if (!isSource(opened)) fail('ERR_DATA', 'Dataset.from', 'an iterable out of the function', opened)
    if (isOneShot(opened)) spend(opened)
    for await (const element of untilLeft(opened, left)) {
      yield element
      given += 1
    }
  } catch (cause) {
    throw stageError(`Dataset.from element ${given}`, cause)
  }
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

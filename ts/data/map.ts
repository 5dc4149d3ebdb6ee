/** Each element through a function: changed, or kept and left out. */

import { type Chunk, elementsOf, List, Picked, Rows } from './chunk.js'
import { type Columnwise, columnsOfRows, isColumnwise } from './columnwise.js'
import { type Demand, type Flow, like, randomFlow, skipping } from './flow.js'
import { stageError } from './stage-error.js'
import { Turns } from './turns.js'

/** A function of an element and its number, which may be asynchronous. */
export type Change<T, U> = (element: T, index: number) => U | Promise<U>

/** Each element through a function; one that works on columns is given whole chunks of them. */
export function mapped<T, U>(flow: Flow<T>, change: Change<T, U>): Flow<U> {
  const { random } = flow
  if (random !== undefined) {
    const changed = randomFlow<U>({
      count: random.count,
      async slice(pass, first, count) {
        return changedChunk(await random.slice(pass, first, count), change, (i) => first + i)
      },
      async gather(pass, indices) {
        return changedChunk(await random.gather(pass, indices), change, (i) => indices[i]!)
      },
    })
    return { ...changed, isWide: flow.isWide === true }
  }
  return {
    ...like(flow),
    count: flow.count,
    async *open(pass, from, demand) {
      let at = from
      for await (const chunk of flow.open(pass, from, demand)) {
        const start = at
        yield await changedChunk(chunk, change, (i) => start + i)
        at += chunk.length
      }
    },
  }
}

/** Promises are waited for one after the other: a function that depends on the order may. */
async function changedChunk<T, U>(
  chunk: Chunk<T>,
  change: Change<T, U>,
  indexOf: (i: number) => number,
): Promise<Chunk<U>> {
  const turns = new Turns()
  if (isColumnwise(change)) {
    if (chunk instanceof Picked) return new Picked(changedOnce<T, U>(chunk.base, change), chunk.indices)
    const columns = chunk instanceof Rows ? chunk.columns : columnsOfRows(elementsOf(chunk))
    if (columns !== undefined) {
      const changed = new Rows<U>(change.columns(columns), chunk.length)
      if (turns.due) await turns.turn()
      return changed
    }
  }
  const elements = elementsOf(chunk)
  const items: U[] = new Array(elements.length)
  let i = 0
  try {
    for (; i < items.length; i++) {
      if (turns.due) await turns.turn()
      const changed = change(elements[i]!, indexOf(i))
      items[i] = isPromise(changed) ? await changed : changed
    }
  } catch (cause) {
    throw stageError(`Dataset.map element ${indexOf(i)}`, cause)
  }
  return new List(items)
}

/** What functions of columns made of columns in memory: all rows at once, once. */
const changedColumns = new WeakMap<object, WeakMap<Rows, Rows>>()

function changedOnce<T, U>(base: Rows<T>, change: Columnwise<unknown, unknown>): Rows<U> {
  const known = changedColumns.get(change) ?? new WeakMap<Rows, Rows>()
  changedColumns.set(change, known)
  const changed = known.get(base) ?? new Rows(change.columns(base.columns), base.length)
  known.set(base, changed)
  return changed as Rows<U>
}

/** The elements that pass a test. */
export function filtered<T>(flow: Flow<T>, test: (element: T) => boolean | Promise<boolean>): Flow<T> {
  const open = async function* (pass: number, demand: Demand): AsyncGenerator<Chunk<T>> {
    let seen = 0
    for await (const chunk of flow.open(pass, 0, demand)) {
      const kept = await passing(chunk, test, seen)
      seen += chunk.length
      if (kept.length > 0) yield kept.length === chunk.length ? chunk : chunk.gather(kept)
    }
  }
  return { ...like(flow), open: (pass, from, demand) => skipping(open(pass, demand), from) }
}

/** Which elements of a chunk pass a test; its first is number `first` of all. */
async function passing<T>(
  chunk: Chunk<T>,
  test: (element: T) => boolean | Promise<boolean>,
  first: number,
): Promise<number[]> {
  const kept: number[] = []
  const turns = new Turns()
  const elements = elementsOf(chunk)
  let i = 0
  try {
    for (; i < elements.length; i++) {
      if (turns.due) await turns.turn()
      const passes = test(elements[i]!)
      if (isPromise(passes) ? await passes : passes) kept.push(i)
    }
  } catch (cause) {
    throw stageError(`Dataset.filter element ${first + i}`, cause)
  }
  return kept
}

function isPromise<U>(value: U | Promise<U>): value is Promise<U> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<U>).then === 'function'
}

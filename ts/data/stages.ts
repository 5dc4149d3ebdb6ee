/** The stages of a data set: each makes a flow of a flow. */

import { Batches, type Chunk, elementsOf, joinChunks, List, Picked, Rows, rowsOf } from './chunk.js'
import { type Columnwise, columnsOfRows, isColumnwise, unstacked } from './columnwise.js'
import { atLeastOne, type Demand, dropped, type Flow, leavable, type Random, randomFlow, wanting } from './flow.js'
import { KeyedPermutation } from './permutation.js'

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

function like({ endless = false, isWide = false }: Flow<unknown>): Pick<Flow, 'endless' | 'isWide'> {
  return { endless, isWide }
}

/** Promises are waited for one after the other: a function that depends on the order may. */
async function changedChunk<T, U>(
  chunk: Chunk<T>,
  change: Change<T, U>,
  indexOf: (i: number) => number,
): Promise<Chunk<U>> {
  if (isColumnwise(change)) {
    if (chunk instanceof Picked) return new Picked(changedOnce<T, U>(chunk.base, change), chunk.indices)
    const columns = chunk instanceof Rows ? chunk.columns : columnsOfRows(elementsOf(chunk))
    if (columns !== undefined) return new Rows<U>(change.columns(columns), chunk.length)
  }
  const elements = elementsOf(chunk)
  const items: U[] = new Array(elements.length)
  for (let i = 0; i < items.length; i++) {
    const changed = change(elements[i]!, indexOf(i))
    items[i] = isPromise(changed) ? await changed : changed
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

function isPromise<U>(value: U | Promise<U>): value is Promise<U> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<U>).then === 'function'
}

/** The elements that pass a test. */
export function filtered<T>(flow: Flow<T>, test: (element: T) => boolean | Promise<boolean>): Flow<T> {
  const open = async function* (pass: number, demand: Demand): AsyncGenerator<Chunk<T>> {
    for await (const chunk of flow.open(pass, 0, demand)) {
      const kept: number[] = []
      const elements = elementsOf(chunk)
      for (let i = 0; i < elements.length; i++) {
        const passes = test(elements[i]!)
        if (isPromise(passes) ? await passes : passes) kept.push(i)
      }
      if (kept.length > 0) yield kept.length === chunk.length ? chunk : chunk.gather(kept)
    }
  }
  return { ...like(flow), open: (pass, from, demand) => skipping(open(pass, demand), from) }
}

function skipping<T>(chunks: AsyncIterable<Chunk<T>>, from: number): AsyncIterable<Chunk<T>> {
  return from === 0 ? chunks : dropped(chunks, from)
}

/** Groups of `size` elements, stacked. */
export function batched<T, B>(flow: Flow<T>, size: number, dropRemainder: boolean): Flow<B> {
  const { random, count: rows } = flow
  const count = rows === undefined ? undefined : dropRemainder ? Math.floor(rows / size) : Math.ceil(rows / size)
  const end = dropRemainder ? (count ?? 0) * size : (rows ?? 0)
  if (random === undefined) {
    const open: Flow<B>['open'] = (pass, from, demand) => {
      const left = { length: 0 }
      const chunks = flow.open(
        pass,
        from * size,
        // What is left over of a chunk is joined with the next, which then has so much less: nothing is left over of that.
        wanting(() => atLeastOne(demand) * size - left.length, demand),
      )
      return batchesOf<B>(chunks, size, dropRemainder, left)
    }
    return { ...like(flow), count, open }
  }
  const slice = async (pass: number, first: number, batches: number): Promise<Batches<B>> => {
    const length = Math.min(batches * size, end - first * size)
    return new Batches(await random.slice(pass, first * size, length), size)
  }
  const gather = async (pass: number, indices: Uint32Array): Promise<List<B>> => {
    const items: B[] = []
    for (const index of indices) items.push((await slice(pass, index, 1)).at(0))
    return new List(items)
  }
  return { ...randomFlow<B>({ count: count!, slice, gather }), isWide: flow.isWide === true }
}

/** Whole batches out of chunks of any length; what is left over is the last one. `left` says how much that is. */
async function* batchesOf<B>(
  chunks: AsyncIterable<Chunk>,
  size: number,
  dropRemainder: boolean,
  left = { length: 0 },
): AsyncGenerator<Batches<B>> {
  let held: Chunk[] = []
  for await (const chunk of chunks) {
    held.push(chunk)
    const length = left.length + chunk.length
    const whole = length - (length % size)
    left.length = length - whole
    if (whole === 0) continue
    const all = joinChunks(held)
    held = left.length === 0 ? [] : [all.slice(whole, length)]
    yield new Batches(all.slice(0, whole), size)
  }
  if (left.length > 0 && !dropRemainder) yield new Batches(joinChunks(held), size)
}

/** The rows of batches. */
export function unbatched<T>(flow: Flow<unknown>): Flow<T> {
  const open = async function* (pass: number, demand: Demand): AsyncGenerator<Chunk<T>> {
    for await (const chunk of flow.open(pass, 0, demand)) {
      if (chunk instanceof Batches) yield chunk.rows as Chunk<T>
      else for (const batch of elementsOf(chunk)) yield unstacked<T>(batch)
    }
  }
  return { ...like(flow), isWide: true, open: (pass, from, demand) => skipping(open(pass, demand), from) }
}

/**
 * Another order each pass: of elements that can be had by number one permutation of all, of others a permutation within each
 * `window` elements.
 */
export function shuffled<T>(flow: Flow<T>, window: number, seed: number): Flow<T> {
  const { random } = flow
  if (random === undefined) {
    const open = flow.mixed?.(window, seed) ?? windowed(flow, window, seed)
    return { ...like(flow), count: flow.count, open }
  }
  const { count } = random
  let known: { readonly pass: number; readonly order: KeyedPermutation } | undefined
  const orderOf = (pass: number): KeyedPermutation => {
    if (known?.pass !== pass) known = { pass, order: new KeyedPermutation(count, seed, pass) }
    return known.order
  }
  return {
    ...randomFlow<T>({
      count,
      slice: (pass, first, length) => random.gather(pass, orderOf(pass).range(first, length)),
      gather: (pass, indices) => {
        const order = orderOf(pass)
        return random.gather(
          pass,
          indices.map((index) => order.at(index)),
        )
      },
    }),
    isWide: flow.isWide === true,
  }
}

/** Whole windows lie before where it goes on: they are passed over, and not drawn again where the source can seek. */
function windowed<T>(flow: Flow<T>, window: number, seed: number): Flow<T>['open'] {
  return async function* (pass, from, demand) {
    let number = Math.floor(from / window)
    let skip = from - number * window
    const chunks = flow.open(
      pass,
      number * window,
      wanting(() => window, demand),
    )
    for await (const whole of groups(chunks, window)) {
      const order = new KeyedPermutation(whole.length, seed + number * 0x9e3779b1, pass)
      for (let at = Math.min(skip, whole.length); at < whole.length; ) {
        const count = Math.min(atLeastOne(demand), whole.length - at)
        yield whole.gather(order.range(at, count))
        at += count
      }
      skip = 0
      number += 1
    }
  }
}

/** Chunks of exactly `size` elements, the last of what is left. */
export async function* groups<T>(chunks: AsyncIterable<Chunk<T>>, size: number): AsyncGenerator<Chunk<T>> {
  for await (const { rows } of batchesOf(chunks, size, false))
    for (let at = 0; at < rows.length; at += size) yield rows.slice(at, Math.min(rows.length, at + size)) as Chunk<T>
}

/** The same elements `times` times, each time as another pass. */
export function repeated<T>(flow: Flow<T>, times: number): Flow<T> {
  const { count: each } = flow
  const endless = times === Number.POSITIVE_INFINITY
  const count = each === undefined || endless ? undefined : each * times
  const passOf = (pass: number, round: number): number => (endless ? pass + round : pass * times + round)
  const open: Flow<T>['open'] = async function* (pass, from, demand) {
    // Whole rounds are passed over where it is known how many elements they have.
    const first = each === undefined || each === 0 ? 0 : Math.floor(from / each)
    let skip = from - first * (each ?? 0)
    for (let round = first; round < times; round++) {
      let given = 0
      const start = each === undefined ? 0 : skip
      for await (const chunk of flow.open(passOf(pass, round), start, demand)) {
        const unseen = each === undefined ? Math.max(0, skip - given) : 0
        given += chunk.length
        if (unseen < chunk.length) yield unseen === 0 ? chunk : chunk.slice(unseen, chunk.length)
      }
      // Nothing, for ever: stop looking.
      if (given === 0) return
      skip = each === undefined ? Math.max(0, skip - given) : 0
    }
  }
  return { ...like(flow), endless: flow.endless === true || endless, count, open }
}

/** The first `limit` elements. */
export function taken<T>(flow: Flow<T>, limit: number): Flow<T> {
  const { random } = flow
  if (random !== undefined) return within(flow, 0, Math.min(limit, random.count))
  const open: Flow<T>['open'] = async function* (pass, from, demand) {
    let left = limit - from
    if (left <= 0) return
    for await (const chunk of flow.open(
      pass,
      from,
      wanting(() => Math.min(left, demand()), demand),
    )) {
      yield chunk.length <= left ? chunk : chunk.slice(0, left)
      left -= chunk.length
      if (left <= 0) return
    }
  }
  const count = flow.count === undefined ? undefined : Math.min(flow.count, limit)
  return { ...like(flow), endless: false, count, open }
}

/** All but the first `count` elements. */
export function skipped<T>(flow: Flow<T>, count: number): Flow<T> {
  const { random } = flow
  if (random !== undefined) {
    const first = Math.min(count, random.count)
    return within(flow, first, random.count - first)
  }
  const left = flow.count === undefined ? undefined : Math.max(0, flow.count - count)
  return { ...like(flow), count: left, open: (pass, from, demand) => flow.open(pass, from + count, demand) }
}

/** Elements `[start, start + count)`. */
function within<T>(flow: Flow<T>, start: number, count: number): Flow<T> {
  const random = flow.random!
  return {
    ...randomFlow<T>({
      count,
      slice: (pass, first, length) => random.slice(pass, start + first, length),
      gather: (pass, indices) =>
        random.gather(
          pass,
          indices.map((index) => start + index),
        ),
    }),
    isWide: flow.isWide === true,
  }
}

/** The elements of some numbers, of one pass. */
export function chosen<T>(random: Random<T>, rows: Uint32Array): Flow<T> {
  return randomFlow<T>({
    count: rows.length,
    slice: (_, first, count) => random.gather(0, rows.subarray(first, first + count)),
    gather: (_, indices) =>
      random.gather(
        0,
        indices.map((index) => rows[index]!),
      ),
  })
}

/** Every `parts`-th element, beginning with number `part`. */
export function sharded<T>(flow: Flow<T>, parts: number, part: number): Flow<T> {
  const { random } = flow
  const count = flow.count === undefined ? undefined : Math.max(0, Math.ceil((flow.count - part) / parts))
  if (random !== undefined) {
    const pick = (pass: number, indices: Uint32Array) =>
      random.gather(
        pass,
        indices.map((index) => index * parts + part),
      )
    const slice = (pass: number, first: number, length: number) =>
      pick(
        pass,
        Uint32Array.from({ length }, (_, i) => first + i),
      )
    return { ...randomFlow<T>({ count: count!, slice, gather: pick }), isWide: flow.isWide === true }
  }
  const open: Flow<T>['open'] = async function* (pass, from, demand) {
    let seen = 0
    const chunks = flow.open(
      pass,
      from * parts + part,
      wanting(() => atLeastOne(demand) * parts, demand),
    )
    for await (const chunk of chunks) {
      const kept: number[] = []
      for (let i = (parts - (seen % parts)) % parts; i < chunk.length; i += parts) kept.push(i)
      seen += chunk.length
      if (kept.length > 0) yield chunk.gather(kept)
    }
  }
  return { ...like(flow), count, open }
}

/** Asks for about `depth` elements ahead of those that are used. */
export function prefetched<T>(flow: Flow<T>, depth: number): Flow<T> {
  const { count } = flow
  return { ...like(flow), count, open: (pass, from, demand) => ahead(flow, pass, from, depth, demand) }
}

async function* ahead<T>(
  flow: Flow<T>,
  pass: number,
  from: number,
  depth: number,
  demand: Demand,
): AsyncGenerator<Chunk<T>> {
  const { demand: own, leave } = leavable(demand)
  demand.left?.addEventListener('abort', leave, { once: true })
  const iterator = flow.open(pass, from, own)[Symbol.asyncIterator]()
  const asked: Promise<IteratorResult<Chunk<T>>>[] = []
  const fill = (): void => {
    while (asked.length < Math.max(1, Math.ceil(depth / atLeastOne(demand)))) {
      const next = iterator.next()
      // It may fail before its turn comes; it is thrown when it does.
      next.catch(() => undefined)
      asked.push(next)
    }
  }
  try {
    for (fill(); ; ) {
      const next = await asked.shift()!
      if (next.done === true) return
      fill()
      yield next.value
    }
  } finally {
    demand.left?.removeEventListener('abort', leave)
    // What was asked for may never come.
    leave()
    await iterator.return?.()
  }
}

/** One flow after the other. */
export function concatenated<T>(first: Flow<T>, second: Flow<T>): Flow<T> {
  const { count: before } = first
  const count = before === undefined || second.count === undefined ? undefined : before + second.count
  const open: Flow<T>['open'] = async function* (pass, from, demand) {
    let passed = 0
    if (before === undefined || from < before) {
      const start = before === undefined ? 0 : from
      for await (const chunk of first.open(pass, start, demand)) {
        const unseen = before === undefined ? Math.max(0, from - passed) : 0
        passed += chunk.length
        if (unseen < chunk.length) yield unseen === 0 ? chunk : chunk.slice(unseen, chunk.length)
      }
    }
    yield* second.open(pass, Math.max(0, from - (before ?? passed)), demand)
  }
  const random = first.random && second.random && joinedRandom(first.random, second.random)
  const endless = first.endless === true || second.endless === true
  return { endless, isWide: first.isWide === true && second.isWide === true, count, random, open }
}

function joinedRandom<T>(a: NonNullable<Flow<T>['random']>, b: NonNullable<Flow<T>['random']>): Flow<T>['random'] {
  const gather = async (pass: number, indices: Uint32Array): Promise<Chunk<T>> => {
    const [inA, inB] = [indices.filter((i) => i < a.count), indices.filter((i) => i >= a.count)]
    const parts = [
      inA.length > 0 && (await a.gather(pass, inA)),
      inB.length > 0 &&
        (await b.gather(
          pass,
          inB.map((i) => i - a.count),
        )),
    ]
    const all = joinChunks(parts.filter((part) => part !== false))
    let [nextA, nextB] = [0, inA.length]
    return all.gather(indices.map((i) => (i < a.count ? nextA++ : nextB++)))
  }
  const slice = async (pass: number, first: number, count: number): Promise<Chunk<T>> => {
    if (first + count <= a.count) return a.slice(pass, first, count)
    if (first >= a.count) return b.slice(pass, first - a.count, count)
    const own = a.count - first
    return joinChunks([await a.slice(pass, first, own), await b.slice(pass, 0, count - own)])
  }
  return { count: a.count + b.count, slice, gather }
}

/** Elements of two flows side by side, as long as both have some. */
export function zipped<A, B>(a: Flow<A>, b: Flow<B>): Flow<readonly [A, B]> {
  const counts = [a, b].map(({ count, endless }) => (endless === true ? Number.POSITIVE_INFINITY : count))
  const count = counts.includes(undefined) ? undefined : Math.min(...(counts as number[]))
  const finite = count === Number.POSITIVE_INFINITY ? undefined : count
  const isWide = a.isWide === true && b.isWide === true
  const endless = a.endless === true && b.endless === true
  const [randomA, randomB] = [a.random, b.random]
  const open: Flow<readonly [A, B]>['open'] = (pass, from, demand) =>
    pairs(a.open(pass, from, demand), b.open(pass, from, demand))
  if (randomA === undefined || randomB === undefined) return { endless, isWide, count: finite, open }
  const random: Flow<readonly [A, B]>['random'] = {
    count: Math.min(randomA.count, randomB.count),
    slice: async (pass, first, length) =>
      paired(await randomA.slice(pass, first, length), await randomB.slice(pass, first, length)),
    gather: async (pass, indices) => paired(await randomA.gather(pass, indices), await randomB.gather(pass, indices)),
  }
  return { ...randomFlow(random), isWide }
}

function paired<A, B>(a: Chunk<A>, b: Chunk<B>): Chunk<readonly [A, B]> {
  const [left, right] = [rowsOf(a), rowsOf(b)]
  if (left !== undefined && right !== undefined) return new Rows([left.columns, right.columns], a.length)
  return new List(Array.from({ length: a.length }, (_, i) => [a.at(i), b.at(i)] as const))
}

async function* pairs<A, B>(
  a: AsyncIterable<Chunk<A>>,
  b: AsyncIterable<Chunk<B>>,
): AsyncGenerator<Chunk<readonly [A, B]>> {
  const [left, right] = [a[Symbol.asyncIterator](), b[Symbol.asyncIterator]()]
  try {
    let [x, y]: [Chunk<A> | undefined, Chunk<B> | undefined] = [undefined, undefined]
    for (;;) {
      x ??= await nextOf(left)
      y ??= await nextOf(right)
      if (x === undefined || y === undefined) return
      const length = Math.min(x.length, y.length)
      yield paired(x.slice(0, length), y.slice(0, length))
      x = x.length === length ? undefined : x.slice(length, x.length)
      y = y.length === length ? undefined : y.slice(length, y.length)
    }
  } finally {
    await Promise.all([left.return?.(), right.return?.()])
  }
}

async function nextOf<T>(iterator: AsyncIterator<Chunk<T>>): Promise<Chunk<T> | undefined> {
  const next = await iterator.next()
  return next.done === true ? undefined : next.value
}

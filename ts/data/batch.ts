/** Elements by the batch, and out of batches again. */

import { Batches, type Chunk, elementsOf, joinChunks, List } from './chunk.js'
import { unstacked } from './columnwise.js'
import { atLeastOne, type Demand, type Flow, like, randomFlow, skipping, wanting } from './flow.js'

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

/** Chunks of exactly `size` elements, the last of what is left. */
export async function* groups<T>(chunks: AsyncIterable<Chunk<T>>, size: number): AsyncGenerator<Chunk<T>> {
  for await (const { rows } of batchesOf(chunks, size, false))
    for (let at = 0; at < rows.length; at += size) yield rows.slice(at, Math.min(rows.length, at + size)) as Chunk<T>
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

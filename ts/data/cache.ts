/** One pass kept in memory. */

import { type Chunk, joinChunks, List } from './chunk.js'
import { dropped, type Flow, randomFlow } from './flow.js'

/** How many elements are asked for at a time where all are wanted. */
export const MANY = 4096

/** All elements of a flow's first pass. */
export async function wholePass<T>(flow: Flow<T>, pass = 0): Promise<Chunk<T>> {
  const chunks: Chunk<T>[] = []
  for await (const chunk of flow.open(pass, 0, () => MANY)) chunks.push(chunk)
  return chunks.length === 0 ? new List<T>([]) : joinChunks(chunks)
}

/**
 * The first pass in every pass. Elements that can be had by number are all made when the first is asked for; others are kept
 * as they come, from the end of the first whole pass on.
 */
export function cached<T>(flow: Flow<T>): Flow<T> {
  const { random, isWide = false, count } = flow
  if (random !== undefined) {
    let all: Promise<Chunk<T>> | undefined
    // One that failed is tried again.
    const whole = (): Promise<Chunk<T>> => {
      all ??= Promise.resolve(random.slice(0, 0, random.count)).catch((error) => {
        all = undefined
        throw error
      })
      return all
    }
    const slice = async (_: number, first: number, length: number): Promise<Chunk<T>> =>
      (await whole()).slice(first, first + length)
    const gather = async (_: number, indices: Uint32Array): Promise<Chunk<T>> => (await whole()).gather(indices)
    return randomFlow({ count: random.count, slice, gather }, isWide)
  }
  let kept: readonly Chunk<T>[] | undefined
  const filling = async function* (source: AsyncIterable<Chunk<T>>): AsyncGenerator<Chunk<T>> {
    const chunks: Chunk<T>[] = []
    for await (const chunk of source) {
      chunks.push(chunk)
      yield chunk
    }
    kept ??= chunks
  }
  return {
    endless: flow.endless === true,
    isWide,
    count,
    open(_, from, demand) {
      const chunks = kept === undefined ? filling(flow.open(0, 0, demand)) : given(kept)
      return from === 0 ? chunks : dropped(chunks, from)
    },
  }
}

async function* given<T>(chunks: readonly Chunk<T>[]): AsyncGenerator<Chunk<T>> {
  yield* chunks
}

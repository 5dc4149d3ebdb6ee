/** Elements that are asked for before they are used. */

import type { Chunk } from './chunk.js'
import { atLeastOne, type Demand, type Flow, leavable, like } from './flow.js'

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
  // Whoever takes more than that at a time asks for all of it in advance.
  const fill = (): void => {
    while (asked.length < Math.floor(depth / atLeastOne(demand))) {
      const next = iterator.next()
      // It may fail before its turn comes; it is thrown when it does.
      next.catch(() => undefined)
      asked.push(next)
    }
  }
  try {
    for (fill(); ; ) {
      const next = await (asked.shift() ?? iterator.next())
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

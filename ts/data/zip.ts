/** Two flows side by side. */

import { type Chunk, List, Rows, rowsOf } from './chunk.js'
import { type Flow, randomFlow } from './flow.js'

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

/** One flow after the other. */

import { type Chunk, joinChunks } from './chunk.js'
import type { Flow } from './flow.js'

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

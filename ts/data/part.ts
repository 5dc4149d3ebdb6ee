/** Some of the elements, by their numbers: the first, the others, every so many. */

import { atLeastOne, type Flow, like, type Random, randomFlow, wanting } from './flow.js'

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

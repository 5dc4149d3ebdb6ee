/** What a data set is underneath: chunks of elements, in any pass, from any element on. */

import type { Json } from '../types.js'
import type { Chunk } from './chunk.js'

/** How many elements whoever reads wants at a time; a source that cannot choose gives what it has. */
export interface Demand {
  (): number
  /**
   * Aborted when nobody will read on. A stage that waits cannot be told otherwise: what is asked of a generator comes after what it is
   * about.
   */
  readonly left?: AbortSignal | undefined
}

/** Another number of elements, wanted by the same reader. */
export function wanting(count: () => number, { left }: Demand): Demand {
  return Object.assign(count, { left })
}

/** A demand of `count`, and what says that nobody will read on. */
export function leavable(count: () => number): { readonly demand: Demand; readonly leave: () => void } {
  const controller = new AbortController()
  return { demand: Object.assign(() => count(), { left: controller.signal }), leave: () => controller.abort() }
}

/** What a source or a stage is. */
export type Described = { readonly [name: string]: Json }

/** Makes it when somebody asks: it may cost a pass over what is in memory. */
export type Identity = () => Described | Promise<Described>

/** Chunks of elements. */
export interface Flow<T = unknown> {
  /** How many elements a pass has, where that is known without going through it. */
  readonly count?: number | undefined
  /** Whether it is known never to end. */
  readonly endless?: boolean
  /** The method that made it. */
  readonly stage?: string
  /** Elements by their numbers, where they can be had so: every stage that can keeps it. */
  readonly random?: Random<T> | undefined
  /** Whether its elements come many at a time: then whoever takes them takes many. */
  readonly isWide?: boolean
  /** Whether it is made of elements that can be had by number: no other thread reads or parses beside it. */
  readonly isHeld?: boolean
  /** Where its elements lie in blocks: opens them in another order each pass, about `window` of them in memory. */
  readonly mixed?: ((window: number, seed: number) => Flow<T>['open']) | undefined
  /** What a source is, for whoever compares it with another. */
  readonly identity?: Identity | undefined
  /** The source and the stages behind it, as they are compared. */
  readonly stages?: (() => Promise<readonly Described[]>) | undefined
  /** Starts pass number `pass`, and gives its elements from number `from` on. */
  open(pass: number, from: number, demand: Demand): AsyncIterable<Chunk<T>>
}

/** Elements that can be had by their numbers. */
export interface Random<T = unknown> {
  readonly count: number
  /** Elements `[first, first + count)` of a pass; they must be there. */
  slice(pass: number, first: number, count: number): Chunk<T> | Promise<Chunk<T>>
  gather(pass: number, indices: Uint32Array): Chunk<T> | Promise<Chunk<T>>
}

/** The flow over elements that can be had by number. */
export function randomFlow<T>(random: Random<T>, isWide = true): Flow<T> {
  return {
    count: random.count,
    random,
    isWide,
    async *open(pass, from, demand) {
      for (let at = from; at < random.count; ) {
        const count = Math.min(atLeastOne(demand), random.count - at)
        yield await random.slice(pass, at, count)
        at += count
      }
    },
  }
}

/** The demand as it is now. */
export function atLeastOne(demand: Demand): number {
  return Math.max(1, demand())
}

/** All but the first `count` elements. */
export async function* dropped<T>(chunks: AsyncIterable<Chunk<T>>, count: number): AsyncGenerator<Chunk<T>> {
  let left = count
  for await (const chunk of chunks) {
    if (left >= chunk.length) left -= chunk.length
    else {
      yield left === 0 ? chunk : chunk.slice(left, chunk.length)
      left = 0
    }
  }
}

/** All elements, or those from number `from` on. */
export function skipping<T>(chunks: AsyncIterable<Chunk<T>>, from: number): AsyncIterable<Chunk<T>> {
  return from === 0 ? chunks : dropped(chunks, from)
}

/** What a stage hands on of the flow that it is made of. */
export function like(flow: Flow<unknown>): Pick<Flow, 'endless' | 'isWide' | 'isHeld'> {
  const { endless = false, isWide = false } = flow
  return { endless, isWide, isHeld: isHeld(flow) }
}

/** Whether it is, or is made of, elements that can be had by number. */
export function isHeld({ random, isHeld = false }: Flow<unknown>): boolean {
  return random !== undefined || isHeld
}

/** Chunks cut to what is wanted at a time. */
export async function* cut<T>(chunks: AsyncIterable<Chunk<T>>, demand: Demand): AsyncGenerator<Chunk<T>> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const end = Math.min(chunk.length, at + atLeastOne(demand))
      yield chunk.slice(at, end)
      at = end
    }
  }
}

/** Elements that are given at a time to whoever takes them one by one. */
const SOME = 1024

/** Large chunks cut to what is wanted at a time: whoever works on one does nothing else meanwhile. */
export function inPieces<T>(chunks: AsyncIterable<Chunk<T>>, demand: Demand): AsyncGenerator<Chunk<T>> {
  return cut(
    chunks,
    wanting(() => (atLeastOne(demand) === 1 ? SOME : demand()), demand),
  )
}

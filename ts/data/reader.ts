/** Elements of a flow, as many at a time as somebody asks for. */

import { type Chunk, joinChunks } from './chunk.js'
import { type Demand, type Flow, wanting } from './flow.js'

/** A pass over a flow that is read in portions. */
export class Reader<T> {
  readonly #chunks: AsyncIterator<Chunk<T>>
  #wanted = 1
  #held: Chunk<T> | undefined

  constructor(flow: Flow<T>, pass: number, from: number, demand: Demand) {
    this.#chunks = flow
      .open(
        pass,
        from,
        wanting(() => this.#wanted, demand),
      )
      [Symbol.asyncIterator]()
  }

  /** The next `count` elements; fewer only where the flow ends. */
  async take(count: number): Promise<Chunk<T> | undefined> {
    const parts: Chunk<T>[] = []
    for (let left = count; left > 0; ) {
      this.#wanted = left
      const chunk = this.#held ?? (await this.#next())
      if (chunk === undefined) break
      const own = Math.min(left, chunk.length)
      parts.push(chunk.slice(0, own))
      this.#held = own < chunk.length ? chunk.slice(own, chunk.length) : undefined
      left -= own
    }
    return parts.length === 0 ? undefined : joinChunks(parts)
  }

  async #next(): Promise<Chunk<T> | undefined> {
    const next = await this.#chunks.next()
    return next.done === true ? undefined : next.value
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}

/** Uses readers, and closes them all whatever happens. */
export async function* reading<T, U>(
  readers: readonly Reader<T>[],
  work: (readers: readonly Reader<T>[]) => AsyncIterable<U>,
): AsyncGenerator<U> {
  try {
    yield* work(readers)
  } finally {
    await Promise.all(readers.map((reader) => reader.close()))
  }
}

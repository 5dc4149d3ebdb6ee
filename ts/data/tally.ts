/** How often tokens occur: what vocabularies are made of. */

/** How often tokens occur, and in how many documents. */
export class Tally<T extends string | number> {
  readonly #counts = new Map<T, number>()
  readonly #holding = new Map<T, number>()
  #documents = 0

  /** The tokens of one document. */
  addDocument(tokens: readonly T[]): void {
    this.#documents += 1
    for (const token of tokens) this.add(token)
    for (const token of new Set(tokens)) count(this.#holding, token, 1)
  }

  /** A token, `times` times, of no document. */
  add(token: T, times = 1): void {
    count(this.#counts, token, times)
  }

  get counts(): ReadonlyMap<T, number> {
    return this.#counts
  }

  /** The token that occurs most often, of several the least; nothing where there is none. */
  top(): T | undefined {
    let best: readonly [token: T, count: number] | undefined
    for (const own of this.#counts)
      if (best === undefined || own[1] > best[1] || (own[1] === best[1] && own[0] < best[0])) best = own
    return best?.[0]
  }

  /** Most frequent first, of equals the later in order first. */
  mostFrequent(most: number | undefined): T[] {
    return [...this.#counts]
      .sort(([a, n], [b, m]) => m - n || order(b, a))
      .slice(0, most)
      .map(([token]) => token)
  }

  /** `ln(1 + documents / (1 + documents with the token))`. */
  inverseFrequencies(tokens: readonly T[]): number[] {
    return tokens.map((token) => Math.log(1 + this.#documents / (1 + this.#holding.get(token)!)))
  }
}

function count<T>(counts: Map<T, number>, token: T, times: number): void {
  counts.set(token, (counts.get(token) ?? 0) + times)
}

/** By value, or by code points: the order of the bytes that TensorFlow sees. Numbers stand before text. */
function order(a: string | number, b: string | number): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1
  return typeof b === 'number' ? 1 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

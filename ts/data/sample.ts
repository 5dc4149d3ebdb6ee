/** Rows drawn with replacement, each as often as its weight says. */

import { type Flow, type Random, randomFlow } from './flow.js'
import { KeyedUniform } from './permutation.js'

/**
 * `count` rows a pass, row `i` with probability `weights[i] / Σ weights`, independent of each other. Which is drawn depends on
 * seed, pass and number of the element alone.
 */
export function sampled<T>(
  random: Random<T>,
  weights: () => Promise<ArrayLike<number>>,
  count: number,
  seed: number,
): Flow<T> {
  let table: Promise<AliasTable> | undefined
  const drawn = async (pass: number, at: (i: number) => number, length: number): Promise<Uint32Array> => {
    table ??= weights().then((all) => new AliasTable(all))
    const { draw } = await table
    const [row, share] = [new KeyedUniform(seed, pass), new KeyedUniform(seed ^ 0x5bd1e995, pass)]
    return Uint32Array.from({ length }, (_, i) => draw(row.at(at(i)), share.at(at(i))))
  }
  return randomFlow<T>({
    count,
    slice: async (pass, first, length) => random.gather(pass, await drawn(pass, (i) => first + i, length)),
    gather: async (pass, indices) => random.gather(pass, await drawn(pass, (i) => indices[i]!, indices.length)),
  })
}

/** Draws in constant time (A. J. Walker, 1977; M. D. Vose, 1991). */
class AliasTable {
  /** How much of each place is its own, and whose the rest is. */
  readonly #own: Float64Array
  readonly #other: Uint32Array

  constructor(weights: ArrayLike<number>) {
    const count = weights.length
    const sum = Array.prototype.reduce.call(weights, (total, weight) => (total as number) + (weight as number), 0)
    this.#own = Float64Array.from(weights, (weight) => (weight * count) / (sum as number))
    this.#other = Uint32Array.from({ length: count }, (_, i) => i)
    this.#level()
  }

  /** Places with less than their share are filled up by those with more. */
  #level(): void {
    const [own, other] = [this.#own, this.#other]
    const [small, large]: [number[], number[]] = [[], []]
    own.forEach((share, i) => void (share < 1 ? small : large).push(i))
    while (small.length > 0 && large.length > 0) {
      const [less, more] = [small.pop()!, large.pop()!]
      other[less] = more
      own[more]! -= 1 - own[less]!
      ;(own[more]! < 1 ? small : large).push(more)
    }
    // What rounding has left.
    for (const i of [...small, ...large]) own[i] = 1
  }

  readonly draw = (row: number, share: number): number => {
    const place = Math.floor(row * this.#own.length)
    return share < this.#own[place]! ? place : this.#other[place]!
  }
}

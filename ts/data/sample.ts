/** Rows drawn with replacement, each as often as its weight says. */

import { fail } from '../errors.js'
import { checkCount, checkWeights, isList } from './check.js'
import { readSample } from './dataset-options.js'
import { type Flow, type Random, randomFlow } from './flow.js'
import { KeyedUniform } from './permutation.js'
import { valuesOf } from './rows.js'

/**
 * `count` rows a pass, row `i` with probability `weights[i] / Σ weights`, independent of each other. Which is drawn depends on
 * seed, pass and number of the element alone. Weights are numbers, or the column that has them.
 */
export function sampled<T>({ random }: Flow<T>, given: unknown, options: unknown): Flow<T> {
  if (random === undefined) {
    const hint = 'await load() first'
    return fail('ERR_CONFIG', WHERE, 'rows in memory', { text: 'rows that cannot be had by number' }, hint)
  }
  const { count = random.count, seed } = readSample(options)
  checkCount(`${WHERE}.count`, count, 1)
  const weights = weightsOf(random, given)
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

const WHERE = 'Dataset.sample'

/** Numbers are checked now and copied: what is written to them afterwards does not change what is drawn. */
function weightsOf(random: Random, given: unknown): () => Promise<ArrayLike<number>> {
  if (typeof given === 'string')
    return async () => checked(valuesOf(WHERE, await random.slice(0, 0, random.count), given), random.count)
  const own = Float64Array.from(checked(given, random.count))
  return async () => own
}

function checked(all: unknown, count: number): ArrayLike<number> {
  const where = `${WHERE}.weights`
  if (!isList(all)) return fail('ERR_CONFIG', where, 'numbers, one a row, or the name of a column', all)
  if (all.length !== count) fail('ERR_SHAPE', where, `${count} numbers, one a row`, all.length)
  return checkWeights(where, all)
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

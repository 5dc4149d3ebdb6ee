/** Features that are one of some values: of a vocabulary that is learnt, or of as many as a hash tells apart. */

import { hashBuckets } from '../../core/native.js'
import { native } from '../../core/runtime.js'
import { fail } from '../../errors.js'
import { Tally } from '../tally.js'
import { type CategoryOutput, categorical, type Encoder, type Learning } from './encoder.js'
import { dictionaryOf, type Token } from './values.js'

/** How categories are made a feature: plain JSON. */
export interface CategoryPlan {
  readonly kind: 'category'
  /** Without the unknown, most frequent first; null: found in the data. */
  readonly vocabulary: readonly Token[] | null
  /** The largest vocabulary, counting the unknown. */
  readonly maxTokens: number | null
  readonly numOovIndices: number
  readonly output: CategoryOutput
}

/** How hashed values are made a feature: plain JSON. */
export interface HashedPlan {
  readonly kind: 'hashed'
  readonly numBins: number
  readonly salt: readonly [number, number] | null
  readonly output: CategoryOutput
}

/** A feature that is one of some values. */
export class CategoricalFeature<P extends CategoryPlan | HashedPlan> {
  readonly plan: P

  constructor(plan: P) {
    this.plan = plan
  }

  /** Zeros with a one: as it comes. */
  oneHot(): CategoricalFeature<P> {
    return new CategoricalFeature({ ...this.plan, output: 'oneHot' })
  }

  /** The number of the category, or of the bin: for an `Embedding`, with `outputMode: 'dict'`. */
  int(): CategoricalFeature<P> {
    return new CategoricalFeature({ ...this.plan, output: 'int' })
  }
}

/** Categories of a vocabulary, made by {@link category}. */
export type CategoryFeature = CategoricalFeature<CategoryPlan>

/** Categories by a hash, made by {@link hashed}. */
export type HashedFeature = CategoricalFeature<HashedPlan>

/** The most frequent values. */
export function learnCategory(name: string, plan: CategoryPlan): Learning<CategoryPlan> {
  const tally = new Tally<Token>()
  return {
    see(column, place) {
      const { tokens, codes } = dictionaryOf(column, place)
      const counts = new Uint32Array(tokens.length)
      for (let i = 0; i < codes.length; i++) counts[codes[i]!]! += 1
      // Texts of which the rows at hand have none stand in the dictionary too.
      tokens.forEach((token, i) => void (counts[i]! > 0 && tally.add(token, counts[i])))
    },
    learnt() {
      const { maxTokens, numOovIndices } = plan
      const vocabulary = tally.mostFrequent(maxTokens === null ? undefined : maxTokens - numOovIndices)
      if (vocabulary.length === 0) fail('ERR_DATA', `features.${name}`, 'at least one row', { text: 'none' })
      return { ...plan, vocabulary }
    },
  }
}

/** The numbers of a vocabulary: those of the unknown, then its own in order. */
export function categoryEncoder(name: string, { vocabulary, numOovIndices, output }: CategoryPlan): Encoder {
  const numbers = new Map(vocabulary!.map((token, i) => [token, numOovIndices + i]))
  const kind = typeof vocabulary!.find((token) => token !== '')
  const numberOf = (token: Token, place: () => string): number => {
    const known = numbers.get(token)
    if (known !== undefined) return known
    // Text where numbers were learnt would all be unknown, and nobody would notice.
    if (token !== '' && kind !== 'undefined' && typeof token !== kind)
      fail('ERR_DATA', place(), kind === 'string' ? 'text, as it was learnt' : 'a number, as it was learnt', token)
    if (numOovIndices === 0)
      fail('ERR_DATA', place(), `a value that was learnt (or numOovIndices: 1)`, token === '' ? MISSING : token)
    return unknownNumber(token, numOovIndices)
  }
  const labels = [...new Array<string>(numOovIndices).fill('=?'), ...vocabulary!.map((token) => `=${token}`)]
  return {
    ...categorical((given) => given.categories(name), labels, output),
    categories(column, place) {
      const { tokens, codes } = dictionaryOf(column, place)
      const found = new Int32Array(tokens.length).fill(-1)
      const out = new Int32Array(codes.length)
      for (let i = 0; i < out.length; i++) {
        const code = codes[i]!
        if (found[code] === -1) found[code] = numberOf(tokens[code]!, () => place(i))
        out[i] = found[code]!
      }
      return out
    },
  }
}

const MISSING = { text: 'a missing value' }

/** As the lookups have it: text by its hash, numbers by what is left over. */
function unknownNumber(token: Token, count: number): number {
  if (count === 1) return 0
  if (typeof token === 'number' && Number.isInteger(token)) return ((token % count) + count) % count
  return native(() => hashBuckets([String(token)], count, undefined))[0]!
}

/** The number of a value's bin: that of its text, whole numbers as their digits. */
export function hashedEncoder(name: string, { numBins, salt, output }: HashedPlan): Encoder {
  const key = salt === null ? undefined : [...salt]
  const labels = Array.from({ length: numBins }, (_, i) => `#${i}`)
  return {
    ...categorical((given) => given.categories(name), labels, output),
    categories(column, place) {
      const { tokens, codes } = dictionaryOf(column, place)
      const bins = native(() => hashBuckets(tokens.map(String), numBins, key))
      return Int32Array.from(codes, (code) => bins[code]!)
    },
  }
}

/** Reproducible orders of samples: pure functions of a seed. */
/** A source of uniform 32-bit integers (Mulberry32): the same seed, the same stream. */
export function uint32Stream(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** A uniform integer in `[0, bound)`; the bias is below `bound / 2³²`. */
export function below(bound: number, next: () => number): number {
  return Math.floor((next() / 2 ** 32) * bound)
}

/** `0 … length − 1` in a random order (Fisher–Yates) that depends on `seed` alone. */
export function permutation(length: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i)
  const next = uint32Stream(seed)
  for (let i = length - 1; i > 0; i--) {
    const j = below(i + 1, next)
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
  return order
}

/** Rounds of the Feistel network. */
const ROUNDS = 6

/**
 * A permutation of `0 … length − 1` that depends on `seed` and `pass` alone and is computed, never stored: a Feistel network
 * over the next power of four, walked until it falls into the range (J. Black, P. Rogaway, 2002, "cycle walking").
 */
export class KeyedPermutation {
  readonly #length: number
  readonly #half: number
  readonly #mask: number
  readonly #keys: Uint32Array

  constructor(length: number, seed: number, pass: number) {
    const next = uint32Stream((seed ^ Math.imul(pass + 1, 0x9e3779b9)) + Math.floor(seed / 2 ** 32))
    this.#length = length
    this.#half = Math.max(1, Math.ceil(Math.log2(Math.max(2, length)) / 2))
    this.#mask = 2 ** this.#half - 1
    this.#keys = Uint32Array.from({ length: ROUNDS }, next)
  }

  /** Where number `index` goes. */
  at(index: number): number {
    let value = index
    do value = this.#once(value)
    while (value >= this.#length)
    return value
  }

  /** Where the numbers `first … first + count − 1` go. */
  range(first: number, count: number): Uint32Array {
    const out = new Uint32Array(count)
    for (let i = 0; i < count; i++) out[i] = this.at(first + i)
    return out
  }

  #once(value: number): number {
    const mask = this.#mask
    const half = this.#half
    const keys = this.#keys
    let left = value >>> half
    let right = value & mask
    for (let round = 0; round < ROUNDS; round++) {
      let mixed = Math.imul(right ^ keys[round]!, 0x85ebca6b)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35)
      const swapped = left ^ ((mixed >>> 13) & mask)
      left = right
      right = swapped
    }
    return ((left << half) | right) >>> 0
  }
}

/** Uniform numbers in [0, 1) by their places: pure functions of seed, pass and place (rounds of MurmurHash3's mixer). */
export class KeyedUniform {
  readonly #keys: readonly [number, number, number]

  constructor(seed: number, pass: number) {
    const next = uint32Stream((seed ^ Math.imul(pass + 1, 0x85ebca6b)) + Math.floor(seed / 2 ** 32))
    this.#keys = [next(), next(), next()]
  }

  at(index: number): number {
    const [first, second, third] = this.#keys
    const low = mixed(index ^ first)
    return (mixed(low + mixed(Math.floor(index / 2 ** 32) ^ second) + third) >>> 0) / 2 ** 32
  }
}

function mixed(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

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

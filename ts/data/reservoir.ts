/** Values that quantiles are found from: all, or a million drawn at random. */

import { below, uint32Stream } from './permutation.js'

const MOST = 1 << 20

/** Each value that was added is among those kept with the same chance (J. S. Vitter, 1985, algorithm R). */
export class Reservoir {
  #count = 0
  readonly #values: number[] = []
  readonly #next = uint32Stream(1)

  add(value: number): void {
    this.#count += 1
    if (this.#values.length < MOST) this.#values.push(value)
    else {
      const place = below(this.#count, this.#next)
      if (place < MOST) this.#values[place] = value
    }
  }

  /** Linear between neighbours; NaN of none. */
  quantiles<const S extends readonly number[]>(...shares: S): { readonly [K in keyof S]: number } {
    const sorted = Float64Array.from(this.#values).sort()
    return shares.map((share) => quantile(sorted, share)) as { readonly [K in keyof S]: number }
  }
}

function quantile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN
  const place = share * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
  // Infinities have no distance.
  return low === high ? low : low + (place - Math.floor(place)) * (high - low)
}

/** Weights of interpolation: how much of each place of an axis is in each of a longer one. */

import type { Weights } from './along-axis.js'

/** How pictures become larger. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos3' | 'lanczos5'

/** The weight of a place at a distance, 0 beyond `reach`. */
interface Filter {
  readonly reach: number
  readonly weight: (distance: number) => number
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))

const lanczos = (reach: number): Filter => ({ reach, weight: (x) => sinc(x) * sinc(x / reach) })

/** Keys's cubic with slope −½ at distance 1 (R. Keys, 1981). */
function cubic(x: number): number {
  return x <= 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2
}

const filters: Readonly<Record<Exclude<Interpolation, 'nearest'>, Filter>> = {
  bilinear: { reach: 1, weight: (x) => 1 - x },
  bicubic: { reach: 2, weight: cubic },
  lanczos3: lanczos(3),
  lanczos5: lanczos(5),
}

/**
 * The weights of an axis that is drawn anew in `count` places: place `o` lies at `(o + ½) · length / count − ½`, the
 * centres of places half a place in, and what would lie beyond the edges counts for nothing. With `antialias` the filter
 * of an axis that becomes shorter is as much wider, so that every place counts.
 */
export function interpolation(
  by: Exclude<Interpolation, 'nearest'>,
  length: number,
  count: number,
  antialias = false,
): Weights {
  const { reach, weight } = filters[by]
  const wider = antialias ? Math.max(length / count, 1) : 1
  return Array.from({ length: count }, (_, o) => {
    const at = ((o + 0.5) * length) / count - 0.5
    const row = Array.from({ length }, (_, i) => {
      const distance = Math.abs(at - i) / wider
      return distance < reach ? weight(distance) : 0
    })
    const total = row.reduce((sum, one) => sum + one, 0)
    return row.map((one) => one / total)
  })
}

/** The place of an axis that is nearest to each of `count` places. */
export function nearestPlaces(length: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, o) => Math.min(length - 1, Math.floor(((o + 0.5) * length) / count)))
}

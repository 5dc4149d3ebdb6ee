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
 * The weights of an axis that becomes `factor` times as long: place `o` lies at `(o + ½) / factor − ½`, the centres of
 * places half a place in, and what would lie beyond the edges counts for nothing.
 */
export function interpolation(by: Exclude<Interpolation, 'nearest'>, length: number, factor: number): Weights {
  const { reach, weight } = filters[by]
  return Array.from({ length: length * factor }, (_, o) => {
    const at = (o + 0.5) / factor - 0.5
    const row = Array.from({ length }, (_, i) => (Math.abs(at - i) < reach ? weight(Math.abs(at - i)) : 0))
    const total = row.reduce((sum, one) => sum + one, 0)
    return row.map((one) => one / total)
  })
}

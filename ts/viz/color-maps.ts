/** Colours of numbers from 0 to 1. */

import type { Color } from './terminal.js'

/** The names of colour maps. */
export const colorMaps = ['grey', 'viridis', 'inferno', 'diverging'] as const

/** Black to white; two that rise evenly in lightness (Matplotlib's); blue for less and red for more than ½ (ColorBrewer's). */
export type ColorMap = (typeof colorMaps)[number]

/** Colours at even distances, between which there are mixtures. */
const MAPS: Readonly<Record<ColorMap, readonly Color[]>> = {
  grey: [
    [0, 0, 0],
    [255, 255, 255],
  ],
  viridis: [
    [68, 1, 84],
    [72, 40, 120],
    [62, 74, 137],
    [49, 104, 142],
    [38, 130, 142],
    [31, 158, 137],
    [53, 183, 121],
    [109, 205, 89],
    [180, 222, 44],
    [253, 231, 37],
  ],
  inferno: [
    [0, 0, 4],
    [40, 11, 84],
    [101, 21, 110],
    [159, 42, 99],
    [212, 72, 66],
    [245, 125, 21],
    [250, 193, 39],
    [252, 255, 164],
  ],
  diverging: [
    [33, 102, 172],
    [103, 169, 207],
    [209, 229, 240],
    [247, 247, 247],
    [253, 219, 199],
    [239, 138, 98],
    [178, 24, 43],
  ],
}

/** The colour of a number, which is taken for 0 or 1 beyond these. */
export function colorOf(map: ColorMap, value: number): Color {
  const stops = MAPS[map]
  const place = Math.min(1, Math.max(0, value)) * (stops.length - 1)
  const below = Math.min(stops.length - 2, Math.floor(place))
  const share = place - below
  const [low, high] = [stops[below]!, stops[below + 1]!]
  const mixed = (i: 0 | 1 | 2): number => Math.round(low[i] + share * (high[i] - low[i]))
  return [mixed(0), mixed(1), mixed(2)]
}

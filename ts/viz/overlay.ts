/** Maps over the pictures that they belong to. */

import type { DataLike } from '../data/marshal.js'
import { checkNames, fail } from '../errors.js'
import { checkInteger } from '../options/kinds.js'
import type { ColorMap } from './color-maps.js'
import { Drawing } from './drawing.js'
import type { Pixels } from './png.js'
import { laid, squarely } from './tiles.js'
import { checkColors, rangeOf, stackOf, tileOf, type ValueRange } from './values.js'

/** Options of {@link overlay}. */
export interface OverlayOptions {
  /** Pictures in a row; by default about as many as rows. */
  readonly columns?: number
  /** Pixels between two pictures. Default 1. */
  readonly gap?: number
  /** What is black and what is white in the pictures, as in {@link pictures}. */
  readonly range?: ValueRange
  /** The colours of the maps. Default 'inferno'. */
  readonly colors?: ColorMap
  /** How much of the map is seen where it is 1, from 0 to 1; where it is 0 the picture alone is. Default 0.7. */
  readonly opacity?: number
}

/**
 * Maps (samples, height, width) over pictures (samples, height, width, channels) of the same size: `(1 − o · m) · picture +
 * o · m · colour(m)`, where `m` is the map from 0 to its most and `o` the opacity. `explain.gradCam` gives such maps.
 *
 * Errors: ERR_SHAPE where maps and pictures are not as many or as large; ERR_CONFIG for options that there are not.
 *
 * @example
 * ```ts
 * import { explain, type Model, type Tensor, viz } from 'ferrograd'
 *
 * declare const model: Model
 * declare const x: Tensor
 * await viz.overlay(x, await explain.gradCam(model, x)).save('seen.png')
 * ```
 */
export function overlay(x: DataLike, maps: DataLike, options: OverlayOptions = {}): Drawing {
  const where = 'viz.overlay'
  checkNames(where, options, ['columns', 'gap', 'range', 'colors', 'opacity'])
  const [below, above] = [stackOf(`${where}.x`, x), stackOf(`${where}.maps`, maps)]
  const [samples, height, width] = below.shape
  const wanted = [samples, height, width, 1] as const
  if (wanted.some((length, axis) => length !== above.shape[axis]))
    fail('ERR_SHAPE', `${where}.maps`, `[${samples}, ${height}, ${width}], as x has`, above.shape)
  const { columns = squarely(samples), gap = 1, colors = 'inferno', opacity = 0.7 } = options
  checkInteger(columns, `${where}.columns`, { type: 'integer', min: 1 })
  checkInteger(gap, `${where}.gap`, { type: 'integer', min: 0 })
  checkColors(where, colors)
  if (!(opacity >= 0 && opacity <= 1)) fail('ERR_CONFIG', `${where}.opacity`, 'a number from 0 to 1', opacity)
  const [shades, heights] = [rangeOf(where, below.values, options.range), [0, mostOf(above.values)] as const]
  const tiles = Array.from({ length: samples }, (_, i) => {
    const size = height * width
    const shares = Array.from({ length: size }, (__, place) => above.values[i * size + place]! / heights[1])
    return mixed(tileOf(below, i, shades, 'grey'), tileOf(above, i, heights, colors), shares, opacity)
  })
  return new Drawing(laid(tiles, { columns, gap }))
}

function mostOf(values: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < values.length; i += 1) most = Math.max(most, values[i]!)
  return most === 0 ? 1 : most
}

function mixed(picture: Pixels, map: Pixels, shares: readonly number[], opacity: number): Pixels {
  const rgb = picture.rgb.map((value, i) => {
    const share = opacity * Math.min(1, Math.max(0, shares[Math.floor(i / 3)]!))
    return Math.round((1 - share) * value + share * map.rgb[i]!)
  })
  return { ...picture, rgb }
}

/** Maps over the pictures that they belong to. */

import type { DataLike } from '../data/marshal.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { colorMaps } from './color-maps.js'
import { Drawing } from './drawing.js'
import { layoutFields, rangeFields } from './options.js'
import type { Pixels } from './png.js'
import { laid, squarely } from './tiles.js'
import { endsOf, mapsOf, picturesOf, rangeOf, tileOf, type ValueRange } from './values.js'

const mapFields = {
  /** The colours of the maps. Default 'inferno'. */
  colors: { type: 'choice', of: colorMaps as typeof colorMaps, default: 'inferno' },
  /** How much of the map is seen where it is 1; where it is 0 the picture alone is. Default 0.7. */
  opacity: { type: 'number', default: 0.7, min: 0, max: 1 },
} as const
const fields: typeof layoutFields & typeof rangeFields & typeof mapFields = {
  ...layoutFields,
  ...rangeFields,
  ...mapFields,
}

const read = optionsReader('viz.overlay', fields)

/** Options of {@link overlay}. */
export interface OverlayOptions extends OptionsOf<typeof fields> {
  readonly range?: ValueRange
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
  const { columns, gap, colors, opacity, range } = read(options)
  const below = picturesOf(`${where}.x`, x)
  const above = mapsOf(`${where}.maps`, maps, below.shape)
  const [samples, height, width] = below.shape
  // A map without a number above 0 is seen nowhere.
  const most = Math.max(0, endsOf(above.values)[1]) || 1
  const [shades, heights] = [rangeOf(where, below.values, range), [0, most] as const]
  const tiles = Array.from({ length: samples }, (_, i) => {
    const size = height * width
    const shares = Array.from({ length: size }, (__, place) => above.values[i * size + place]! / most)
    return mixed(tileOf(below, i, shades, 'grey'), tileOf(above, i, heights, colors), shares, opacity)
  })
  return new Drawing(laid(tiles, { columns: columns ?? squarely(samples), gap }))
}

function mixed(picture: Pixels, map: Pixels, shares: readonly number[], opacity: number): Pixels {
  const rgb = picture.rgb.map((value, i) => {
    const share = opacity * Math.min(1, Math.max(0, shares[Math.floor(i / 3)]!))
    return Math.round((1 - share) * value + share * map.rgb[i]!)
  })
  return { ...picture, rgb }
}

/** A batch of pictures. */

import type { DataLike } from '../data/marshal.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { colorMaps } from './color-maps.js'
import { Drawing } from './drawing.js'
import { layoutFields, rangeFields } from './options.js'
import { laid, squarely } from './tiles.js'
import { picturesOf, rangeOf, tileOf, type ValueRange } from './values.js'

const colorFields = {
  /** The colours of pictures with one channel. Default 'grey'. */
  colors: { type: 'choice', of: colorMaps as typeof colorMaps, default: 'grey' },
} as const
const fields: typeof layoutFields & typeof rangeFields & typeof colorFields = {
  ...layoutFields,
  ...rangeFields,
  ...colorFields,
}

const read = optionsReader('viz.pictures', fields)

/** Options of {@link pictures}. */
export interface PicturesOptions extends OptionsOf<typeof fields> {
  readonly range?: ValueRange
}

/**
 * Pictures side by side: (samples, height, width, channels), three channels being red, green and blue, of four the last being left
 * out; (samples, height, width) of one; or one picture, (height, width) or (height, width, channels).
 *
 * Errors: ERR_SHAPE for other shapes, and for other than one, three or four channels; ERR_DATA for numbers that are not finite; ERR_CONFIG
 * for options that there are not.
 *
 * @example
 * ```ts
 * import { random, viz } from 'ferrograd'
 *
 * const noise = random.uniform([6, 16, 16, 3])
 * const bytes = viz.pictures(noise, { columns: 3 }).png({ scale: 4 })
 * ```
 */
export function pictures(x: DataLike, options: PicturesOptions = {}): Drawing {
  const where = 'viz.pictures'
  const { columns, gap, colors, range: given } = read(options)
  const stack = picturesOf(where, x)
  const [samples] = stack.shape
  const range = rangeOf(where, stack.values, given)
  const tiles = Array.from({ length: samples }, (_, i) => tileOf(stack, i, range, colors))
  return new Drawing(laid(tiles, { columns: columns ?? squarely(samples), gap }))
}

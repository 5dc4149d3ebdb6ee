/** A batch of pictures. */

import type { DataLike } from '../data/marshal.js'
import { checkNames } from '../errors.js'
import { checkInteger } from '../options/kinds.js'
import type { ColorMap } from './color-maps.js'
import { Drawing } from './drawing.js'
import { laid, squarely } from './tiles.js'
import { checkColors, rangeOf, stackOf, tileOf, type ValueRange } from './values.js'

/** Options of {@link pictures}. */
export interface PicturesOptions {
  /** Pictures in a row; by default about as many as rows. */
  readonly columns?: number
  /** Pixels between two pictures. Default 1. */
  readonly gap?: number
  /** What is black and what is white. By default [0, 1] or [0, 255] where all numbers lie there, else their least and most. */
  readonly range?: ValueRange
  /** The colours of pictures with one channel. Default 'grey'. */
  readonly colors?: ColorMap
}

/**
 * Pictures side by side: (samples, height, width, channels), three channels being red, green and blue; (samples, height, width)
 * of one; or one picture, (height, width) or (height, width, channels).
 *
 * Errors: ERR_SHAPE for other shapes; ERR_CONFIG for options that there are not.
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
  checkNames(where, options, ['columns', 'gap', 'range', 'colors'])
  const stack = stackOf(where, x)
  const [samples] = stack.shape
  const { columns = squarely(samples), gap = 1, colors = 'grey' } = options
  checkInteger(columns, `${where}.columns`, { type: 'integer', min: 1 })
  checkInteger(gap, `${where}.gap`, { type: 'integer', min: 0 })
  checkColors(where, colors)
  const range = rangeOf(where, stack.values, options.range)
  const tiles = Array.from({ length: samples }, (_, i) => tileOf(stack, i, range, colors))
  return new Drawing(laid(tiles, { columns, gap }))
}

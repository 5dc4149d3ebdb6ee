/** The kernels of a convolution. */

import { type DataLike, toColumn } from '../data/marshal.js'
import { fail } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { colorMaps } from './color-maps.js'
import { Drawing } from './drawing.js'
import { layoutFields } from './options.js'
import type { Pixels } from './png.js'
import { laid, squarely } from './tiles.js'
import { byteOf, endsOf, type Stack, tileOf, type ValueRange } from './values.js'

const filterFields = {
  /** Tiles in a row; by default all filters, of one channel or of colours about as many as rows. */
  columns: { type: 'integer', default: null, min: 1 },
  /**
   * The colours of what is no red, green and blue: of 'diverging' 0 is white, less is blue, more is red. Default
   * 'diverging'.
   */
  colors: { type: 'choice', of: colorMaps as typeof colorMaps, default: 'diverging' },
} as const
const fields: typeof layoutFields & typeof filterFields = { ...layoutFields, ...filterFields }

const read = optionsReader('viz.filters', fields)

/** Options of {@link filters}. */
export interface FiltersOptions extends OptionsOf<typeof fields>, Named {}

/**
 * The kernel of a convolution, (height, width, channels, filters), as `layer.kernel.read()` gives it: a tile for each filter, in
 * colours where it sees red, green and blue, else a row of tiles for each channel. All tiles share one range, with 0 in its
 * middle.
 *
 * Errors: ERR_SHAPE for other shapes; ERR_CONFIG for options that there are not.
 *
 * @example
 * ```ts
 * import { viz } from 'ferrograd'
 * import { Conv2D } from 'ferrograd/layers'
 *
 * const layer = new Conv2D({ filters: 8, kernelSize: 5 })
 * layer.build([1, 28, 28, 1])
 * await viz.filters(layer.kernel.read()).save('filters.png')
 * ```
 */
export function filters(kernel: DataLike, options: FiltersOptions = {}): Drawing {
  const where = 'viz.filters'
  const { columns, gap, colors } = read(options)
  const { values, shape } = toColumn(where, kernel, 'exact')
  if (shape.length !== 4) fail('ERR_SHAPE', where, 'a kernel [height, width, channels, filters]', shape)
  const [, , channels, count] = shape as [number, number, number, number]
  const inColors = channels === 3
  const across = columns ?? (inColors || channels === 1 ? squarely(count) : count)
  const most = Math.max(...endsOf(values).map(Math.abs))
  const range: ValueRange = [-most, most]
  const tiles = inColors
    ? Array.from({ length: count }, (_, filter) => coloredTile(values, shape, filter, most))
    : Array.from({ length: channels * count }, (_, i) => {
        const one = sliceOf(values, shape, Math.floor(i / count), i % count)
        return tileOf(one, 0, range, colors)
      })
  return new Drawing(laid(tiles, { columns: across, gap }))
}

/** What one filter does with one channel. */
function sliceOf(values: ArrayLike<number>, shape: readonly number[], channel: number, filter: number): Stack {
  const [height, width, channels, count] = shape as [number, number, number, number]
  const own = Float64Array.from(
    { length: height * width },
    (_, place) => values[(place * channels + channel) * count + filter]!,
  )
  return { values: own, shape: [1, height, width, 1] }
}

/** Grey where it is 0. */
function coloredTile(values: ArrayLike<number>, shape: readonly number[], filter: number, most: number): Pixels {
  const [height, width] = shape as [number, number]
  const rgb = new Uint8Array(3 * height * width)
  for (const channel of [0, 1, 2]) {
    const slice = sliceOf(values, shape, channel, filter).values
    for (let i = 0; i < slice.length; i += 1)
      rgb[3 * i + channel] = byteOf(most === 0 ? 0.5 : (slice[i]! / most + 1) / 2)
  }
  return { width, height, rgb }
}

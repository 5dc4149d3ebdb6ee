/** What the channels of a layer's results look like. */

import type { DataLike } from '../data/marshal.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { colorMaps } from './color-maps.js'
import { Drawing } from './drawing.js'
import { layoutFields } from './options.js'
import { laid, squarely } from './tiles.js'
import { endsOf, featuresOf, rangeOf, type Stack, tileOf, type ValueRange } from './values.js'

const mapFields = {
  /** Maps in a row; by default all of a sample, of a single sample about as many as rows. */
  columns: { type: 'integer', default: null, min: 1 },
  /** The numbers at the ends of the colours. By default each map has its own, its least and its most. Default null. */
  range: { type: 'given', default: null },
  /** The colours of the maps. Default 'viridis'. */
  colors: { type: 'choice', of: colorMaps as typeof colorMaps, default: 'viridis' },
} as const
const fields: typeof layoutFields & typeof mapFields = { ...layoutFields, ...mapFields }

const read = optionsReader('viz.featureMaps', fields)

/** Options of {@link featureMaps}. */
export interface FeatureMapsOptions extends OptionsOf<typeof fields> {
  readonly range?: ValueRange
}

/**
 * A map for each channel of what a convolution gives, (samples, height, width, channels): a row for each sample, in colours of
 * their own range. `explain.activations` gives such results.
 *
 * Errors: ERR_SHAPE for other shapes; ERR_CONFIG for options that there are not.
 *
 * @example
 * ```ts
 * import { explain, type Model, type Tensor, viz } from 'ferrograd'
 *
 * declare const model: Model
 * declare const x: Tensor
 * console.log(viz.featureMaps(await explain.activations(model, x, { layer: 'conv2d' })))
 * ```
 */
export function featureMaps(maps: DataLike, options: FeatureMapsOptions = {}): Drawing {
  const where = 'viz.featureMaps'
  const { columns, gap, colors, range } = read(options)
  const stack = featuresOf(where, maps)
  const [samples, , , channels] = stack.shape
  const common = range === undefined ? undefined : rangeOf(where, stack.values, range)
  const tiles = Array.from({ length: samples * channels }, (_, i) => {
    const map = channelOf(stack, Math.floor(i / channels), i % channels)
    return tileOf(map, 0, common ?? endsOf(map.values), colors)
  })
  return new Drawing(laid(tiles, { columns: columns ?? (samples === 1 ? squarely(channels) : channels), gap }))
}

function channelOf({ values, shape: [, height, width, channels] }: Stack, sample: number, channel: number): Stack {
  const start = sample * height * width * channels + channel
  const own = Float64Array.from({ length: height * width }, (_, i) => values[start + i * channels]!)
  return { values: own, shape: [1, height, width, 1] }
}

/** What the channels of a layer's results look like. */

import type { DataLike } from '../data/marshal.js'
import { checkNames } from '../errors.js'
import { checkInteger } from '../options/kinds.js'
import type { ColorMap } from './color-maps.js'
import { Drawing } from './drawing.js'
import { laid, squarely } from './tiles.js'
import { checkColors, endsOf, rangeOf, type Stack, stackOf, tileOf, type ValueRange } from './values.js'

/** Options of {@link featureMaps}. */
export interface FeatureMapsOptions {
  /** Maps in a row; by default all of a sample, of a single sample about as many as rows. */
  readonly columns?: number
  /** Pixels between two maps. Default 1. */
  readonly gap?: number
  /** The numbers at the ends of the colours. By default each map has its own, its least and its most. */
  readonly range?: ValueRange
  /** Default 'viridis'. */
  readonly colors?: ColorMap
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
  checkNames(where, options, ['columns', 'gap', 'range', 'colors'])
  const stack = stackOf(where, maps)
  const [samples, , , channels] = stack.shape
  const { columns = samples === 1 ? squarely(channels) : channels, gap = 1, colors = 'viridis' } = options
  checkInteger(columns, `${where}.columns`, { type: 'integer', min: 1 })
  checkInteger(gap, `${where}.gap`, { type: 'integer', min: 0 })
  checkColors(where, colors)
  const common = options.range === undefined ? undefined : rangeOf(where, stack.values, options.range)
  const tiles = Array.from({ length: samples * channels }, (_, i) => {
    const map = channelOf(stack, Math.floor(i / channels), i % channels)
    return tileOf(map, 0, common ?? endsOf(map.values), colors)
  })
  return new Drawing(laid(tiles, { columns, gap }))
}

function channelOf({ values, shape: [, height, width, channels] }: Stack, sample: number, channel: number): Stack {
  const start = sample * height * width * channels + channel
  const own = Float64Array.from({ length: height * width }, (_, i) => values[start + i * channels]!)
  return { values: own, shape: [1, height, width, 1] }
}

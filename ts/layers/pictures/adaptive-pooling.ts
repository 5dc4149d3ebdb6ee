/** Pooling layers that make as many windows as are asked for, whatever the picture's size. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import { mapAlong } from '../../ops/image/along-axis.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { PartialShape } from '../../types.js'
import { Layer, type LayerOptions } from '../layer.js'
import { forAxes, formatFields, pictureSpec, placesOf, withPlaces } from './axes.js'

const ownFields = {
  /** Lengths of the result: one number for all axes, or one for each. */
  outputSize: { type: 'perAxis' },
} as const
const fields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }

/** Window `o` of `count` over an axis: places from the first, to before the second. */
type Stretch = readonly [from: number, to: number]

/** Windows that cover an axis evenly: `⌊o · length / count⌋ … ⌈(o + 1) · length / count⌉ − 1`. */
function stretches(length: number, count: number): Stretch[] {
  return Array.from({ length: count }, (_, o) => [
    Math.floor((o * length) / count),
    Math.ceil(((o + 1) * length) / count),
  ])
}

/** Options of pooling to a size. */
export interface AdaptivePoolingOptions extends OptionsOf<typeof fields>, LayerOptions {}

const AdaptivePoolingBase: With<typeof Layer, typeof fields, AdaptivePoolingOptions> = Layer.with(fields)

abstract class AdaptivePooling extends AdaptivePoolingBase {
  protected override readonly takes = 'one' as const
  constructor(options: AdaptivePoolingOptions) {
    super(options)
    this.inputSpec = pictureSpec(this.options.outputSize.length)
  }

  /** Pools windows of one size that lie side by side. */
  protected abstract readonly pool: typeof ops.maxPool

  /** Pools windows of any size along one axis. */
  protected abstract uneven(x: Tensor, axis: number, windows: readonly Stretch[]): Tensor

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const { outputSize, dataFormat } = this.options
    return withPlaces(inputShape, dataFormat, outputSize)
  }

  override call(input: Tensor): Tensor {
    const { outputSize, dataFormat } = this.options
    const x = this.cast(input)
    const places = placesOf(x.rank, dataFormat)
    if (places.some((axis) => x.shape[axis] === 0))
      fail('ERR_SHAPE', `${this.className} input`, 'at least one place an axis', x.shape)
    const sizes = places.map((axis, i) => x.shape[axis]! / outputSize[i]!)
    if (sizes.every(Number.isInteger)) return this.pool(x, sizes, { dataFormat })
    // The last axis first, so that of equal numbers the first in row-major order is chosen.
    return places.reduceRight((y, axis, i) => this.uneven(y, axis, stretches(y.shape[axis]!, outputSize[i]!)), x)
  }
}

abstract class AdaptiveAveragePooling extends AdaptivePooling {
  protected override readonly pool: typeof ops.maxPool = ops.averagePool

  protected override uneven(x: Tensor, axis: number, windows: readonly Stretch[]): Tensor {
    const length = x.shape[axis]!
    const share = ([from, to]: Stretch, i: number): number => (i >= from && i < to ? 1 / (to - from) : 0)
    return mapAlong(
      x,
      axis,
      windows.map((window) => Array.from({ length }, (_, i) => share(window, i))),
    )
  }
}

abstract class AdaptiveMaxPooling extends AdaptivePooling {
  protected override readonly pool: typeof ops.maxPool = ops.maxPool

  protected override uneven(x: Tensor, axis: number, windows: readonly Stretch[]): Tensor {
    const { dataFormat } = this.options
    const places = placesOf(x.rank, dataFormat)
    const largest = windows.map(([from, to]) => {
      const begin = x.shape.map((_, i) => (i === axis ? from : 0))
      const size = x.shape.map((length, i) => (i === axis ? to - from : length))
      const window = places.map((place) => (place === axis ? to - from : 1))
      return ops.maxPool(ops.slice(x, { begin, size }), window, { dataFormat })
    })
    return ops.concatenate(largest, { axis })
  }
}

const AdaptiveAveragePooling1DBase: With<typeof AdaptiveAveragePooling, typeof fields, AdaptivePoolingOptions> =
  AdaptiveAveragePooling.with(forAxes(fields, 1))

/**
 * The mean of each of `outputSize` windows of sequences, which cover each axis evenly.
 *
 * `y = Σ x / count` over places `⌊o · length / outputSize⌋ … ⌈(o + 1) · length / outputSize⌉ − 1`, each channel for itself:
 * (batch, steps, channels) → (batch, outputSize, channels). With `channelsFirst`, channels come before the places.
 *
 * Errors: ERR_SHAPE for other than three axes.
 *
 * @see keras.layers.AdaptiveAveragePooling1D
 *
 * @example
 * import { AdaptiveAveragePooling1D } from 'ferrograd/layers'
 *
 * const layer = new AdaptiveAveragePooling1D({ outputSize: 4 })
 */
export class AdaptiveAveragePooling1D extends AdaptiveAveragePooling1DBase {
  static override readonly className = 'AdaptiveAveragePooling1D'
}

const AdaptiveMaxPooling1DBase: With<typeof AdaptiveMaxPooling, typeof fields, AdaptivePoolingOptions> =
  AdaptiveMaxPooling.with(forAxes(fields, 1))

/**
 * The largest number of each of `outputSize` windows of sequences, which cover each axis evenly.
 *
 * `y = max x` over places `⌊o · length / outputSize⌋ … ⌈(o + 1) · length / outputSize⌉ − 1`, each channel for itself:
 * (batch, steps, channels) → (batch, outputSize, channels). With `channelsFirst`, channels come before the places.
 *
 * Errors: ERR_SHAPE for other than three axes.
 *
 * @see keras.layers.AdaptiveMaxPooling1D
 *
 * @example
 * import { AdaptiveMaxPooling1D } from 'ferrograd/layers'
 *
 * const layer = new AdaptiveMaxPooling1D({ outputSize: 4 })
 */
export class AdaptiveMaxPooling1D extends AdaptiveMaxPooling1DBase {
  static override readonly className = 'AdaptiveMaxPooling1D'
}

const AdaptiveAveragePooling2DBase: With<typeof AdaptiveAveragePooling, typeof fields, AdaptivePoolingOptions> =
  AdaptiveAveragePooling.with(forAxes(fields, 2))

/**
 * The mean of each of `outputSize` windows of pictures, which cover each axis evenly.
 *
 * `y = Σ x / count` over places `⌊o · length / outputSize⌋ … ⌈(o + 1) · length / outputSize⌉ − 1`, each channel for itself:
 * (batch, height, width, channels) → (batch, …outputSize, channels). With `channelsFirst`, channels come before the places.
 *
 * Errors: ERR_SHAPE for other than four axes.
 *
 * @see keras.layers.AdaptiveAveragePooling2D
 *
 * @example
 * import { AdaptiveAveragePooling2D } from 'ferrograd/layers'
 *
 * const layer = new AdaptiveAveragePooling2D({ outputSize: [4, 4] })
 */
export class AdaptiveAveragePooling2D extends AdaptiveAveragePooling2DBase {
  static override readonly className = 'AdaptiveAveragePooling2D'
}

const AdaptiveMaxPooling2DBase: With<typeof AdaptiveMaxPooling, typeof fields, AdaptivePoolingOptions> =
  AdaptiveMaxPooling.with(forAxes(fields, 2))

/**
 * The largest number of each of `outputSize` windows of pictures, which cover each axis evenly.
 *
 * `y = max x` over places `⌊o · length / outputSize⌋ … ⌈(o + 1) · length / outputSize⌉ − 1`, each channel for itself:
 * (batch, height, width, channels) → (batch, …outputSize, channels). With `channelsFirst`, channels come before the places.
 *
 * Errors: ERR_SHAPE for other than four axes.
 *
 * @see keras.layers.AdaptiveMaxPooling2D
 *
 * @example
 * import { AdaptiveMaxPooling2D } from 'ferrograd/layers'
 *
 * const layer = new AdaptiveMaxPooling2D({ outputSize: [4, 4] })
 */
export class AdaptiveMaxPooling2D extends AdaptiveMaxPooling2DBase {
  static override readonly className = 'AdaptiveMaxPooling2D'
}

const AdaptiveAveragePooling3DBase: With<typeof AdaptiveAveragePooling, typeof fields, AdaptivePoolingOptions> =
  AdaptiveAveragePooling.with(forAxes(fields, 3))

/**
 * The mean of each of `outputSize` windows of volumes, which cover each axis evenly.
 *
 * `y = Σ x / count` over places `⌊o · length / outputSize⌋ … ⌈(o + 1) · length / outputSize⌉ − 1`, each channel for itself:
 * (batch, depth, height, width, channels) → (batch, …outputSize, channels). With `channelsFirst`, channels come before the places.
 *
 * Errors: ERR_SHAPE for other than five axes.
 *
 * @see keras.layers.AdaptiveAveragePooling3D
 *
 * @example
 * import { AdaptiveAveragePooling3D } from 'ferrograd/layers'
 *
 * const layer = new AdaptiveAveragePooling3D({ outputSize: 2 })
 */
export class AdaptiveAveragePooling3D extends AdaptiveAveragePooling3DBase {
  static override readonly className = 'AdaptiveAveragePooling3D'
}

const AdaptiveMaxPooling3DBase: With<typeof AdaptiveMaxPooling, typeof fields, AdaptivePoolingOptions> =
  AdaptiveMaxPooling.with(forAxes(fields, 3))

/**
 * The largest number of each of `outputSize` windows of volumes, which cover each axis evenly.
 *
 * `y = max x` over places `⌊o · length / outputSize⌋ … ⌈(o + 1) · length / outputSize⌉ − 1`, each channel for itself:
 * (batch, depth, height, width, channels) → (batch, …outputSize, channels). With `channelsFirst`, channels come before the places.
 *
 * Errors: ERR_SHAPE for other than five axes.
 *
 * @see keras.layers.AdaptiveMaxPooling3D
 *
 * @example
 * import { AdaptiveMaxPooling3D } from 'ferrograd/layers'
 *
 * const layer = new AdaptiveMaxPooling3D({ outputSize: 2 })
 */
export class AdaptiveMaxPooling3D extends AdaptiveMaxPooling3DBase {
  static override readonly className = 'AdaptiveMaxPooling3D'
}

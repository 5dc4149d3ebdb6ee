/** Pooling layers: one number out of each window, each channel for itself. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Config, PartialShape } from '../../types.js'
import { Layer, type LayerOptions } from '../layer.js'
import { forAxes, formatFields, pictureSpec } from './axes.js'
import { throughWindows } from './windows.js'

const ownFields = {
  /** Lengths of a window: one number for all axes, or one for each. */
  poolSize: { type: 'perAxis' },
  /** From one window to the next; the windows' own lengths unless given. */
  strides: { type: 'perAxis', default: null },
  /** Whether windows lie inside the picture, or may reach over its edges, where there is nothing. Default 'valid'. */
  padding: { type: 'choice', of: ['valid', 'same'], default: 'valid' },
} as const
const poolFields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }

/** Options of average pooling. */
export interface AveragePoolingOptions extends OptionsOf<typeof poolFields>, LayerOptions {}

const PoolingBase: With<typeof Layer, typeof poolFields, AveragePoolingOptions> = Layer.with(poolFields)

abstract class Pooling extends PoolingBase {
  protected override readonly takes = 'one' as const
  constructor(options: AveragePoolingOptions) {
    super(options)
    this.inputSpec = pictureSpec(this.options.poolSize.length)
  }

  protected abstract readonly pool: typeof ops.maxPool

  get #strides(): readonly number[] {
    return this.options.strides ?? this.options.poolSize
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const { poolSize: sizes, padding, dataFormat } = this.options
    return throughWindows(this.className, inputShape, { sizes, strides: this.#strides, padding, dataFormat })
  }

  override call(input: Tensor): Tensor {
    const { poolSize, padding, dataFormat } = this.options
    this.outputShape(input.shape)
    return this.pool(this.cast(input), poolSize, { strides: this.#strides, padding, dataFormat })
  }

  override getConfig(): Config {
    return { ...super.getConfig(), strides: this.#strides }
  }
}

const largest = {
  /** Lengths of a window: one number for all axes, or one for each. Default 2. */
  poolSize: { type: 'perAxis', default: 2 },
} as const

/** Options of max pooling. */
export interface MaxPoolingOptions extends OptionsOf<MaxFields>, LayerOptions {}

type MaxFields = Omit<typeof poolFields, 'poolSize'> & typeof largest
const maxFields: MaxFields = { ...poolFields, ...largest }
const MaxPoolingBase: With<typeof Pooling, MaxFields, MaxPoolingOptions> = Pooling.with(maxFields)

abstract class MaxPooling extends MaxPoolingBase {
  protected override readonly pool: typeof ops.maxPool = ops.maxPool
}

abstract class AveragePooling extends Pooling {
  protected override readonly pool: typeof ops.maxPool = ops.averagePool
}

const MaxPooling1DBase: With<typeof MaxPooling, MaxFields, MaxPoolingOptions> = MaxPooling.with(forAxes(maxFields, 1))

/**
 * The largest number of each window of steps.
 *
 * `y[b, o, c] = max x[b, o·stride + k − before, c]` over `k` in 0 … poolSize − 1, `x` (batch, steps, channels), `y`
 * (batch, windows, channels): `⌊(steps − poolSize) / stride⌋ + 1` windows for `'valid'`, `⌈steps / stride⌉` for
 * `'same'`. The first of equal numbers has the gradient. With `channelsFirst`, channels come before steps.
 *
 * Errors: ERR_SHAPE for other than three axes, and sequences shorter than a window.
 *
 * @see keras.layers.MaxPooling1D
 *
 * @example
 * import { MaxPooling1D } from 'ferrograd/layers'
 *
 * const layer = new MaxPooling1D({ poolSize: 3, strides: 1, padding: 'same' })
 */
export class MaxPooling1D extends MaxPooling1DBase {
  static override readonly className = 'MaxPooling1D'
}

const MaxPooling2DBase: With<typeof MaxPooling, MaxFields, MaxPoolingOptions> = MaxPooling.with(forAxes(maxFields, 2))

/**
 * The largest number of each window of a picture.
 *
 * `y[b, o, p, c] = max x[b, o·stride + k − before, p·stride + l − before, c]` over the window, `x` (batch, height, width,
 * channels), `y` (batch, …windows, channels), with as many windows along each axis as {@link MaxPooling1D} has. The
 * first of equal numbers has the gradient. With `channelsFirst`, channels come before height and width.
 *
 * Errors: ERR_SHAPE for other than four axes, and pictures smaller than a window.
 *
 * @see keras.layers.MaxPooling2D
 *
 * @example
 * import { MaxPooling2D } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new MaxPooling2D()
 * const y = layer.apply(ops.ones([8, 26, 26, 32])) // (8, 13, 13, 32)
 */
export class MaxPooling2D extends MaxPooling2DBase {
  static override readonly className = 'MaxPooling2D'
}

const MaxPooling3DBase: With<typeof MaxPooling, MaxFields, MaxPoolingOptions> = MaxPooling.with(forAxes(maxFields, 3))

/**
 * The largest number of each window of a volume.
 *
 * As {@link MaxPooling2D} with one axis more: `y = max x` over each window, `x` (batch, depth, height, width, channels),
 * `y` (batch, …windows, channels).
 *
 * Errors: ERR_SHAPE for other than five axes, and volumes smaller than a window.
 *
 * @see keras.layers.MaxPooling3D
 *
 * @example
 * import { MaxPooling3D } from 'ferrograd/layers'
 *
 * const layer = new MaxPooling3D({ poolSize: [1, 2, 2] })
 */
export class MaxPooling3D extends MaxPooling3DBase {
  static override readonly className = 'MaxPooling3D'
}

const AveragePooling1DBase: With<typeof AveragePooling, typeof poolFields, AveragePoolingOptions> = AveragePooling.with(
  forAxes(poolFields, 1),
)

/**
 * The mean of each window of steps.
 *
 * `y[b, o, c] = Σ x[b, o·stride + k − before, c] / count` over the `count` steps of the window that there are, `x`
 * (batch, steps, channels), `y` (batch, windows, channels), with as many windows as {@link MaxPooling1D} has. With
 * `channelsFirst`, channels come before steps.
 *
 * Errors: ERR_SHAPE for other than three axes, and sequences shorter than a window.
 *
 * @see keras.layers.AveragePooling1D
 *
 * @example
 * import { AveragePooling1D } from 'ferrograd/layers'
 *
 * const layer = new AveragePooling1D({ poolSize: 2 })
 */
export class AveragePooling1D extends AveragePooling1DBase {
  static override readonly className = 'AveragePooling1D'
}

const AveragePooling2DBase: With<typeof AveragePooling, typeof poolFields, AveragePoolingOptions> = AveragePooling.with(
  forAxes(poolFields, 2),
)

/**
 * The mean of each window of a picture.
 *
 * `y[b, o, p, c] = Σ x[b, o·stride + k − before, p·stride + l − before, c] / count` over the `count` places of the window
 * inside the picture, `x` (batch, height, width, channels), `y` (batch, …windows, channels), with as many windows as
 * {@link MaxPooling2D} has. With `channelsFirst`, channels come before height and width.
 *
 * Errors: ERR_SHAPE for other than four axes, and pictures smaller than a window.
 *
 * @see keras.layers.AveragePooling2D
 *
 * @example
 * import { AveragePooling2D } from 'ferrograd/layers'
 *
 * const layer = new AveragePooling2D({ poolSize: 2 })
 */
export class AveragePooling2D extends AveragePooling2DBase {
  static override readonly className = 'AveragePooling2D'
}

const AveragePooling3DBase: With<typeof AveragePooling, typeof poolFields, AveragePoolingOptions> = AveragePooling.with(
  forAxes(poolFields, 3),
)

/**
 * The mean of each window of a volume.
 *
 * As {@link AveragePooling2D} with one axis more: `y = Σ x / count` over each window, `x` (batch, depth, height, width,
 * channels), `y` (batch, …windows, channels).
 *
 * Errors: ERR_SHAPE for other than five axes, and volumes smaller than a window.
 *
 * @see keras.layers.AveragePooling3D
 *
 * @example
 * import { AveragePooling3D } from 'ferrograd/layers'
 *
 * const layer = new AveragePooling3D({ poolSize: 2, padding: 'same' })
 */
export class AveragePooling3D extends AveragePooling3DBase {
  static override readonly className = 'AveragePooling3D'
}

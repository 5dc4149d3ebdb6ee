/** Pooling layers whose window is the whole picture. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { type CallContext, type InputSpec, Layer, type LayerOptions } from '../layer.js'
import { channelAxis, formatFields, pictureSpec, placesOf } from './axes.js'

const ownFields = {
  /** Whether the axes of the places stay, each of length 1. Default false. */
  keepdims: { type: 'boolean', default: false },
} as const
const fields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }

type Over = { readonly axis: readonly number[]; readonly keepdims: boolean }

/** Options of pooling over the whole picture. */
export interface GlobalPoolingOptions extends OptionsOf<typeof fields>, LayerOptions {}

const GlobalPoolingBase: With<typeof Layer, typeof fields, GlobalPoolingOptions> = Layer.with(fields)

abstract class GlobalPooling extends GlobalPoolingBase {
  protected override readonly takes = 'one' as const
  protected over(x: Tensor): Over {
    const { dataFormat, keepdims } = this.options
    const axis = placesOf(x.rank, dataFormat)
    if (axis.some((place) => x.shape[place] === 0))
      fail('ERR_SHAPE', `${this.className} input`, 'at least one place an axis', x.shape)
    return { axis, keepdims }
  }
}

abstract class GlobalMaxPooling extends GlobalPooling {
  override call(x: Tensor): Tensor {
    return ops.max(this.cast(x), this.over(x))
  }
}

abstract class GlobalAveragePooling extends GlobalPooling {
  override call(x: Tensor, _context?: CallContext): Tensor {
    return ops.mean(this.cast(x), this.over(x))
  }
}

/**
 * The largest of all steps, each channel for itself.
 *
 * `y[b, c] = max x[b, i, c]` over `i`: (batch, steps, channels) → (batch, channels), or (batch, 1, channels) with
 * `keepdims`. With `channelsFirst`, channels come before steps.
 *
 * Errors: ERR_SHAPE for other than three axes.
 *
 * @see keras.layers.GlobalMaxPooling1D
 *
 * @example
 * import { GlobalMaxPooling1D } from 'ferrograd/layers'
 *
 * const layer = new GlobalMaxPooling1D()
 */
export class GlobalMaxPooling1D extends GlobalMaxPooling {
  static override readonly className = 'GlobalMaxPooling1D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(1)
}

/**
 * The largest number of a picture, each channel for itself.
 *
 * `y[b, c] = max x[b, i, j, c]` over `i` and `j`: (batch, height, width, channels) → (batch, channels), or (batch, 1, 1,
 * channels) with `keepdims`. With `channelsFirst`, channels come before height and width.
 *
 * Errors: ERR_SHAPE for other than four axes.
 *
 * @see keras.layers.GlobalMaxPooling2D
 *
 * @example
 * import { GlobalMaxPooling2D } from 'ferrograd/layers'
 *
 * const layer = new GlobalMaxPooling2D({ keepdims: true })
 */
export class GlobalMaxPooling2D extends GlobalMaxPooling {
  static override readonly className = 'GlobalMaxPooling2D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(2)
}

/**
 * The largest number of a volume, each channel for itself.
 *
 * `y[b, c] = max x[b, i, j, k, c]`: (batch, depth, height, width, channels) → (batch, channels).
 *
 * Errors: ERR_SHAPE for other than five axes.
 *
 * @see keras.layers.GlobalMaxPooling3D
 *
 * @example
 * import { GlobalMaxPooling3D } from 'ferrograd/layers'
 *
 * const layer = new GlobalMaxPooling3D()
 */
export class GlobalMaxPooling3D extends GlobalMaxPooling {
  static override readonly className = 'GlobalMaxPooling3D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(3)
}

/**
 * The mean of all steps, each channel for itself; steps that the mask leaves out do not count.
 *
 * `y[b, c] = Σ mask[b, i] · x[b, i, c] / Σ mask[b, i]`, without a mask the plain mean: (batch, steps, channels) → (batch,
 * channels), or (batch, 1, channels) with `keepdims`. With `channelsFirst`, channels come before steps.
 *
 * Errors: ERR_SHAPE for other than three axes.
 *
 * @see keras.layers.GlobalAveragePooling1D
 *
 * @example
 * import { Embedding, GlobalAveragePooling1D } from 'ferrograd/layers'
 * import { Sequential } from 'ferrograd'
 *
 * const words = new Embedding({ inputDim: 1000, outputDim: 16, maskZero: true, inputShape: [20] })
 * const model = new Sequential([words, new GlobalAveragePooling1D()])
 */
export class GlobalAveragePooling1D extends GlobalAveragePooling {
  static override readonly className = 'GlobalAveragePooling1D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(1)

  override call(x: Tensor, { mask }: CallContext): Tensor {
    if (mask === undefined) return super.call(x)
    const kept = ops.expandDims(ops.cast(mask, 'bool'), channelAxis(this.options.dataFormat))
    const counted = ops.where(kept, this.cast(x), 0)
    return ops.divide(ops.sum(counted, this.over(x)), ops.sum(ops.cast(kept, this.dtype), this.over(x)))
  }
}

/**
 * The mean of a picture, each channel for itself.
 *
 * `y[b, c] = Σ x[b, i, j, c] / (height · width)`: (batch, height, width, channels) → (batch, channels), or (batch, 1, 1,
 * channels) with `keepdims`. With `channelsFirst`, channels come before height and width.
 *
 * Errors: ERR_SHAPE for other than four axes.
 *
 * @see keras.layers.GlobalAveragePooling2D
 *
 * @example
 * import { GlobalAveragePooling2D } from 'ferrograd/layers'
 *
 * const layer = new GlobalAveragePooling2D()
 */
export class GlobalAveragePooling2D extends GlobalAveragePooling {
  static override readonly className = 'GlobalAveragePooling2D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(2)
}

/**
 * The mean of a volume, each channel for itself.
 *
 * `y[b, c] = Σ x[b, i, j, k, c] / (depth · height · width)`: (batch, depth, height, width, channels) → (batch, channels).
 *
 * Errors: ERR_SHAPE for other than five axes.
 *
 * @see keras.layers.GlobalAveragePooling3D
 *
 * @example
 * import { GlobalAveragePooling3D } from 'ferrograd/layers'
 *
 * const layer = new GlobalAveragePooling3D({ dataFormat: 'channelsFirst' })
 */
export class GlobalAveragePooling3D extends GlobalAveragePooling {
  static override readonly className = 'GlobalAveragePooling3D'
  protected override inputSpec: InputSpec | undefined = pictureSpec(3)
}

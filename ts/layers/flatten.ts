/** The layer that makes one axis of all but the batch. */

import { sizeOf } from '../core/shapes.js'
import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { type InputKind, Layer, type LayerOptions } from './layer.js'

const flattenFields = {
  /**
   * Where the channels are in the input; with `channelsFirst` they are moved last before flattening. Default
   * 'channelsLast'.
   */
  dataFormat: { type: 'choice', of: ['channelsLast', 'channelsFirst'], default: 'channelsLast' },
} as const

/** Options of {@link Flatten}. */
export interface FlattenOptions extends OptionsOf<typeof flattenFields>, LayerOptions {}

const FlattenBase: With<typeof Layer, typeof flattenFields, FlattenOptions> = Layer.with(flattenFields)

/**
 * One axis out of all but the batch, (batch, a, b, …) → (batch, a·b·…).
 *
 * `y[b, (i·m + j)·n + k] = x[b, i, j, k]` for `x` (batch, l, m, n).
 *
 * @see keras.layers.Flatten
 *
 * @example
 * import { Flatten } from 'ferrograd/layers'
 *
 * const layer = new Flatten({ inputShape: [28, 28] }) // (batch, 784)
 */
export class Flatten extends FlattenBase {
  static override readonly className = 'Flatten'
  protected override readonly takes = 'one' as const

  override inputKind(): InputKind {
    return 'any'
  }

  override call(x: Tensor): Tensor {
    const moved =
      this.options.dataFormat === 'channelsFirst' && x.rank > 2 ? ops.transpose(x, [0, ...range(2, x.rank), 1]) : x
    return ops.reshape(moved, [x.shape[0]!, sizeOf(x.shape.slice(1))])
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

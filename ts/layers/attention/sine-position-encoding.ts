/** Sines and cosines of places. */

import type { Tensor } from '../../core/tensor.js'
import { tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import { Layer, type LayerOptions } from '../layer.js'
import { type PositionContext, positionsOf } from './positions.js'

const fields = {
  /** The longest wave is `2π` times as long. Default 10000. */
  maxWavelength: { type: 'number', default: 10000, above: 0 },
} as const

/** Options of {@link SinePositionEncoding}. */
export interface SinePositionEncodingOptions extends OptionsOf<typeof fields>, LayerOptions {}

const SinePositionEncodingBase: With<typeof Layer, typeof fields, SinePositionEncodingOptions> = Layer.with(fields)

/**
 * Sines and cosines of places (Vaswani et al., 2017), to be added to the input: `y[…, t, 2i] = sin(t · w^(−2i/features))`,
 * `y[…, t, 2i + 1] = cos(t · w^(−2i/features))` with `w = maxWavelength`; keras-hub's layer of this name.
 *
 * `x` (batch, steps, features), of which the shape alone matters, `y` of its shape. No weights.
 *
 * Errors: ERR_SHAPE for fewer than two axes.
 *
 * @see keras_hub.layers.SinePositionEncoding
 *
 * @example
 * import { SinePositionEncoding } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const x = ops.ones([2, 10, 16])
 * const y = ops.add(x, new SinePositionEncoding().apply(x))
 */
export class SinePositionEncoding extends SinePositionEncodingBase {
  static override readonly className = 'SinePositionEncoding'
  protected override readonly takes = 'one' as const
  static readonly module = 'keras_hub.src.layers.modeling.sine_position_encoding'

  override build(inputShape: Shape): void {
    if (inputShape.length < 2)
      fail('ERR_SHAPE', 'SinePositionEncoding input', '[batch, …, steps, features]', inputShape)
  }

  override call(x: Tensor, context: PositionContext): Tensor {
    const [steps, features] = x.shape.slice(-2) as [number, number]
    const places = ops.expandDims(positionsOf(this.className, steps, context, this.dtype), -1)
    const { maxWavelength } = this.options
    const rates = Array.from({ length: features }, (_, i) => maxWavelength ** (-(2 * Math.floor(i / 2)) / features))
    const angles = ops.multiply(places, tensor(rates, [features], this.dtype))
    const even = tensor(
      Array.from(rates, (_, i) => (i + 1) % 2),
      [features],
      'bool',
    )
    return ops.broadcastTo(ops.where(even, ops.sin(angles), ops.cos(angles)), x.shape)
  }
}

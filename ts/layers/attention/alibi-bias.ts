/** Scores of attention that fall with the distance, in place of positions. */

import { type Tensor, tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import { Layer, type LayerOptions } from '../layer.js'

const fields = {
  /** The slopes of the heads are powers of `2^(−alibiBiasMax / heads)`. Default 8. */
  alibiBiasMax: { type: 'integer', default: 8, min: 1 },
} as const

/** Options of {@link AlibiBias}. */
export interface AlibiBiasOptions extends OptionsOf<typeof fields>, LayerOptions {}

const AlibiBiasBase: With<typeof Layer, typeof fields, AlibiBiasOptions> = Layer.with(fields)

/**
 * Attention with linear biases (Press et al., 2021): `y[b, n, t, s] = x[b, n, t, s] − slopeₙ · (keys − 1 − s)`, with
 * `slopeₙ = 2^(−m(n + 1)/heads)`, `m = alibiBiasMax`; keras-hub's layer of this name. To the softmax of causal scores that is
 * the distance `slopeₙ · (t − s)`. Of heads that are no power of two, the first have the slopes of the power below, the others
 * every second one of the power above.
 *
 * `x` (batch, heads, queries, keys), scores or zeros, `y` of its shape. No weights.
 *
 * Errors: ERR_SHAPE for other than four axes.
 *
 * @see keras_hub.layers.AlibiBias
 *
 * @example
 * import { AlibiBias } from 'ferrograd/layers'
 * import { ops, random } from 'ferrograd'
 *
 * const q = random.normal([2, 10, 4, 8])
 * const bias = new AlibiBias().apply(ops.zeros([1, 4, 1, 10]))
 * const y = ops.dotProductAttention(q, q, q, { bias, isCausal: true }) // (2, 10, 4, 8)
 */
export class AlibiBias extends AlibiBiasBase {
  static override readonly className = 'AlibiBias'
  protected override readonly takes = 'one' as const
  static readonly module = 'keras_hub.src.layers.modeling.alibi_bias'

  override build(inputShape: Shape): void {
    if (inputShape.length !== 4) fail('ERR_SHAPE', 'AlibiBias input', '[batch, heads, queries, keys]', inputShape)
  }

  override call(x: Tensor): Tensor {
    const [, heads, , keys] = x.shape as [number, number, number, number]
    const slopes = tensor(slopesOf(heads, this.options.alibiBiasMax), [heads, 1, 1], x.dtype)
    const behind = ops.arange(1 - keys, 1, 1, x.dtype)
    return ops.add(x, ops.multiply(slopes, behind))
  }
}

/** How fast the scores of each head fall. */
function slopesOf(heads: number, most: number): number[] {
  const below = 2 ** Math.floor(Math.log2(heads))
  const between = powers(2 * below, most).filter((_, i) => i % 2 === 0)
  return [...powers(below, most), ...between.slice(0, heads - below)]
}

/** `2^(−most · (i + 1) / count)`. */
function powers(count: number, most: number): number[] {
  return Array.from({ length: count }, (_, i) => 2 ** (-(most * (i + 1)) / count))
}

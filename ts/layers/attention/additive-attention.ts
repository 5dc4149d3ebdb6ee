/** Attention by a learnt sum of what queries and keys have in common. */

import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import type { LayerOptions } from '../layer.js'
import { pairSums, ScoredAttention } from './attention.js'

const fields = {
  /** Whether a learnt factor is on each feature. Default true. */
  useScale: { type: 'boolean', default: true },
} as const

/** Options of {@link AdditiveAttention}. */
export interface AdditiveAttentionOptions extends OptionsOf<typeof fields>, LayerOptions {
  /** The fraction of weights that is dropped in training. Default 0. */
  readonly dropout?: number
  /** Makes the dropped weights reproducible. Default null. */
  readonly seed?: number | null
}

const AdditiveAttentionBase: With<typeof ScoredAttention, typeof fields, AdditiveAttentionOptions> =
  ScoredAttention.with(fields)

/**
 * Additive attention (Bahdanau et al., 2015): `y = softmax(Σ scale · tanh(q + k)) · v`.
 *
 * Called on `[query, value]` or `[query, value, key]`: query (batch, queries, size), key (batch, keys, size), value (batch,
 * keys, width), `y` (batch, queries, width). Masked values have no weight, masked queries give 0. Weight: `scale` (size)
 * where `useScale`, glorotUniform at first.
 *
 * Errors: ERR_SHAPE for inputs that do not belong together and masks that do not fit.
 *
 * @see keras.layers.AdditiveAttention
 *
 * @example
 * import { AdditiveAttention } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const y = new AdditiveAttention().apply([ops.ones([2, 3, 8]), ops.ones([2, 5, 8])]) // (2, 3, 8)
 */
export class AdditiveAttention extends AdditiveAttentionBase {
  static override readonly className = 'AdditiveAttention'
  scale: Variable | undefined

  override build(shapes: readonly Shape[]): void {
    super.build(shapes)
    if (this.options.useScale) this.scale = this.addWeight({ name: 'scale', shape: [shapes[0]!.at(-1)!] })
  }

  protected override scores(query: Tensor, key: Tensor): Tensor {
    const common = ops.tanh(pairSums(query, key))
    return ops.sum(this.scale === undefined ? common : ops.multiply(common, this.scale), { axis: -1 })
  }
}

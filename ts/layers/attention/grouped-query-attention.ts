/** Attention with several heads of queries for each head of keys and values. */

import { fail } from '../../errors.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import type { LayerOptions } from '../layer.js'
import { HeadAttention, type HeadSizes, headsFields } from './heads.js'

const ownFields = {
  /** Length of a head. */
  headDim: { type: 'integer', min: 1 },
  /** How many heads of queries. */
  numQueryHeads: { type: 'integer', min: 1 },
  /** How many heads of keys and values: a divisor of `numQueryHeads`; 1 is multi-query attention. */
  numKeyValueHeads: { type: 'integer', min: 1 },
} as const
const fields: typeof ownFields & typeof headsFields = { ...ownFields, ...headsFields }

/** Options of {@link GroupedQueryAttention}. */
export interface GroupedQueryAttentionOptions extends OptionsOf<typeof fields>, LayerOptions {}

const GroupedQueryAttentionBase: With<typeof HeadAttention, typeof fields, GroupedQueryAttentionOptions> =
  HeadAttention.with(fields)

/**
 * As MultiHeadAttention, where `numQueryHeads / numKeyValueHeads` consecutive heads share keys and values (Ainslie et al.,
 * 2023); Keras's `GroupQueryAttention`.
 *
 * `headₙ = softmax(qₙ · kₘᵀ / √headDim) · vₘ` with `m = ⌊n · numKeyValueHeads / numQueryHeads⌋`; query (batch, queries,
 * features), value and key (batch, keys, …), `y` (batch, queries, features).
 *
 * Errors: ERR_CONFIG where the heads do not divide, ERR_SHAPE for inputs that do not belong together and masks that do not
 * fit, ERR_DTYPE for a mask of floats.
 *
 * @see keras.layers.GroupQueryAttention
 *
 * @example
 * import { GroupedQueryAttention } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new GroupedQueryAttention({ headDim: 16, numQueryHeads: 8, numKeyValueHeads: 2 })
 * const x = ops.ones([2, 10, 64])
 * const y = layer.apply({ query: x, value: x }) // (2, 10, 64)
 */
export class GroupedQueryAttention extends GroupedQueryAttentionBase {
  static override readonly className = 'GroupQueryAttention'
  static override readonly attributes: Readonly<Record<string, string>> = {
    queryDense: '_query_dense',
    keyDense: '_key_dense',
    gateDense: '_gate_dense',
    valueDense: '_value_dense',
    outputDense: '_output_dense',
  }
  protected override readonly penalisesTwice: boolean = true

  constructor(options: GroupedQueryAttentionOptions) {
    super(options)
    const { numQueryHeads, numKeyValueHeads } = this.options
    if (numQueryHeads % numKeyValueHeads !== 0)
      fail(
        'ERR_CONFIG',
        'GroupedQueryAttention.numKeyValueHeads',
        `a divisor of the ${numQueryHeads} heads of queries`,
        numKeyValueHeads,
      )
  }

  protected override checkInputs(query: Shape, key: Shape, value: Shape): void {
    super.checkInputs(query, key, value)
    if (query.length !== 3) fail('ERR_SHAPE', `${this.className} query`, '[batch, steps, features]', query)
  }

  protected override sizesFor(query: Shape): HeadSizes {
    const { headDim, numQueryHeads, numKeyValueHeads } = this.options
    return {
      heads: numQueryHeads,
      shared: numKeyValueHeads,
      keyDim: headDim,
      valueDim: headDim,
      output: [query.at(-1)!],
    }
  }
}

export { GroupedQueryAttention as GroupQueryAttention }

/** Attention with several heads, each with keys and values of its own. */

import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import type { LayerOptions } from '../layer.js'
import { HeadAttention, type HeadSizes, headsFields } from './heads.js'

const ownFields = {
  /** How many heads. */
  numHeads: { type: 'integer', min: 1 },
  /** Length of a head's queries and keys. */
  keyDim: { type: 'integer', min: 1 },
  /** Length of a head's values; keyDim unless given. */
  valueDim: { type: 'integer', default: null, min: 1 },
  /** Lengths of the result after the steps; the query's features unless given. */
  outputShape: { type: 'outputShape', default: null },
  /** The axes that queries and keys run along; all between the batch and the features unless given. */
  attentionAxes: { type: 'axis', default: null },
} as const
const fields: typeof ownFields & typeof headsFields = { ...ownFields, ...headsFields }

/** Options of {@link MultiHeadAttention}. */
export interface MultiHeadAttentionOptions extends OptionsOf<typeof fields>, LayerOptions {}

const MultiHeadAttentionBase: With<typeof HeadAttention, typeof fields, MultiHeadAttentionOptions> =
  HeadAttention.with(fields)

/**
 * Attention with several heads (Vaswani et al., 2017): `head = softmax(q · kᵀ / √keyDim) · v` of `q = query · Wq + bq`,
 * `k = key · Wk + bk`, `v = value · Wv + bv`, and `y = [head₁ | … | headₙ] · Wo + bo`.
 *
 * Query (batch, queries, features), value and key (batch, keys, …), `y` (batch, queries, features or outputShape). Weights:
 * kernels (features, numHeads, keyDim or valueDim) and biases (numHeads, keyDim or valueDim) for query, key and value, the
 * output's kernel (numHeads, valueDim, …) and bias; gate before value where `useGate`. Masks that came with the inputs are
 * taken in. A query that may see no key takes the mean of all values, or as in Keras nothing where the layer has a dropout,
 * returns its weights or goes along other axes than the one of steps.
 *
 * Errors: ERR_SHAPE for inputs that do not belong together and masks that do not fit, ERR_DTYPE for a mask of floats.
 *
 * @see keras.layers.MultiHeadAttention
 *
 * @example
 * import { MultiHeadAttention } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new MultiHeadAttention({ numHeads: 4, keyDim: 16 })
 * const x = ops.ones([2, 10, 64])
 * const y = layer.apply({ query: x, value: x }, { useCausalMask: true }) // (2, 10, 64)
 * const [, weights] = layer.applyMany({ query: x, value: x }, { returnAttentionScores: true }) // (2, 4, 10, 10)
 */
export class MultiHeadAttention extends MultiHeadAttentionBase {
  static override readonly className = 'MultiHeadAttention'
  static override readonly attributes: Readonly<Record<string, string>> = { gateDense: '_gate_dense' }

  protected override sizesFor(query: Shape): HeadSizes {
    const { numHeads, keyDim, valueDim, outputShape } = this.options
    const output = outputShape === null ? [query.at(-1)!] : ([outputShape].flat() as number[])
    return { heads: numHeads, shared: numHeads, keyDim, valueDim: valueDim ?? keyDim, output }
  }

  protected override axesOf(): readonly number[] | undefined {
    const { attentionAxes } = this.options
    return attentionAxes === null ? undefined : [attentionAxes].flat()
  }
}

/** Attention without projections: weights from dot products, or from sums, of queries and keys. */

import { sameShape, stretchesTo } from '../../core/shapes.js'
import { listOf } from '../../core/structure.js'
import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import { fail } from '../../errors.js'
import { attendBy, boolMask } from '../../ops/attention.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { SeedGenerator } from '../../random.js'
import type { Shape } from '../../types.js'
import { type CallContext, Layer, type LayerOptions, type Masks } from '../layer.js'
import { seedGenerator } from '../regularization.js'
import { needsAllSteps } from './decoding.js'

const baseFields = {
  /** The fraction of weights that is dropped in training. Default 0. */
  dropout: { type: 'number', default: 0, min: 0, below: 1 },
  /** Makes the dropped weights reproducible. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** `[query, value]`, or with keys of their own `[query, value, key]`. */
export type QueryValueKey<T = Tensor> = readonly [query: T, value: T, key?: T]

/** What a call may be told. */
export interface AttentionContext extends Omit<CallContext, 'mask'> {
  /** Which steps of query and value count, (batch, steps) each; those that came with the inputs unless given. */
  readonly mask?: Tensor | readonly (Tensor | undefined)[] | undefined
  /** Whether a query sees no value behind its own place. Default false. */
  readonly useCausalMask?: boolean
  /** Whether the weights (batch, queries, keys) are a second result; see `applyMany`. Default false. */
  readonly returnAttentionScores?: boolean
}

/** Options that both have. */
export interface ScoredAttentionOptions extends OptionsOf<typeof baseFields>, LayerOptions {}

const ScoredBase: With<typeof Layer, typeof baseFields, ScoredAttentionOptions> = Layer.with(baseFields)

/** Attention by scores of pairs; `scores` says which. */
export abstract class ScoredAttention extends ScoredBase {
  static override readonly trainingDefault: boolean | undefined = false
  readonly seedGenerator: SeedGenerator | undefined =
    this.options.dropout > 0 ? seedGenerator(this.options.seed) : undefined

  /** (batch, queries, keys) of query (batch, queries, size) and key (batch, keys, size). */
  protected abstract scores(query: Tensor, key: Tensor): Tensor

  override build(shapes: readonly Shape[]): void {
    const listed = Array.isArray(shapes[0]) && shapes.length >= 2 && shapes.length <= 3
    if (!listed) fail('ERR_SHAPE', `${this.className} input`, '[query, value] or [query, value, key]', shapes)
    const [query, value, key = value] = shapes as readonly [Shape, Shape, Shape?]
    if ([query, value, key].some((shape) => shape.length !== 3))
      fail('ERR_SHAPE', `${this.className} input`, '[batch, steps, size] each', shapes)
    if (query[2] !== key[2] || value[1] !== key[1])
      fail('ERR_SHAPE', `${this.className} key`, `[batch, ${value[1]}, ${query[2]}]`, key)
  }

  override call([query, value, key = value]: QueryValueKey, context: AttentionContext): Tensor {
    const [queryMask, valueMask] = listOf(context.mask)
    needsAllSteps(this, value)
    const seed = this.seedGenerator
    const scores = ops.expandDims(this.scores(query, key), 1)
    const { output, weights } = attendBy(scores, ops.expandDims(value, 2), {
      where: this.className,
      scale: 1,
      mask: valueMask && this.#overQueries(valueMask, [...query.shape.slice(0, 2), value.shape[1]!]),
      isCausal: context.useCausalMask,
      dropped: seed !== undefined && context.training ? { rate: this.options.dropout, seed } : undefined,
    })
    const y = ops.squeeze(output, 2)
    const counted = queryMask === undefined ? y : ops.where(this.#ofQueries(queryMask, query.shape), y, 0)
    // `apply` is typed for what nearly all calls give; `applyMany` for both.
    return context.returnAttentionScores ? ([counted, ops.squeeze(weights!, 1)] as never) : counted
  }

  /** The query's steps are those of the result; the weights have none. */
  protected override computeMask(_x: QueryValueKey, mask: Masks): Masks {
    return [(mask as readonly (Tensor | undefined)[] | undefined)?.[0]]
  }

  /** (batch, queries) as (batch, queries, 1). */
  #ofQueries(mask: Tensor, [batch, queries]: Shape): Tensor {
    if (!sameShape(mask.shape, [batch!, queries!]))
      fail('ERR_SHAPE', `${this.className} mask of the query`, `[${batch}, ${queries}]`, mask.shape)
    return ops.expandDims(ops.cast(mask, 'bool'), -1)
  }

  /** (batch, keys) or (batch, queries, keys) as (batch, 1, queries or 1, keys). */
  #overQueries(mask: Tensor, [batch, queries, keys]: Shape): Tensor {
    const given = boolMask(`${this.className} mask`, ops.cast(mask, 'bool'))
    const pairs = given.rank === 2 ? ops.expandDims(given, 1) : given
    if (!stretchesTo(pairs.shape, [batch!, queries!, keys!]))
      fail(
        'ERR_SHAPE',
        `${this.className} mask of the value`,
        `[${batch}, ${keys}] or [${batch}, ${queries}, ${keys}]`,
        mask.shape,
      )
    return ops.expandDims(pairs, 1)
  }
}

const ownFields = {
  /** Whether a learnt factor is on the scores. Default false. */
  useScale: { type: 'boolean', default: false },
  /** Whether scores are dot products, or `w · Σ tanh(q + k)`. Default 'dot'. */
  scoreMode: { type: 'choice', of: ['dot', 'concat'], default: 'dot' },
} as const
const fields: typeof ownFields & typeof baseFields = { ...ownFields, ...baseFields }

/** Options of {@link Attention}. */
export interface AttentionOptions extends OptionsOf<typeof fields>, LayerOptions {}

const AttentionBase: With<typeof ScoredAttention, typeof fields, AttentionOptions> = ScoredAttention.with(fields)

/**
 * Dot-product attention (Luong et al., 2015): `y = softmax(scale · q · kᵀ) · v`, with no `1 / √size`; with
 * `scoreMode: 'concat'`, `y = softmax(w · Σ tanh(scale · (q + k))) · v`.
 *
 * Called on `[query, value]` or `[query, value, key]`: query (batch, queries, size), key (batch, keys, size), value (batch,
 * keys, width), `y` (batch, queries, width). Masked values have no weight, masked queries give 0. Weights: `scale` () where
 * `useScale`, `concat_score_weight` () for `'concat'`, both 1 at first.
 *
 * Errors: ERR_SHAPE for inputs that do not belong together and masks that do not fit.
 *
 * @see keras.layers.Attention
 *
 * @example
 * import { Attention } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const y = new Attention().apply([ops.ones([2, 3, 8]), ops.ones([2, 5, 8])]) // (2, 3, 8)
 */
export class Attention extends AttentionBase {
  static override readonly className = 'Attention'
  scale: Variable | undefined
  concatScoreWeight: Variable | undefined

  override build(shapes: readonly Shape[]): void {
    super.build(shapes)
    const one = (name: string): Variable => this.addWeight({ name, shape: [], initializer: 'ones' })
    if (this.options.useScale) this.scale = one('scale')
    if (this.options.scoreMode === 'concat') this.concatScoreWeight = one('concat_score_weight')
  }

  protected override scores(query: Tensor, key: Tensor): Tensor {
    if (this.concatScoreWeight === undefined) {
      const scaled = this.scale === undefined ? query : ops.multiply(query, this.scale)
      return ops.matmul(scaled, key, { transposeB: true })
    }
    const sums = pairSums(query, key)
    const scaled = this.scale === undefined ? sums : ops.multiply(sums, this.scale)
    return ops.multiply(ops.sum(ops.tanh(scaled), { axis: -1 }), this.concatScoreWeight)
  }
}

/** `q[b, t] + k[b, s]`, (batch, queries, keys, size). */
export function pairSums(query: Tensor, key: Tensor): Tensor {
  return ops.add(ops.expandDims(query, 2), ops.expandDims(key, 1))
}

/** Rows for words and for their places, added. */

import { maskOn, setMask } from '../../core/mask.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { PartialShape, Shape } from '../../types.js'
import { type InputKind, Layer, type LayerOptions } from '../layer.js'
import { PositionEmbedding } from './position-embedding.js'
import type { PositionContext } from './positions.js'
import { ReversibleEmbedding } from './reversible-embedding.js'

const fields = {
  /** How many words: numbers are in [0, vocabularySize). */
  vocabularySize: { type: 'integer', min: 1 },
  /** How many places there are. */
  sequenceLength: { type: 'integer', min: 1 },
  /** Length of a row. */
  embeddingDim: { type: 'integer', min: 1 },
  /** Whether the way back of `tokenEmbedding` uses the same table. Default true. */
  tieWeights: { type: 'boolean', default: true },
  /** First value of both tables. Default 'uniform'. */
  embeddingsInitializer: { type: 'initializer', default: 'uniform' },
  /** Whether number 0 is padding, masked for the layers and losses that follow. Default false. */
  maskZero: { type: 'boolean', default: false },
} as const

/** Options of {@link TokenAndPositionEmbedding}. */
export interface TokenAndPositionEmbeddingOptions extends OptionsOf<typeof fields>, LayerOptions {}

const TokenAndPositionEmbeddingBase: With<typeof Layer, typeof fields, TokenAndPositionEmbeddingOptions> =
  Layer.with(fields)

/**
 * `y[b, t] = tokens[x[b, t]] + positions[t]`, whole numbers (batch, steps) → (batch, steps, embeddingDim); keras-hub's
 * layer of this name.
 *
 * Weights: tokens (vocabularySize, embeddingDim), positions (sequenceLength, embeddingDim). `tokenEmbedding` is a
 * ReversibleEmbedding: called with `reverse: true` it makes the logits.
 *
 * Errors: ERR_SHAPE for more steps than there are places.
 *
 * @see keras_hub.layers.TokenAndPositionEmbedding
 *
 * @example
 * import { TokenAndPositionEmbedding } from 'ferrograd/layers'
 *
 * const layer = new TokenAndPositionEmbedding({ vocabularySize: 1000, sequenceLength: 64, embeddingDim: 32 })
 */
export class TokenAndPositionEmbedding extends TokenAndPositionEmbeddingBase {
  static override readonly className = 'TokenAndPositionEmbedding'
  protected override readonly takes = 'one' as const
  static readonly module = 'keras_hub.src.layers.modeling.token_and_position_embedding'
  readonly tokenEmbedding: ReversibleEmbedding = new ReversibleEmbedding({
    name: 'token_embedding',
    inputDim: this.options.vocabularySize,
    outputDim: this.options.embeddingDim,
    tieWeights: this.options.tieWeights,
    embeddingsInitializer: this.options.embeddingsInitializer,
    maskZero: this.options.maskZero,
    dtype: this.dtype,
  })
  readonly positionEmbedding: PositionEmbedding = new PositionEmbedding({
    name: 'position_embedding',
    sequenceLength: this.options.sequenceLength,
    initializer: this.options.embeddingsInitializer,
    dtype: this.dtype,
  })

  override inputKind(): InputKind {
    return 'ids'
  }

  override build(inputShape: Shape): void {
    this.tokenEmbedding.ensureBuilt(inputShape)
    this.positionEmbedding.ensureBuilt([...inputShape, this.options.embeddingDim])
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const { embeddingDim, sequenceLength } = this.options
    const steps = inputShape.at(-1) ?? null
    if (steps !== null && steps > sequenceLength)
      fail('ERR_SHAPE', 'TokenAndPositionEmbedding input', `steps within the ${sequenceLength} places`, {
        text: `${steps}`,
      })
    return [...inputShape, embeddingDim]
  }

  override call(x: Tensor, context: PositionContext): Tensor {
    const { startIndex, positions } = context
    const tokens = this.tokenEmbedding.apply(x)
    const y = ops.add(tokens, this.positionEmbedding.apply(tokens, { startIndex, positions }))
    const mask = maskOn(tokens)
    if (mask !== undefined) setMask(y, mask)
    return y
  }
}

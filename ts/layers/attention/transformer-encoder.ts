/** A block of a transformer that sees the whole sequence. */

import type { Tensor } from '../../core/tensor.js'
import type { Shape } from '../../types.js'
import type { Dense } from '../dense.js'
import type { CallContext } from '../layer.js'
import type { LayerNormalization } from '../normalization.js'
import type { Dropout } from '../regularization.js'
import { awaitBuild } from './awaited.js'
import type { MultiHeadAttention } from './multi-head-attention.js'
import { pairLengths, seenKeys, TransformerBlock, type TransformerOptions } from './transformer.js'

/** What a call may be told. */
export interface TransformerEncoderContext extends CallContext {
  /** Which steps are no padding, (batch, steps), instead of the mask that came with the input. */
  readonly paddingMask?: Tensor | undefined
  /** Which steps a step may see, (batch, steps, steps). */
  readonly attentionMask?: Tensor | undefined
  /** Whether the weights (batch, heads, steps, steps) are a second result; see `applyMany`. Default false. */
  readonly returnAttentionScores?: boolean
}

/**
 * A block of a transformer's encoder (Vaswani et al., 2017): `h = norm(x + attention(x))`, `y = norm(h + output(
 * activation(intermediate(h))))`, or with `normalizeFirst` `h = x + attention(norm(x))` and so on; keras-hub's layer of this
 * name.
 *
 * `x` and `y` (batch, steps, features). The mask that came with the input is taken in, and handed on.
 *
 * Errors: ERR_SHAPE for fewer features than heads and masks that do not fit.
 *
 * @see keras_hub.layers.TransformerEncoder
 *
 * @example
 * import { TransformerEncoder } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new TransformerEncoder({ intermediateDim: 64, numHeads: 4, normalizeFirst: true })
 * const y = layer.apply(ops.ones([2, 10, 32])) // (2, 10, 32)
 */
export class TransformerEncoder extends TransformerBlock {
  static override readonly className = 'TransformerEncoder'
  protected override readonly takes = 'one' as const
  static readonly module = 'keras_hub.src.layers.modeling.transformer_encoder'
  static override readonly attributes: Readonly<Record<string, string>> = {
    selfAttentionLayer: '_self_attention_layer',
    selfAttentionLayerNorm: '_self_attention_layer_norm',
    feedforwardLayerNorm: '_feedforward_layer_norm',
    feedforwardIntermediateDense: '_feedforward_intermediate_dense',
    feedforwardOutputDense: '_feedforward_output_dense',
  }
  protected override readonly keepsMask: boolean = true
  selfAttentionLayer!: MultiHeadAttention
  selfAttentionLayerNorm!: LayerNormalization
  selfAttentionDropout!: Dropout
  feedforwardLayerNorm!: LayerNormalization
  feedforwardIntermediateDense!: Dense
  feedforwardOutputDense!: Dense
  feedforwardDropout!: Dropout

  constructor(options: TransformerOptions) {
    super(options)
    awaitBuild<TransformerEncoder>(this, [
      'selfAttentionLayer',
      'selfAttentionLayerNorm',
      'selfAttentionDropout',
      'feedforwardLayerNorm',
      'feedforwardIntermediateDense',
      'feedforwardOutputDense',
      'feedforwardDropout',
    ])
  }

  override build(inputShape: Shape): void {
    this.selfAttentionLayer = this.makeAttention('self_attention_layer', inputShape, inputShape)
    this.selfAttentionLayerNorm = this.makeNorm('self_attention_layer_norm', inputShape)
    this.selfAttentionDropout = this.makeDropout('self_attention_dropout')
    this.feedforwardLayerNorm = this.makeNorm('feedforward_layer_norm', inputShape)
    this.feedforwardIntermediateDense = this.makeIntermediate(inputShape)
    this.feedforwardOutputDense = this.makeOutput(inputShape)
    this.feedforwardDropout = this.makeDropout('feedforward_dropout')
  }

  override call(x: Tensor, context: TransformerEncoderContext): Tensor {
    const { mask, paddingMask, returnAttentionScores = false } = context
    const attentionMask = seenKeys(
      pairLengths(x, x),
      { where: `${this.className} paddingMask`, mask: paddingMask ?? mask },
      { where: `${this.className} attentionMask`, mask: context.attentionMask },
    )
    const attention = { norm: this.selfAttentionLayerNorm, dropout: this.selfAttentionDropout }
    const told = { attentionMask, returnAttentionScores, mask: { query: mask, value: mask } }
    const [h, ...scores] = this.around(x, attention, (query) =>
      this.selfAttentionLayer.applyMany({ query, value: query }, told),
    ) as [Tensor, ...Tensor[]]
    const network = { norm: this.feedforwardLayerNorm, dropout: this.feedforwardDropout }
    const parts = { intermediate: this.feedforwardIntermediateDense, output: this.feedforwardOutputDense }
    const [y] = this.around(h, network, this.feed(parts)) as [Tensor]
    // `apply` is typed for what nearly all calls give; `applyMany` for both.
    return returnAttentionScores ? ([y, ...scores] as never) : y
  }
}

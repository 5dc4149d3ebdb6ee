/** A block of a transformer that sees what came before, and perhaps another sequence. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import type { Dense } from '../dense.js'
import type { CallContext, Masks } from '../layer.js'
import type { LayerNormalization } from '../normalization.js'
import type { Dropout } from '../regularization.js'
import { awaitBuild } from './awaited.js'
import { byName } from './masks.js'
import type { MultiHeadAttention } from './multi-head-attention.js'
import { pairLengths, seenKeys, TransformerBlock, type TransformerOptions } from './transformer.js'

const fields = {
  /** What the layer was built for, as keras-hub writes it: read, and of no effect. Default null. */
  decoderSequenceShape: { type: 'partialShape', default: null },
  /** The same of the encoder's sequence. Default null. */
  encoderSequenceShape: { type: 'partialShape', default: null },
} as const

/** Options of {@link TransformerDecoder}. */
export interface TransformerDecoderOptions extends OptionsOf<typeof fields>, TransformerOptions {}

const TransformerDecoderBase: With<typeof TransformerBlock, typeof fields, TransformerDecoderOptions> =
  TransformerBlock.with(fields)

/** The inputs of a decoder. */
export interface DecoderInputs<T = Tensor> {
  readonly decoderSequence: T
  readonly encoderSequence?: T
}

/** What a call may be told. */
export interface TransformerDecoderContext extends Omit<CallContext, 'mask'> {
  /** Which steps of each input count; those that came with the inputs unless given. */
  readonly mask?: Tensor | Partial<DecoderInputs> | undefined
  /** Which steps are no padding, (batch, steps), instead of the mask that came with the input. */
  readonly decoderPaddingMask?: Tensor | undefined
  /** Which steps a step may see, (batch, steps, steps). */
  readonly decoderAttentionMask?: Tensor | undefined
  /** Which steps of the encoder are no padding, instead of the mask that came with them. */
  readonly encoderPaddingMask?: Tensor | undefined
  /** Which steps of the encoder a step may see, (batch, steps, encoder's steps). */
  readonly encoderAttentionMask?: Tensor | undefined
  /** Whether a step sees none behind it. Default true. */
  readonly useCausalMask?: boolean
}

/**
 * A block of a transformer's decoder (Vaswani et al., 2017): `h = norm(x + attention(x))`, where a step sees those up to
 * itself, then, where an encoder's sequence `e` is given, `h = norm(h + attention(h, e))`, and `y = norm(h + output(
 * activation(intermediate(h))))`; with `normalizeFirst` each part is normalised before it; keras-hub's layer of this name.
 *
 * `x` and `y` (batch, steps, features), `e` (batch, encoder's steps, …). Masks that came with the inputs are taken in, that
 * of the first is handed on. What a call gives once it has to give always: an encoder's sequence or none.
 *
 * Errors: ERR_SHAPE for fewer features than heads and masks that do not fit, ERR_DATA for an encoder's sequence that the
 * layer was not built for, and the other way round.
 *
 * @see keras_hub.layers.TransformerDecoder
 *
 * @example
 * import { TransformerDecoder } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new TransformerDecoder({ intermediateDim: 64, numHeads: 4 })
 * const y = layer.apply({ decoderSequence: ops.ones([2, 10, 32]), encoderSequence: ops.ones([2, 7, 32]) }) // (2, 10, 32)
 */
export class TransformerDecoder extends TransformerDecoderBase {
  static override readonly className = 'TransformerDecoder'
  static readonly module = 'keras_hub.src.layers.modeling.transformer_decoder'
  static override readonly parameters = ['decoderSequence', 'encoderSequence'] as const
  static override readonly attributes: Readonly<Record<string, string>> = {
    selfAttentionLayer: '_self_attention_layer',
    selfAttentionLayerNorm: '_self_attention_layer_norm',
    crossAttentionLayer: '_cross_attention_layer',
    crossAttentionLayerNorm: '_cross_attention_layer_norm',
    feedforwardIntermediateDense: '_feedforward_intermediate_dense',
    feedforwardOutputDense: '_feedforward_output_dense',
    feedforwardLayerNorm: '_feedforward_layer_norm',
  }
  selfAttentionLayer!: MultiHeadAttention
  selfAttentionLayerNorm!: LayerNormalization
  selfAttentionDropout!: Dropout
  crossAttentionLayer: MultiHeadAttention | undefined
  crossAttentionLayerNorm: LayerNormalization | undefined
  crossAttentionDropout: Dropout | undefined
  feedforwardIntermediateDense!: Dense
  feedforwardOutputDense!: Dense
  feedforwardLayerNorm!: LayerNormalization
  feedforwardDropout!: Dropout

  constructor(options: TransformerDecoderOptions) {
    super(options)
    awaitBuild<TransformerDecoder>(this, [
      'selfAttentionLayer',
      'selfAttentionLayerNorm',
      'selfAttentionDropout',
      'feedforwardIntermediateDense',
      'feedforwardOutputDense',
      'feedforwardLayerNorm',
      'feedforwardDropout',
    ])
  }

  override build({ decoderSequence: shape, encoderSequence }: DecoderInputs<Shape>): void {
    this.selfAttentionLayer = this.makeAttention('self_attention', shape, shape)
    this.selfAttentionLayerNorm = this.makeNorm('self_attention_layer_norm', shape)
    this.selfAttentionDropout = this.makeDropout('self_attention_dropout')
    if (encoderSequence !== undefined) {
      this.crossAttentionLayer = this.makeAttention('cross_attention', shape, encoderSequence)
      this.crossAttentionLayerNorm = this.makeNorm('cross_attention_layer_norm', shape)
      this.crossAttentionDropout = this.makeDropout('cross_attention_dropout')
    }
    this.feedforwardIntermediateDense = this.makeIntermediate(shape)
    this.feedforwardOutputDense = this.makeOutput(shape)
    this.feedforwardLayerNorm = this.makeNorm('feedforward_layer_norm', shape)
    this.feedforwardDropout = this.makeDropout('feedforward_dropout')
  }

  override call({ decoderSequence: x, encoderSequence }: DecoderInputs, context: TransformerDecoderContext): Tensor {
    const { decoderPaddingMask, decoderAttentionMask, useCausalMask = true } = context
    const mask = byName(context.mask, 'decoderSequence')
    const seen = seenKeys(
      pairLengths(x, x),
      { where: `${this.className} decoderPaddingMask`, mask: decoderPaddingMask ?? mask?.decoderSequence },
      { where: `${this.className} decoderAttentionMask`, mask: decoderAttentionMask },
    )
    const part = { norm: this.selfAttentionLayerNorm, dropout: this.selfAttentionDropout }
    // What is padding is said once, by `attentionMask`: as a mask of its own it would hide all from the padding itself.
    const told = { attentionMask: seen, useCausalMask, mask: {} }
    const [h] = this.around(x, part, (query) => this.selfAttentionLayer.applyMany({ query, value: query }, told))
    const crossed = this.#cross(h!, encoderSequence, context)
    const network = { norm: this.feedforwardLayerNorm, dropout: this.feedforwardDropout }
    const parts = { intermediate: this.feedforwardIntermediateDense, output: this.feedforwardOutputDense }
    return this.around(crossed, network, this.feed(parts))[0]!
  }

  #cross(x: Tensor, encoderSequence: Tensor | undefined, context: TransformerDecoderContext): Tensor {
    const [layer, norm, dropout] = [this.crossAttentionLayer, this.crossAttentionLayerNorm, this.crossAttentionDropout]
    if ((layer === undefined) !== (encoderSequence === undefined))
      fail(
        'ERR_DATA',
        'TransformerDecoder encoderSequence',
        layer === undefined ? 'none, as in the first call' : 'a sequence, as in the first call',
        encoderSequence,
      )
    if (layer === undefined || norm === undefined || dropout === undefined || encoderSequence === undefined) return x
    const { encoderPaddingMask, encoderAttentionMask } = context
    const mask = byName(context.mask, 'decoderSequence')
    const seen = seenKeys(
      pairLengths(x, encoderSequence),
      { where: `${this.className} encoderPaddingMask`, mask: encoderPaddingMask ?? mask?.encoderSequence },
      { where: `${this.className} encoderAttentionMask`, mask: encoderAttentionMask },
    )
    const told = { attentionMask: seen, mask: {} }
    const attend = (query: Tensor): Tensor[] => layer.applyMany({ query, value: encoderSequence }, told)
    return this.around(x, { norm, dropout }, attend)[0]!
  }

  protected override computeMask(_x: DecoderInputs, mask: Masks): Masks {
    return byName(mask as TransformerDecoderContext['mask'], 'decoderSequence')?.decoderSequence
  }
}

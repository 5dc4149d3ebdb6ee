/** A table of rows that also says how well a vector agrees with each of them. */

import { setMask } from '../../core/mask.js'
import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { Embedding, type EmbeddingOptions } from '../embedding.js'
import type { CallContext, InputKind } from '../layer.js'

const fields = {
  /** Whether the way back uses the same table, or one of its own. Default true. */
  tieWeights: { type: 'boolean', default: true },
  /** The element type of the way back; the layer's unless given. */
  reverseDtype: { type: 'elementType', default: null },
  /** Logits become `cap · tanh(logit / cap)`. Default null. */
  logitSoftCap: { type: 'number', default: null, above: 0 },
} as const

/** Options of {@link ReversibleEmbedding}. */
export interface ReversibleEmbeddingOptions extends OptionsOf<typeof fields>, EmbeddingOptions {}

const ReversibleEmbeddingBase: With<typeof Embedding, typeof fields, ReversibleEmbeddingOptions> =
  Embedding.with(fields)

/** What a call may be told. */
export interface ReversibleEmbeddingContext extends CallContext {
  /** Whether vectors go in and logits come out. Default false. */
  readonly reverse?: boolean
}

/**
 * An Embedding that is also the last layer of a language model (Press & Wolf, 2016): `y = table[x]`, and with
 * `reverse: true`, `y = x · tableᵀ`.
 *
 * Whole numbers (batch, …) → (batch, …, outputDim); reversed (batch, …, outputDim) → (batch, …, inputDim). Weights:
 * embeddings (inputDim, outputDim), and without `tieWeights` reverse_embeddings (outputDim, inputDim).
 *
 * @see keras.layers.ReversibleEmbedding
 *
 * @example
 * import { ReversibleEmbedding } from 'ferrograd/layers'
 * import { tensor } from 'ferrograd'
 *
 * const layer = new ReversibleEmbedding({ inputDim: 1000, outputDim: 16 })
 * const words = layer.apply(tensor([[3, 5]], undefined, 'int32')) // (1, 2, 16)
 * const logits = layer.apply(words, { reverse: true }) // (1, 2, 1000)
 */
export class ReversibleEmbedding extends ReversibleEmbeddingBase {
  static override readonly className = 'ReversibleEmbedding'
  protected override readonly takes = 'one' as const
  reverseEmbeddings: Variable | undefined

  override inputKind(_position?: number, told?: ReversibleEmbeddingContext): InputKind {
    return told?.reverse ? 'floats' : 'ids'
  }

  override build(): void {
    super.build()
    const { inputDim, outputDim, tieWeights, embeddingsInitializer: initializer } = this.options
    if (!tieWeights)
      this.reverseEmbeddings = this.addWeight({
        name: 'reverse_embeddings',
        shape: [outputDim, inputDim],
        initializer,
      })
  }

  override call(x: Tensor, context?: ReversibleEmbeddingContext): Tensor {
    if (context?.reverse) return this.#reversed(x)
    const y = super.call(x)
    const mask = super.computeMask(x)
    if (mask !== undefined) setMask(y, mask)
    return y
  }

  /** Which way it goes is known in `call` alone. */
  protected override computeMask(): undefined {
    return undefined
  }

  #reversed(x: Tensor): Tensor {
    const { reverseDtype, logitSoftCap: cap } = this.options
    const typed = (one: Tensor | Variable): Tensor => ops.cast(one, reverseDtype ?? this.dtype)
    const logits =
      this.reverseEmbeddings === undefined
        ? ops.matmul(typed(x), typed(this.merged()), { transposeB: true })
        : ops.matmul(typed(x), typed(this.reverseEmbeddings))
    return cap === null ? logits : ops.multiply(ops.tanh(ops.divide(logits, cap)), cap)
  }
}

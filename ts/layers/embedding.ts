/** Rows of a table, by number. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { type InputKind, Layer, type LayerOptions } from './layer.js'
import { LowRankLayer, loraFields, type Tuned } from './low-rank.js'

const ownFields = {
  /** How many rows: numbers are in [0, inputDim). */
  inputDim: { type: 'integer', min: 1 },
  /** Length of a row. */
  outputDim: { type: 'integer', min: 1 },
  /** First value of the table. Default 'uniform'. */
  embeddingsInitializer: { type: 'initializer', default: 'uniform' },
  /** Penalty on the table. Default null. */
  embeddingsRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the result. Default null. */
  activityRegularizer: { type: 'regularizer', default: null },
  /** What the table is set back to after each step. Default null. */
  embeddingsConstraint: { type: 'constraint', default: null },
  /** Whether number 0 is padding, masked for the layers and losses that follow. Default false. */
  maskZero: { type: 'boolean', default: false },
} as const
const fields: typeof ownFields & typeof loraFields = { ...ownFields, ...loraFields }

/** Options of {@link Embedding}. */
export interface EmbeddingOptions extends OptionsOf<typeof fields>, LayerOptions {}

const EmbeddingBase: With<typeof LowRankLayer, typeof fields, EmbeddingOptions> = LowRankLayer.with(fields)

/**
 * `y = table[x]`, whole numbers (batch, …) → (batch, …, outputDim).
 *
 * Weights: embeddings (inputDim, outputDim), uniform in ±0.05.
 *
 * @see keras.layers.Embedding
 *
 * @example
 * import { Embedding } from 'ferrograd/layers'
 *
 * const layer = new Embedding({ inputDim: 1000, outputDim: 16 })
 */
export class Embedding extends EmbeddingBase {
  static override readonly className = 'Embedding' as string
  protected override readonly takes = 'one' as const
  embeddings!: Variable

  override inputKind(): InputKind {
    return 'ids'
  }

  override build(): void {
    const { inputDim, outputDim } = this.options
    const {
      embeddingsInitializer: initializer,
      embeddingsRegularizer: regularizer,
      embeddingsConstraint: constraint,
    } = this.options
    this.embeddings = this.addWeight({
      name: 'embeddings',
      shape: [inputDim, outputDim],
      initializer,
      regularizer,
      constraint,
    })
    this.enableGiven(this.options)
  }

  protected override get tuned(): Tuned {
    const { embeddingsRegularizer: regularizer, embeddingsConstraint: constraint } = this.options
    return { weight: this.embeddings, prefix: 'lora_embeddings', regularizer, constraint }
  }

  protected override computeMask(x: Tensor): Tensor | undefined {
    return this.options.maskZero ? ops.notEqual(x, 0) : undefined
  }

  override call(x: Tensor): Tensor {
    const [ids, lora] = [ops.cast(x, 'int32'), this.lora]
    const rows = ops.take(this.embeddings, ids, { axis: 0 })
    return lora === undefined ? rows : ops.add(rows, this.raised(ops.take(lora.a, ids, { axis: 0 }), lora))
  }
}

const maskingFields = {
  /** A step all of whose entries are this is padding. Default 0. */
  maskValue: { type: 'number', default: 0 },
} as const

/** Options of {@link Masking}. */
export interface MaskingOptions extends OptionsOf<typeof maskingFields>, LayerOptions {}

const MaskingBase: With<typeof Layer, typeof maskingFields, MaskingOptions> = Layer.with(maskingFields)

/**
 * Marks the steps (batch, steps, features) that are padding: those with nothing but `maskValue`; they become 0.
 *
 * `mask[b, t] = any(x[b, t] ≠ maskValue)`, `y[b, t] = mask[b, t] · x[b, t]`.
 *
 * @see keras.layers.Masking
 *
 * @example
 * import { Masking } from 'ferrograd/layers'
 *
 * const layer = new Masking({ maskValue: -1 })
 */
export class Masking extends MaskingBase {
  static override readonly className = 'Masking'
  protected override readonly takes = 'one' as const

  protected override computeMask(x: Tensor): Tensor {
    return ops.any(ops.notEqual(x, this.options.maskValue), { axis: -1 })
  }

  override call(x: Tensor): Tensor {
    return ops.multiply(x, ops.expandDims(ops.cast(this.computeMask(x), x.dtype), -1))
  }
}

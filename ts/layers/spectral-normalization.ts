/** The weight of a layer divided by its greatest singular value. */

import type { Tensor } from '../core/tensor.js'
import { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { customGradient } from '../gradient.js'
import { TruncatedNormal } from '../initializers/random.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Shape } from '../types.js'
import type { CallContext } from './context.js'
import { type Filed, type InputKind, Layer, type LayerOptions } from './layer.js'

const fields = {
  /** The layer whose weight is normalised: one with a `kernel`, or with `embeddings`. */
  layer: { type: 'layer' },
  /** How often a training call goes on with the search for the singular vectors. Default 1. */
  powerIterations: { type: 'integer', default: 1, min: 1 },
} as const

/** Options of {@link SpectralNormalization}. */
export interface SpectralNormalizationOptions extends OptionsOf<typeof fields>, LayerOptions {}

const SpectralNormalizationBase: With<typeof Layer, typeof fields, SpectralNormalizationOptions> = Layer.with(fields)

/**
 * Has a layer whose weight `W` (…, outputs) has a greatest singular value of about 1 (Miyato et al., 2018): a training call sets
 * `W ← W / σ`, `σ = v W uᵀ`, before the layer is called, as rows `v = u Wᵀ / ‖u Wᵀ‖` and `u = v W / ‖v W‖` follow each other
 * `powerIterations` times. `u` is kept, so that one turn a step is enough. Other calls use `W` as it is.
 *
 * Shapes are those of the layer. Weights: those of the layer, and vector_u (1, outputs). A weight of zeros stays so. The gradient is that
 * of the divided weight, which is what the optimizer changes: it does not go through the division.
 *
 * Errors: ERR_CONFIG for a layer without a `kernel` or `embeddings`.
 *
 * @see keras.layers.SpectralNormalization
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { Conv2D, SpectralNormalization } from 'ferrograd/layers'
 *
 * const layer = new SpectralNormalization({ layer: new Conv2D({ filters: 8, kernelSize: 3 }) })
 * const y = layer.apply(ops.ones([2, 10, 10, 3]), { training: true }) // (2, 8, 8, 8)
 */
export class SpectralNormalization extends SpectralNormalizationBase {
  static override readonly className = 'SpectralNormalization'
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  readonly layer: Layer = this.options.layer as Layer
  /** The weight that is normalised. */
  kernel!: Variable
  vectorU!: Variable

  override inputKind(): InputKind {
    return this.layer.inputKind()
  }

  override build(inputShape: Shape): void {
    this.layer.ensureBuilt(inputShape)
    this.kernel = weightOf(this.layer)
    this.vectorU = this.addWeight({
      name: 'vector_u',
      shape: [1, this.kernel.shape.at(-1)!],
      initializer: new TruncatedNormal({ stddev: 0.02 }),
      trainable: false,
      // The layer inside may have another type than this one.
      dtype: this.kernel.dtype,
    })
  }

  override call(x: Tensor, { mask, training }: CallContext): Tensor {
    if (training) this.#normalize()
    return this.layer.apply(x, mask === undefined ? { training } : { training, mask })
  }

  /** Keras keeps the weight of the layer inside here as well. */
  override filed(own: readonly Variable[]): Filed[] {
    return super.filed(own.length === 0 ? own : [this.kernel, ...own])
  }

  #normalize(): void {
    const u = this.vectorU.read()
    let after = u
    const divided = customGradient((kernel) => {
      const found = this.#divided(ops.stopGradient(kernel), u)
      after = found.u
      return { value: found.kernel, gradient: (upstream) => upstream }
    })(this.kernel)
    this.kernel.assign(divided)
    this.vectorU.assign(after)
  }

  #divided(kernel: Tensor, before: Tensor): { readonly kernel: Tensor; readonly u: Tensor } {
    const largest = ops.max(ops.abs(kernel))
    // The quotient is that of any multiple of the weight: of one whose products neither overflow nor vanish.
    const scaled = ops.divide(kernel, ops.where(ops.equal(largest, 0), 1, largest))
    const w = ops.reshape(scaled, [-1, kernel.shape.at(-1)!])
    let [u, v] = [unit(before), before]
    for (let turn = 0; turn < this.options.powerIterations; turn++) {
      v = unit(ops.matmul(u, ops.transpose(w)))
      u = unit(ops.matmul(v, w))
    }
    const sigma = ops.reshape(ops.matmul(ops.matmul(v, w), ops.transpose(u)), [])
    const isZero = ops.equal(sigma, 0)
    const divided = ops.divide(scaled, ops.where(isZero, 1, sigma))
    return { kernel: ops.where(isZero, kernel, divided), u: ops.where(isZero, before, u) }
  }
}

function weightOf(layer: Layer): Variable {
  const { kernel, embeddings } = layer as Layer & { readonly kernel?: unknown; readonly embeddings?: unknown }
  const weight = kernel ?? embeddings
  if (weight instanceof Variable) return weight
  return fail('ERR_CONFIG', 'SpectralNormalization.layer', "a layer with a 'kernel' or 'embeddings'", layer.className)
}

/** A row as long as 1; zeros stay so. */
function unit(row: Tensor): Tensor {
  return ops.normalize(row, { epsilon: 0 })
}

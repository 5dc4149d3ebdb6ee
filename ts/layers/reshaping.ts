/** Layers that move or repeat what is there. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { type InputKind, Layer, type LayerOptions } from './layer.js'

const permuteFields = {
  /** The axes of a sample in their new order, from 1. */
  dims: { type: 'integers' },
} as const

/** Options of {@link Permute}. */
export interface PermuteOptions extends OptionsOf<typeof permuteFields>, LayerOptions {}

const PermuteBase: With<typeof Layer, typeof permuteFields, PermuteOptions> = Layer.with(permuteFields)

/**
 * The axes of a sample in another order.
 *
 * `y = transpose(x, [0, …dims])`, dims from 1: `x` (batch, a, b) → `y` (batch, b, a) for `[2, 1]`.
 *
 * @see keras.layers.Permute
 *
 * @example
 * import { Permute } from 'ferrograd/layers'
 *
 * const layer = new Permute({ dims: [2, 1] }) // (batch, a, b) → (batch, b, a)
 */
export class Permute extends PermuteBase {
  static override readonly className = 'Permute'
  protected override readonly takes = 'one' as const

  override inputKind(): InputKind {
    return 'any'
  }

  override call(x: Tensor): Tensor {
    const { dims } = this.options
    const wanted = [...dims].sort((a, b) => a - b).join()
    const axes = x.shape.slice(1).map((_, i) => i + 1)
    if (wanted !== axes.join()) fail('ERR_CONFIG', 'Permute.dims', `each of ${axes.join(', ')} once`, dims)
    return ops.transpose(x, [0, ...dims])
  }
}

const repeatFields = {
  /** How often. */
  n: { type: 'integer', min: 1 },
} as const

/** Options of {@link RepeatVector}. */
export interface RepeatVectorOptions extends OptionsOf<typeof repeatFields>, LayerOptions {}

const RepeatVectorBase: With<typeof Layer, typeof repeatFields, RepeatVectorOptions> = Layer.with(repeatFields)

/**
 * A vector `n` times over, (batch, features) → (batch, n, features).
 *
 * `y[b, i] = x[b]` for i in 0 … n − 1.
 *
 * @see keras.layers.RepeatVector
 *
 * @example
 * import { RepeatVector } from 'ferrograd/layers'
 *
 * const layer = new RepeatVector({ n: 3 })
 */
export class RepeatVector extends RepeatVectorBase {
  static override readonly className = 'RepeatVector'
  protected override readonly takes = 'one' as const

  override inputKind(): InputKind {
    return 'any'
  }

  override call(x: Tensor): Tensor {
    if (x.rank !== 2) fail('ERR_SHAPE', 'RepeatVector input', '[batch, features]', x.shape)
    return ops.tile(ops.expandDims(x, 1), [1, this.options.n, 1])
  }
}

/**
 * `y = x`.
 *
 * @see keras.layers.Identity
 *
 * @example
 * import { Identity } from 'ferrograd/layers'
 *
 * const layer = new Identity()
 */
export class Identity extends Layer {
  static override readonly className = 'Identity'
  protected override readonly keepsMask: boolean = true

  override inputKind(): InputKind {
    return 'any'
  }

  override call(x: Tensor): Tensor {
    return x
  }
}

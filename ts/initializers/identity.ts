/** An initializer of the identity matrix. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import type { DType, Shape } from '../types.js'
import { Initializer } from './initializer.js'

const identityFields = {
  /** The value on the diagonal. Default 1. */
  gain: { type: 'number', default: 1, quiet: true },
} as const

/** Options of {@link Identity}. */
export interface IdentityOptions extends OptionsOf<typeof identityFields>, Named {}

const IdentityBase: With<typeof Initializer, typeof identityFields, IdentityOptions> = Initializer.with(identityFields)

/**
 * `gain` (1) on the diagonal of a matrix, 0 elsewhere.
 *
 * `wᵢⱼ = gain · [i = j]`.
 *
 * @see keras.initializers.Identity
 *
 * @example
 * import { Identity } from 'ferrograd/initializers'
 *
 * const initializer = new Identity()
 */
export class Identity extends IdentityBase {
  static override readonly className = 'Identity'

  override call(shape: Shape, dtype: DType): Tensor {
    if (shape.length !== 2) fail('ERR_SHAPE', 'Identity', 'a matrix shape', shape)
    return ops.multiply(ops.eye(shape[0]!, { columns: shape[1]!, dtype }), this.options.gain)
  }
}

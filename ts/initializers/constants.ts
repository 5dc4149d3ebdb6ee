import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import type { DType, Shape } from '../types.js'
import { Initializer } from './initializer.js'

/**
 * All 0.
 *
 * `wᵢ = 0`, of any shape.
 *
 * @see keras.initializers.Zeros
 *
 * @example
 * import { Zeros } from 'ferrograd/initializers'
 *
 * const initializer = new Zeros()
 */
export class Zeros extends Initializer {
  static override readonly className = 'Zeros'

  override call(shape: Shape, dtype: DType): Tensor {
    return ops.zeros(shape, dtype)
  }
}

/**
 * All 1.
 *
 * `wᵢ = 1`, of any shape.
 *
 * @see keras.initializers.Ones
 *
 * @example
 * import { Ones } from 'ferrograd/initializers'
 *
 * const initializer = new Ones()
 */
export class Ones extends Initializer {
  static override readonly className = 'Ones'

  override call(shape: Shape, dtype: DType): Tensor {
    return ops.ones(shape, dtype)
  }
}

const constantFields = {
  /** The value of every element. Default 0. */
  value: { type: 'number', default: 0 },
} as const

/** Options of {@link Constant}. */
export interface ConstantOptions extends OptionsOf<typeof constantFields>, Named {}

const ConstantBase: With<typeof Initializer, typeof constantFields, ConstantOptions> = Initializer.with(constantFields)

/**
 * All `value` (0).
 *
 * `wᵢ = value`, of any shape.
 *
 * @see keras.initializers.Constant
 *
 * @example
 * import { Constant } from 'ferrograd/initializers'
 *
 * const initializer = new Constant({ value: 0.1 })
 */
export class Constant extends ConstantBase {
  static override readonly className = 'Constant'

  override call(shape: Shape, dtype: DType): Tensor {
    return ops.full(shape, this.options.value, dtype)
  }
}

/** What every initializer is: the first value of a weight, from its shape and a seed. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { Configurable } from '../options/configurable.js'
import type { NoOptions } from '../options/fields.js'
import * as random from '../random.js'
import type { DType, FloatDType, Shape } from '../types.js'

/**
 * Base of initializers; your own extend it and write `call`.
 *
 * @see keras.initializers.Initializer
 *
 * @example
 * import { Initializer } from 'ferrograd/initializers'
 * import { ops, type DType, type Shape, type Tensor } from 'ferrograd'
 *
 * class Sevens extends Initializer {
 *   call(shape: Shape, dtype: DType): Tensor {
 *     return ops.full(shape, 7, dtype)
 *   }
 * }
 */
export abstract class Initializer extends Configurable {
  constructor(options?: NoOptions) {
    super(options)
  }

  /** A tensor of the given shape. */
  abstract call(shape: Shape, dtype: DType): Tensor
}

/** A seed given yields the same numbers at each call; without one each call draws new ones. */
export function seeded(seed: number | null): { seed?: random.SeedGenerator } {
  return seed === null ? {} : { seed: new random.SeedGenerator(seed) }
}

export function floating(dtype: DType, where: string): FloatDType {
  if (dtype === 'float32' || dtype === 'float64') return dtype
  return fail('ERR_DTYPE', where, `'float32' or 'float64'`, dtype)
}

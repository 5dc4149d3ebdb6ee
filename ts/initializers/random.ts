/** Initializers that draw from one distribution, whatever the shape. */

import type { Tensor } from '../core/tensor.js'
import * as random from '../random.js'
import type { DType, Shape } from '../types.js'
import { floating, Initializer, seeded } from './initializer.js'

const normalFields = {
  /** Centre of the distribution. */
  mean: { type: 'number', default: 0 },
  /** Standard deviation. */
  stddev: { type: 'number', default: 0.05, min: 0 },
  /** Makes every call yield the same numbers. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/**
 * Normal numbers, `mean` (0) and `stddev` (0.05).
 *
 * `wᵢ = mean + stddev · z`, z from N(0, 1), of any shape.
 *
 * @see keras.initializers.RandomNormal
 *
 * @example
 * import { RandomNormal } from 'ferrograd/initializers'
 *
 * const initializer = new RandomNormal({ stddev: 0.02, seed: 1 })
 */
export class RandomNormal extends Initializer<typeof normalFields> {
  static override readonly className = 'RandomNormal'
  static override readonly fields: typeof normalFields = normalFields

  override call(shape: Shape, dtype: DType): Tensor {
    const { mean, stddev, seed } = this.options
    return random.normal(shape, { mean, stddev, dtype: floating(dtype, this.className), ...seeded(seed) })
  }
}

/**
 * Normal numbers, redrawn when farther than two `stddev` (0.05) from `mean` (0).
 *
 * `wᵢ = mean + stddev · z`, z from N(0, 1) within ±2, of any shape.
 *
 * @see keras.initializers.TruncatedNormal
 *
 * @example
 * import { TruncatedNormal } from 'ferrograd/initializers'
 *
 * const initializer = new TruncatedNormal({ stddev: 0.02 })
 */
export class TruncatedNormal extends Initializer<typeof normalFields> {
  static override readonly className = 'TruncatedNormal'
  static override readonly fields: typeof normalFields = normalFields

  override call(shape: Shape, dtype: DType): Tensor {
    const { mean, stddev, seed } = this.options
    return random.truncatedNormal(shape, { mean, stddev, dtype: floating(dtype, this.className), ...seeded(seed) })
  }
}

const uniformFields = {
  /** Lower limit, inclusive. */
  minval: { type: 'number', default: -0.05 },
  /** Upper limit, exclusive. */
  maxval: { type: 'number', default: 0.05 },
  /** Makes every call yield the same numbers. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/**
 * Uniform numbers in [`minval`, `maxval`) (−0.05, 0.05).
 *
 * `wᵢ = minval + (maxval − minval) · u`, u from [0, 1), of any shape.
 *
 * @see keras.initializers.RandomUniform
 *
 * @example
 * import { RandomUniform } from 'ferrograd/initializers'
 *
 * const initializer = new RandomUniform({ minval: -0.1, maxval: 0.1 })
 */
export class RandomUniform extends Initializer<typeof uniformFields> {
  static override readonly className = 'RandomUniform'
  static override readonly fields: typeof uniformFields = uniformFields

  override call(shape: Shape, dtype: DType): Tensor {
    const { minval, maxval, seed } = this.options
    return random.uniform(shape, { minval, maxval, dtype: floating(dtype, this.className), ...seeded(seed) })
  }
}

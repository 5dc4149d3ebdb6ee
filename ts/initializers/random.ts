/** Initializers that draw from one distribution, whatever the shape. */

import type { Tensor } from '../core/tensor.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import * as random from '../random.js'
import type { DType, Shape } from '../types.js'
import { floating, Initializer, seeded } from './initializer.js'

const normalFields = {
  /** Centre of the distribution. Default 0. */
  mean: { type: 'number', default: 0 },
  /** Standard deviation. Default 0.05. */
  stddev: { type: 'number', default: 0.05, min: 0 },
  /** Makes every call yield the same numbers. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** Options of {@link RandomNormal}. */
export interface RandomNormalOptions extends OptionsOf<typeof normalFields>, Named {}

const RandomNormalBase: With<typeof Initializer, typeof normalFields, RandomNormalOptions> =
  Initializer.with(normalFields)

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
export class RandomNormal extends RandomNormalBase {
  static override readonly className = 'RandomNormal'

  override call(shape: Shape, dtype: DType): Tensor {
    const { mean, stddev, seed } = this.options
    return random.normal(shape, { mean, stddev, dtype: floating(dtype, this.className), ...seeded(seed) })
  }
}

/** Options of {@link TruncatedNormal}. */
export interface TruncatedNormalOptions extends OptionsOf<typeof normalFields>, Named {}

const TruncatedNormalBase: With<typeof Initializer, typeof normalFields, TruncatedNormalOptions> =
  Initializer.with(normalFields)

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
export class TruncatedNormal extends TruncatedNormalBase {
  static override readonly className = 'TruncatedNormal'

  override call(shape: Shape, dtype: DType): Tensor {
    const { mean, stddev, seed } = this.options
    return random.truncatedNormal(shape, { mean, stddev, dtype: floating(dtype, this.className), ...seeded(seed) })
  }
}

const uniformFields = {
  /** Lower limit, inclusive. Default -0.05. */
  minval: { type: 'number', default: -0.05 },
  /** Upper limit, exclusive. Default 0.05. */
  maxval: { type: 'number', default: 0.05 },
  /** Makes every call yield the same numbers. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** Options of {@link RandomUniform}. */
export interface RandomUniformOptions extends OptionsOf<typeof uniformFields>, Named {}

const RandomUniformBase: With<typeof Initializer, typeof uniformFields, RandomUniformOptions> =
  Initializer.with(uniformFields)

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
export class RandomUniform extends RandomUniformBase {
  static override readonly className = 'RandomUniform'

  override call(shape: Shape, dtype: DType): Tensor {
    const { minval, maxval, seed } = this.options
    return random.uniform(shape, { minval, maxval, dtype: floating(dtype, this.className), ...seeded(seed) })
  }
}

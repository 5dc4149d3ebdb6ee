/** Initializers that keep the variance of what flows through a layer. */

import type { Tensor } from '../core/tensor.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import * as random from '../random.js'
import type { DType, FloatDType, Shape } from '../types.js'
import { fans } from './fans.js'
import { floating, Initializer, seeded } from './initializer.js'

type FanMode = 'fanIn' | 'fanOut' | 'fanAvg'

type Distribution = 'truncatedNormal' | 'untruncatedNormal' | 'uniform'

/** The standard deviation of a unit normal cut at two standard deviations. */
const truncatedStddev = 0.8796256610342398

/** Numbers of variance `scale / fan`: cut normal, normal, or uniform in ±√(3 · variance). */
function scaled(
  shape: Shape,
  dtype: FloatDType,
  scale: number,
  mode: FanMode,
  distribution: Distribution,
  seed: number | null,
): Tensor {
  const { fanIn, fanOut } = fans(shape)
  const fan = { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2 }[mode]
  const variance = scale / Math.max(1, fan)
  const stddev = Math.sqrt(variance)
  const common = { dtype, ...seeded(seed) }
  switch (distribution) {
    case 'truncatedNormal':
      return random.truncatedNormal(shape, { mean: 0, stddev: stddev / truncatedStddev, ...common })
    case 'untruncatedNormal':
      return random.normal(shape, { mean: 0, stddev, ...common })
    case 'uniform': {
      const limit = Math.sqrt(3 * variance)
      return random.uniform(shape, { minval: -limit, maxval: limit, ...common })
    }
  }
}

const varianceFields = {
  /** Variance times fan. Default 1. */
  scale: { type: 'number', default: 1, above: 0 },
  /** What the variance is divided by. Default 'fanIn'. */
  mode: { type: 'choice', of: ['fanIn', 'fanOut', 'fanAvg'], default: 'fanIn' },
  /** The family of the numbers. Default 'truncatedNormal'. */
  distribution: {
    type: 'choice',
    of: ['truncatedNormal', 'untruncatedNormal', 'uniform', 'normal'],
    default: 'truncatedNormal',
  },
  /** Makes every call yield the same numbers. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** Options of {@link VarianceScaling}. */
export interface VarianceScalingOptions extends OptionsOf<typeof varianceFields>, Named {}

const VarianceScalingBase: With<typeof Initializer, typeof varianceFields, VarianceScalingOptions> =
  Initializer.with(varianceFields)

/**
 * Variance `scale / fan` with fan by `mode`.
 *
 * @see keras.initializers.VarianceScaling
 *
 * @example
 * import { VarianceScaling } from 'ferrograd/initializers'
 *
 * const initializer = new VarianceScaling({ scale: 2, mode: 'fanOut' })
 */
export class VarianceScaling extends VarianceScalingBase {
  static override readonly className = 'VarianceScaling'

  override call(shape: Shape, dtype: DType): Tensor {
    const { scale, mode, distribution, seed } = this.options
    const family = distribution === 'normal' ? 'truncatedNormal' : distribution
    return scaled(shape, floating(dtype, this.className), scale, mode, family, seed)
  }
}

const seedFields = {
  /** Makes every call yield the same numbers. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** Options of the initializers that scale by fans. */
export interface SeedOptions extends OptionsOf<typeof seedFields>, Named {}

const ScaledBase: With<typeof Initializer, typeof seedFields, SeedOptions> = Initializer.with(seedFields)

/** A fan-scaled initializer without options but its seed. */
abstract class Scaled extends ScaledBase {
  protected abstract readonly rule: readonly [scale: number, mode: FanMode, distribution: Distribution]

  override call(shape: Shape, dtype: DType): Tensor {
    return scaled(shape, floating(dtype, this.className), ...this.rule, this.options.seed)
  }
}

/**
 * Cut normal, variance `2 / (fanIn + fanOut)` (Glorot & Bengio, 2010).
 *
 * @see keras.initializers.GlorotNormal
 *
 * @example
 * import { GlorotNormal } from 'ferrograd/initializers'
 *
 * const initializer = new GlorotNormal()
 */
export class GlorotNormal extends Scaled {
  static override readonly className = 'GlorotNormal'
  protected override readonly rule = [1, 'fanAvg', 'truncatedNormal'] as const
}

/**
 * Uniform in `±√(6 / (fanIn + fanOut))` (Glorot & Bengio, 2010).
 *
 * @see keras.initializers.GlorotUniform
 *
 * @example
 * import { GlorotUniform } from 'ferrograd/initializers'
 *
 * const initializer = new GlorotUniform({ seed: 1 })
 */
export class GlorotUniform extends Scaled {
  static override readonly className = 'GlorotUniform'
  protected override readonly rule = [1, 'fanAvg', 'uniform'] as const
}

/**
 * Cut normal, variance `2 / fanIn` (He et al., 2015).
 *
 * @see keras.initializers.HeNormal
 *
 * @example
 * import { HeNormal } from 'ferrograd/initializers'
 *
 * const initializer = new HeNormal()
 */
export class HeNormal extends Scaled {
  static override readonly className = 'HeNormal'
  protected override readonly rule = [2, 'fanIn', 'truncatedNormal'] as const
}

/**
 * Uniform in `±√(6 / fanIn)` (He et al., 2015).
 *
 * @see keras.initializers.HeUniform
 *
 * @example
 * import { HeUniform } from 'ferrograd/initializers'
 *
 * const initializer = new HeUniform()
 */
export class HeUniform extends Scaled {
  static override readonly className = 'HeUniform'
  protected override readonly rule = [2, 'fanIn', 'uniform'] as const
}

/**
 * Cut normal, variance `1 / fanIn` (LeCun et al., 1998).
 *
 * @see keras.initializers.LecunNormal
 *
 * @example
 * import { LecunNormal } from 'ferrograd/initializers'
 *
 * const initializer = new LecunNormal()
 */
export class LecunNormal extends Scaled {
  static override readonly className = 'LecunNormal'
  protected override readonly rule = [1, 'fanIn', 'truncatedNormal'] as const
}

/**
 * Uniform in `±√(3 / fanIn)` (LeCun et al., 1998).
 *
 * @see keras.initializers.LecunUniform
 *
 * @example
 * import { LecunUniform } from 'ferrograd/initializers'
 *
 * const initializer = new LecunUniform()
 */
export class LecunUniform extends Scaled {
  static override readonly className = 'LecunUniform'
  protected override readonly rule = [1, 'fanIn', 'uniform'] as const
}

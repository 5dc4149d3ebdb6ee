/** Schedules that decay along half a cosine. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { asFloat, Schedule } from './schedule.js'

const cosineFields = {
  /** The rate at step 0. */
  initialLearningRate: { type: 'number', min: 0 },
  /** Steps of the decay (after the warm-up). */
  decaySteps: { type: 'number', above: 0 },
  /** The last rate as a fraction of the first. Default 0. */
  alpha: { type: 'number', default: 0 },
  /** Its name in Keras. Default 'CosineDecay'. */
  name: { type: 'string', default: 'CosineDecay' },
  /** The rate after the warm-up, from which it then decays. Default null. */
  warmupTarget: { type: 'number', default: null, min: 0 },
  /** Steps of the linear warm-up. Default 0. */
  warmupSteps: { type: 'number', default: 0, min: 0 },
} as const

/** `(1 − alpha) · ½(1 + cos πp) + alpha`. */
function cosine(p: Tensor, alpha: number): Tensor {
  const half = ops.multiply(ops.add(ops.cos(ops.multiply(p, Math.PI)), 1), 0.5)
  return ops.add(ops.multiply(half, 1 - alpha), alpha)
}

/** Options of {@link CosineDecay}. */
export interface CosineDecayOptions extends OptionsOf<typeof cosineFields>, Named {}

const CosineDecayBase: With<typeof Schedule, typeof cosineFields, CosineDecayOptions> = Schedule.with(cosineFields)

/**
 * `lr · ((1 − alpha) · ½(1 + cos πp) + alpha)`, `p = min(step, decaySteps) / decaySteps`; with `warmupTarget`, first
 * `warmupSteps` linear steps up to it, then the decay from it (Loshchilov & Hutter, 2016).
 *
 * @see keras.optimizers.schedules.CosineDecay
 *
 * @example
 * import { CosineDecay } from 'ferrograd/schedules'
 *
 * const rate = new CosineDecay({ initialLearningRate: 0, warmupTarget: 1e-3, warmupSteps: 100, decaySteps: 900 })
 */
export class CosineDecay extends CosineDecayBase {
  static override readonly className = 'CosineDecay'

  override call(step: Tensor): Tensor {
    const { initialLearningRate, warmupTarget, warmupSteps } = this.options
    const now = asFloat(step)
    if (warmupTarget === null) return this.#decay(now, initialLearningRate)
    const decayed = this.#decay(ops.subtract(now, warmupSteps), warmupTarget)
    if (warmupSteps === 0) return decayed
    const rise = ops.multiply(ops.divide(now, warmupSteps), warmupTarget - initialLearningRate)
    return ops.where(ops.less(now, warmupSteps), ops.add(rise, initialLearningRate), decayed)
  }

  #decay(step: Tensor, from: number): Tensor {
    const { decaySteps, alpha } = this.options
    return ops.multiply(cosine(ops.divide(ops.minimum(step, decaySteps), decaySteps), alpha), from)
  }
}

const restartsFields = {
  /** The rate at step 0. */
  initialLearningRate: { type: 'number', min: 0 },
  /** Steps of the first period. */
  firstDecaySteps: { type: 'number', above: 0 },
  /** Each period is this much longer than the one before. Default 2. */
  tMul: { type: 'number', default: 2, min: 1 },
  /** Each period starts at this fraction of the rate before. Default 1. */
  mMul: { type: 'number', default: 1, above: 0 },
  /** The lowest rate as a fraction of the first. Default 0. */
  alpha: { type: 'number', default: 0 },
  /** Its name in Keras. Default 'SGDRDecay'. */
  name: { type: 'string', default: 'SGDRDecay' },
} as const

/** Options of {@link CosineDecayRestarts}. */
export interface CosineDecayRestartsOptions extends OptionsOf<typeof restartsFields>, Named {}

const CosineDecayRestartsBase: With<typeof Schedule, typeof restartsFields, CosineDecayRestartsOptions> =
  Schedule.with(restartsFields)

/**
 * Cosine decay that starts again: period i lasts `firstDecaySteps · tMulⁱ` and starts at `lr · mMulⁱ` (Loshchilov & Hutter, 2016).
 *
 * @see keras.optimizers.schedules.CosineDecayRestarts
 *
 * @example
 * import { CosineDecayRestarts } from 'ferrograd/schedules'
 *
 * const rate = new CosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 1000 })
 */
export class CosineDecayRestarts extends CosineDecayRestartsBase {
  static override readonly className = 'CosineDecayRestarts'

  override call(step: Tensor): Tensor {
    const { initialLearningRate, firstDecaySteps, mMul, alpha } = this.options
    const { period, fraction } = this.#position(ops.divide(asFloat(step), firstDecaySteps))
    const half = ops.multiply(ops.add(ops.cos(ops.multiply(fraction, Math.PI)), 1), 0.5)
    const wave = ops.multiply(half, ops.power(mMul, period))
    return ops.multiply(ops.add(ops.multiply(wave, 1 - alpha), alpha), initialLearningRate)
  }

  /** Which period a time (in first periods) falls into, and how far it is through. */
  #position(time: Tensor): { period: Tensor; fraction: Tensor } {
    const { tMul } = this.options
    if (tMul === 1) return { period: ops.floor(time), fraction: ops.subtract(time, ops.floor(time)) }
    const grown = ops.add(ops.multiply(time, tMul - 1), 1)
    const period = ops.floor(ops.divide(ops.log(grown), Math.log(tMul)))
    const length = ops.power(tMul, period)
    const start = ops.divide(ops.subtract(1, length), 1 - tMul)
    return { period, fraction: ops.divide(ops.subtract(time, start), length) }
  }
}

const piecewiseFields = {
  /** The last step of each value but the last, ascending. */
  boundaries: { type: 'numbers' },
  /** The rates, one more than boundaries. */
  values: { type: 'numbers' },
  /** Its name in Keras. Default 'PiecewiseConstant'. */
  name: { type: 'string', default: 'PiecewiseConstant' },
} as const

/** Options of {@link PiecewiseConstantDecay}. */
export interface PiecewiseConstantDecayOptions extends OptionsOf<typeof piecewiseFields>, Named {}

const PiecewiseConstantDecayBase: With<typeof Schedule, typeof piecewiseFields, PiecewiseConstantDecayOptions> =
  Schedule.with(piecewiseFields)

/**
 * `values[i]` while `step ≤ boundaries[i]`, then the next.
 *
 * @see keras.optimizers.schedules.PiecewiseConstantDecay
 *
 * @example
 * import { PiecewiseConstantDecay } from 'ferrograd/schedules'
 *
 * const rate = new PiecewiseConstantDecay({ boundaries: [1000, 2000], values: [0.1, 0.01, 0.001] })
 */
export class PiecewiseConstantDecay extends PiecewiseConstantDecayBase {
  static override readonly className = 'PiecewiseConstantDecay'

  constructor(options: { boundaries: readonly number[]; values: readonly number[]; name?: string }) {
    super(options)
    const { boundaries, values } = this.options
    if (values.length !== boundaries.length + 1) {
      fail(
        'ERR_CONFIG',
        'PiecewiseConstantDecay.values',
        `${boundaries.length + 1} rates, one more than boundaries`,
        values,
      )
    }
  }

  override call(step: Tensor): Tensor {
    const { boundaries, values } = this.options
    const now = asFloat(step)
    const last = ops.add(ops.zerosLike(now), values.at(-1)!)
    return boundaries.reduceRight(
      (later, boundary, i) => ops.where(ops.lessEqual(now, boundary), values[i]!, later),
      last,
    )
  }
}

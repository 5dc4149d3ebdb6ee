/** Schedules that decay by a power, a fraction or a polynomial of the step. */

import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { asFloat, Schedule } from './schedule.js'

const exponentialFields = {
  /** The rate at step 0. */
  initialLearningRate: { type: 'number', min: 0 },
  /** Steps over which the rate is multiplied by `decayRate` once. */
  decaySteps: { type: 'number', above: 0 },
  /** The factor. */
  decayRate: { type: 'number', above: 0 },
  /** Decays in whole steps of `decaySteps`. Default false. */
  staircase: { type: 'boolean', default: false },
  /** Its name in Keras. Default 'ExponentialDecay'. */
  name: { type: 'string', default: 'ExponentialDecay' },
} as const

/** `t = step / decaySteps`, whole with `staircase`. */
function progress(step: Tensor, decaySteps: number, staircase: boolean): Tensor {
  const t = ops.divide(asFloat(step), decaySteps)
  return staircase ? ops.floor(t) : t
}

/** Options of {@link ExponentialDecay}. */
export interface ExponentialDecayOptions extends OptionsOf<typeof exponentialFields>, Named {}

const ExponentialDecayBase: With<typeof Schedule, typeof exponentialFields, ExponentialDecayOptions> =
  Schedule.with(exponentialFields)

/**
 * `lr · decayRate^(step / decaySteps)`; the exponent is floored with `staircase`.
 *
 * @see keras.optimizers.schedules.ExponentialDecay
 *
 * @example
 * import { ExponentialDecay } from 'ferrograd/schedules'
 * import { SGD } from 'ferrograd/optimizers'
 *
 * const rate = new ExponentialDecay({ initialLearningRate: 0.1, decaySteps: 1000, decayRate: 0.96 })
 * const optimizer = new SGD({ learningRate: rate })
 */
export class ExponentialDecay extends ExponentialDecayBase {
  static override readonly className = 'ExponentialDecay'

  override call(step: Tensor): Tensor {
    const { initialLearningRate, decaySteps, decayRate, staircase } = this.options
    // A number's dtype is that of the other operand.
    return ops.multiply(ops.power(decayRate, progress(step, decaySteps, staircase)), initialLearningRate)
  }
}

const inverseTimeFields = {
  /** The rate at step 0. */
  initialLearningRate: { type: 'number', min: 0 },
  /** Steps per unit of decay. */
  decaySteps: { type: 'number', above: 0 },
  /** How fast the divisor grows. */
  decayRate: { type: 'number' },
  /** Decays in whole steps of `decaySteps`. Default false. */
  staircase: { type: 'boolean', default: false },
  /** Its name in Keras. Default 'InverseTimeDecay'. */
  name: { type: 'string', default: 'InverseTimeDecay' },
} as const

/** Options of {@link InverseTimeDecay}. */
export interface InverseTimeDecayOptions extends OptionsOf<typeof inverseTimeFields>, Named {}

const InverseTimeDecayBase: With<typeof Schedule, typeof inverseTimeFields, InverseTimeDecayOptions> =
  Schedule.with(inverseTimeFields)

/**
 * `lr / (1 + decayRate · step / decaySteps)`; the quotient is floored with `staircase`.
 *
 * @see keras.optimizers.schedules.InverseTimeDecay
 *
 * @example
 * import { InverseTimeDecay } from 'ferrograd/schedules'
 *
 * const rate = new InverseTimeDecay({ initialLearningRate: 0.1, decaySteps: 1000, decayRate: 0.5 })
 */
export class InverseTimeDecay extends InverseTimeDecayBase {
  static override readonly className = 'InverseTimeDecay'

  override call(step: Tensor): Tensor {
    const { initialLearningRate, decaySteps, decayRate, staircase } = this.options
    const divisor = ops.add(ops.multiply(progress(step, decaySteps, staircase), decayRate), 1)
    return ops.divide(initialLearningRate, divisor)
  }
}

const polynomialFields = {
  /** The rate at step 0. */
  initialLearningRate: { type: 'number', min: 0 },
  /** Steps until `endLearningRate`. */
  decaySteps: { type: 'number', above: 0 },
  /** The rate from `decaySteps` on. Default 0.0001. */
  endLearningRate: { type: 'number', default: 0.0001, min: 0 },
  /** Exponent; 1 is linear. Default 1. */
  power: { type: 'number', default: 1 },
  /** Starts again, over ever longer spans, instead of staying at the end. Default false. */
  cycle: { type: 'boolean', default: false },
  /** Its name in Keras. Default 'PolynomialDecay'. */
  name: { type: 'string', default: 'PolynomialDecay' },
} as const

/** Options of {@link PolynomialDecay}. */
export interface PolynomialDecayOptions extends OptionsOf<typeof polynomialFields>, Named {}

const PolynomialDecayBase: With<typeof Schedule, typeof polynomialFields, PolynomialDecayOptions> =
  Schedule.with(polynomialFields)

/**
 * `(lr − end) · (1 − min(step, decaySteps) / decaySteps)^power + end`; with `cycle` the span is a multiple of `decaySteps`.
 *
 * @see keras.optimizers.schedules.PolynomialDecay
 *
 * @example
 * import { PolynomialDecay } from 'ferrograd/schedules'
 *
 * const rate = new PolynomialDecay({ initialLearningRate: 0.1, decaySteps: 1000, power: 2 })
 */
export class PolynomialDecay extends PolynomialDecayBase {
  static override readonly className = 'PolynomialDecay'

  override call(step: Tensor): Tensor {
    const { initialLearningRate, endLearningRate, power } = this.options
    const left = ops.subtract(1, this.#fraction(asFloat(step)))
    return ops.add(ops.multiply(ops.power(left, power), initialLearningRate - endLearningRate), endLearningRate)
  }

  #fraction(step: Tensor): Tensor {
    const { decaySteps, cycle } = this.options
    if (!cycle) return ops.divide(ops.minimum(step, decaySteps), decaySteps)
    const spans = ops.maximum(ops.ceil(ops.divide(step, decaySteps)), 1)
    return ops.divide(step, ops.multiply(spans, decaySteps))
  }
}

/** The base of learning-rate schedules: functions of the step number, drawn in ops. */

import { floatx } from '../config.js'
import { returnedScalar } from '../core/check-returned.js'
import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import { Configurable } from '../options/configurable.js'
import type { NoOptions } from '../options/fields.js'

/** A rate, a schedule, or any function of the step made of ops. */
export type LearningRate = number | Schedule | ((step: Tensor) => Tensor)

/**
 * Base of schedules; your own extend it and write `call`.
 *
 * @example
 * import { Schedule } from 'ferrograd/schedules'
 * import { Adam } from 'ferrograd/optimizers'
 * import { ops, type Tensor } from 'ferrograd'
 *
 * class InverseRoot extends Schedule {
 *   call(step: Tensor): Tensor {
 *     return ops.multiply(0.1, ops.rsqrt(ops.add(ops.cast(step, 'float32'), 1)))
 *   }
 * }
 * const optimizer = new Adam({ learningRate: new InverseRoot() })
 */
export abstract class Schedule extends Configurable {
  constructor(options?: NoOptions) {
    super(options)
  }

  /** The rate (a scalar) at a step (an int32 scalar, 0 at the first step). */
  abstract call(step: Tensor): Tensor
}

/** A step number as a float, for the arithmetic of schedules. */
export function asFloat(step: Tensor): Tensor {
  return ops.cast(step, floatx())
}

/** A plain function of the step as a schedule. */
export class FunctionSchedule extends Schedule {
  static override readonly className = 'FunctionSchedule'
  /** The user's. */
  readonly rate: (step: Tensor) => Tensor

  constructor(rate: (step: Tensor) => Tensor) {
    super()
    this.rate = rate
  }

  override call(step: Tensor): Tensor {
    return returnedScalar(this.rate(step), 'the function learningRate')
  }
}

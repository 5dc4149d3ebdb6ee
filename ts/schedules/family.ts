/** The closed set of schedules, and how options hold a learning rate. */

import { fail } from '../errors.js'
import { type Family, resolveObject } from '../options/family.js'
import type { Kind } from '../options/fields.js'
import { functionJson, orFunction } from '../options/functions.js'
import { isSerialized, serializeAs } from '../options/serialized.js'
import { CosineDecay, CosineDecayRestarts, PiecewiseConstantDecay } from './cosine.js'
import { ExponentialDecay, InverseTimeDecay, PolynomialDecay } from './decay.js'
import { FunctionSchedule, Schedule } from './schedule.js'

/** The closed set of schedules. */
export const scheduleFamily: Family<Schedule> = {
  noun: 'a schedule',
  module: 'keras.optimizers.schedules',
  classes: {
    ExponentialDecay,
    InverseTimeDecay,
    PolynomialDecay,
    CosineDecay,
    CosineDecayRestarts,
    PiecewiseConstantDecay,
  },
  is: (value): value is Schedule => value instanceof Schedule,
}

const highest = 1e6

/** How options and configurations hold a learning rate: a number, a schedule, or a function of the step. */
export const learningRateKind: Kind<number | Schedule> = {
  check(value, where) {
    if (typeof value === 'number' && value >= 0 && value <= highest) return value
    const given = orFunction(value, where)
    if (typeof given === 'function')
      return new FunctionSchedule(given as ConstructorParameters<typeof FunctionSchedule>[0])
    if (value instanceof Schedule) return value
    if (isSerialized(value)) return resolveObject(value, where, scheduleFamily)
    return fail('ERR_CONFIG', where, `a number in [0, ${highest}], a schedule or a function of the step`, value)
  },
  toConfig(value) {
    if (typeof value === 'number') return value
    if (value instanceof FunctionSchedule) return functionJson(value.rate, 'learningRate')
    return serializeAs(scheduleFamily.module, value)
  },
}

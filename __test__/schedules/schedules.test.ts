/** Every schedule over fifty steps against real Keras in float64. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as config from '../../ts/config.js'
import { tensor } from '../../ts/core/tensor.js'
import { variable } from '../../ts/core/variable.js'
import * as ops from '../../ts/ops.js'
import { SGD } from '../../ts/optimizers/index.js'
import { resolveObject } from '../../ts/options/family.js'
import { scheduleFamily } from '../../ts/schedules/family.js'
import { PiecewiseConstantDecay } from '../../ts/schedules/index.js'
import { expectClose, fixture } from '../oracle.js'

interface Case {
  readonly name: string
  readonly schedule: unknown
  readonly rates: readonly number[]
}

const { cases } = fixture<Case>('schedules')

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

describe('schedules equal those of Keras', () => {
  it.each(cases)('$name', ({ schedule, rates }) => {
    const made = resolveObject(schedule, 'schedule', scheduleFamily)
    const found = rates.map((_, step) => made.call(tensor(step, [], 'int32')).itemSync())
    expectClose(Float64Array.from(found), { shape: [rates.length], data: rates }, 1e-12)
  })
})

it('any function of the step is a schedule', () => {
  const optimizer = new SGD({ learningRate: (step) => ops.divide(1, ops.add(ops.cast(step, 'float64'), 1)) })
  const weight = variable(tensor([0], [1], 'float64'), { dtype: 'float64' })
  for (let i = 0; i < 3; i++) optimizer.apply([tensor([1], [1], 'float64')], [weight])
  expect(weight.dataSync()[0]).toBeCloseTo(-(1 + 1 / 2 + 1 / 3), 14)
})

it('piecewise rates are one more than boundaries', () => {
  expect(() => new PiecewiseConstantDecay({ boundaries: [1, 2], values: [1, 2] })).toThrow('3 rates')
})

/** Functions of one number against `keras.ops` in float64: value and derivative on a grid, and values at the ends. */

import { describe, expect, it } from 'vitest'
import { gradient } from '../../ts/gradient.js'
import { arcsinh, sum } from '../../ts/ops.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'

const functions = { arcsinh }

interface Case {
  readonly name: keyof typeof functions
  readonly x: Numbers
  readonly value: Numbers
  readonly derivative: Numbers
  readonly ends: Numbers
  readonly end_values: Numbers
}

describe('functions equal those of Keras', () => {
  it.each(fixture<Case>('functions').cases)('$name', ({ name, x, value, derivative, ends, end_values }) => {
    const given = toTensor(x)
    const y = functions[name](given)
    const [slope] = gradient(sum(y), [given])
    expectClose(y.dataSync(), value, 1e-15)
    expectClose(slope!.dataSync(), derivative, 1e-15)
    const wanted = toTensor(end_values).dataSync()
    for (const [i, got] of functions[name](toTensor(ends)).dataSync().entries()) {
      if (Number.isFinite(wanted[i]!) && wanted[i] !== 0) expect(got / wanted[i]!).toBeCloseTo(1, 12)
      else expect(got).toBe(wanted[i])
    }
  })

  it('float32 is that of float64 within its own rounding', () => {
    const [{ x }] = fixture<Case>('functions').cases as [Case]
    const [whole, half] = (['float64', 'float32'] as const).map((dtype) => arcsinh(toTensor(x, dtype)).dataSync())
    for (const [i, y] of whole!.entries()) expect(Math.abs(half![i]! - y)).toBeLessThanOrEqual(4e-7 * Math.abs(y))
  })
})

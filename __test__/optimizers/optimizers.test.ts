/** Every optimizer with its options against real Keras in float64: weights, rates and state over twelve steps. */

import { config, variable } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getOptimizer } from '../../ts/optimizers/index.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'

interface Case {
  readonly name: string
  readonly optimizer: unknown
  readonly missing?: readonly (readonly [step: number, variable: number])[]
  readonly exclude_from_weight_decay?: readonly string[]
  readonly after: Readonly<Record<string, readonly Numbers[]>>
  readonly learning_rates: readonly number[]
  readonly state: readonly { readonly path: string; readonly value: Numbers }[]
  readonly finalized?: readonly Numbers[]
}

interface Shared {
  readonly variables: readonly { readonly name: string; readonly initial: Numbers }[]
  readonly gradients: readonly (readonly Numbers[])[]
}

const { cases, variables: initial, gradients } = fixture<Case, Shared>('optimizers')

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

describe('optimizers equal those of Keras', () => {
  it.each(cases)('$name', (expected) => {
    const weights = initial.map((one) => variable(toTensor(one.initial), { name: one.name, dtype: 'float64' }))
    const optimizer = getOptimizer(expected.optimizer as never)
    if (expected.exclude_from_weight_decay)
      optimizer.excludeFromWeightDecay({ names: expected.exclude_from_weight_decay })
    const missing = new Set((expected.missing ?? []).map(String))
    for (const [i, given] of gradients.entries()) {
      expectClose(optimizer.rate().dataSync(), expected.learning_rates[i]!, 1e-12, `rate of step ${i + 1}`)
      const present = given.map((gradient, k) => (missing.has(`${i + 1},${k}`) ? undefined : toTensor(gradient)))
      optimizer.apply(present, weights)
      for (const [k, wanted] of (expected.after[i + 1] ?? []).entries()) {
        expectClose(weights[k]!.dataSync(), wanted, 1e-10, `${initial[k]!.name} after step ${i + 1}`)
      }
    }
    expect(optimizer.variables.length).toBe(expected.state.length)
    for (const [k, { path, value }] of expected.state.entries())
      expectClose(optimizer.variables[k]!.dataSync(), value, 1e-10, path)
    optimizer.finalizeVariableValues(weights)
    for (const [k, wanted] of (expected.finalized ?? []).entries())
      expectClose(weights[k]!.dataSync(), wanted, 1e-10, 'finalized')
  })
})

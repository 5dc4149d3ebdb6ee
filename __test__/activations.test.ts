/** Every activation against real Keras in float64: value and derivative, on a grid and at its kinks. */

import { describe, expect, it } from 'vitest'
import * as activations from '../ts/activations.js'
import type { Tensor } from '../ts/core/tensor.js'
import { gradient } from '../ts/gradient.js'
import * as ops from '../ts/ops.js'
import { expectClose, fixture, type Numbers, toTensor } from './oracle.js'

type Options = Readonly<Record<string, number | boolean | readonly number[]>>

interface Case {
  readonly name: string
  readonly activation: activations.ActivationName
  readonly options: Options
  readonly x: Numbers
  readonly value: Numbers
  readonly derivative?: Numbers
  readonly cotangent?: Numbers
  readonly gradient?: Numbers
  readonly kinks?: Numbers
  readonly kink_values?: Numbers
}

const { cases } = fixture<Case>('activations')

/** The call that a case's options mean; without options it is by name, as a user writes it. */
function activationOf({ activation, options: o }: Case): (x: Tensor) => Tensor {
  const number = (key: string): number => o[key] as number
  const withOptions: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    relu: (x) =>
      activations.relu(x, {
        negativeSlope: number('negative_slope') ?? 0,
        maxValue: number('max_value') ?? null,
        threshold: number('threshold') ?? 0,
      }),
    leaky_relu: (x) => activations.leakyRelu(x, number('negative_slope')),
    elu: (x) => activations.elu(x, number('alpha')),
    celu: (x) => activations.celu(x, number('alpha')),
    gelu: (x) => activations.gelu(x, o.approximate as boolean),
    hard_shrink: (x) => activations.hardShrink(x, number('threshold')),
    soft_shrink: (x) => activations.softShrink(x, number('threshold')),
    threshold: (x) => activations.threshold(x, number('threshold'), number('default_value')),
    squareplus: (x) => activations.squareplus(x, number('b')),
    softmax: (x) => activations.softmax(x, o.axis as number | readonly number[]),
    log_softmax: (x) => activations.logSoftmax(x, number('axis')),
  }
  return Object.keys(o).length === 0 ? activations.getActivation(activation) : withOptions[activation]!
}

describe('activations equal those of Keras', () => {
  // Keras's sparsemax subtracts a threshold made of partial sums added up: its rows do not sum to 1. Ours do, below.
  it.each(cases.filter(({ activation }) => activation !== 'sparsemax'))('$name', (one) => {
    const activation = activationOf(one)
    const x = toTensor(one.x)
    const y = activation(x)
    const weighted = one.cotangent ? ops.multiply(y, toTensor(one.cotangent)) : y
    const [slope] = gradient(ops.sum(weighted), [x])
    expect(y.shape).toEqual(one.value.shape)
    expectClose(y.dataSync(), one.value, 1e-12)
    if (one.kinks) expectClose(activation(toTensor(one.kinks)).dataSync(), one.kink_values!, 1e-12, 'at kinks')
    expectClose(slope!.dataSync(), one.derivative ?? one.gradient!, 1e-11, 'derivative')
  })
})

describe('an activation by name', () => {
  it.each([
    ['leakyRelu', activations.leakyRelu],
    ['leaky_relu', activations.leakyRelu],
    ['swish', activations.silu],
  ] as const)('%s', (name, expected) => expect(activations.getActivation(name)).toBe(expected))

  it('an unknown name suggests the nearest', () => {
    expect(() => activations.getActivation('sigmod' as never)).toThrow("did you mean 'sigmoid'?")
  })
})

describe('sparsemax is the nearest point of the simplex', () => {
  const x = [
    [2.3, -1.4, 0.6, 1.9],
    [0.1, 0.2, 0.3, 0.4],
    [5, 0, 0, 0],
  ]

  it('value', () => {
    const y = activations.sparsemax(toTensor({ shape: [3, 4], data: x.flat() }))
    expectClose(y.dataSync(), { shape: [3, 4], data: [0.7, 0, 0, 0.3, 0.1, 0.2, 0.3, 0.4, 1, 0, 0, 0] }, 1e-12)
  })

  it('gradient: what the survivors get, less its mean', () => {
    const v = toTensor({ shape: [3, 4], data: x.flat() })
    const weights = toTensor({ shape: [4], data: [1, 2, 3, 4] })
    const [slope] = gradient(ops.sum(ops.multiply(activations.sparsemax(v), weights)), [v])
    expectClose(slope!.dataSync(), { shape: [3, 4], data: [-1.5, 0, 0, 1.5, -1.5, -0.5, 0.5, 1.5, 0, 0, 0, 0] }, 1e-12)
  })
})

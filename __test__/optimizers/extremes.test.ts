/** Optimizers after gradients that no square holds, and where there is none. */

import { describe, expect, it } from 'vitest'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import { type Variable, variable } from '../../ts/core/variable.js'
import { optimizerFamily } from '../../ts/optimizers/family.js'
import { Adam, Ftrl, type Optimizer, RMSprop, SGD } from '../../ts/optimizers/index.js'

const step = (optimizer: Optimizer, weight: Variable, gradient: readonly number[]): void =>
  optimizer.apply([tensor([...gradient], weight.shape) as Tensor], [weight])

describe('a huge gradient', () => {
  const huge = [1, 1e20, -1e20, 3e38, -3e38, 1e-38, 0, 0.5, -0.5]

  it.each(Object.entries(optimizerFamily.classes))('%s: weights and state stay numbers', (_, Class) => {
    for (const shape of [[2], [2, 2]]) {
      const optimizer = new (Class as new (options: object) => Optimizer)({ learningRate: 1e-3 })
      const size = shape.reduce((product, length) => product * length, 1)
      const weight = variable(tensor(new Float32Array(size).fill(0.5), shape))
      for (const [i, value] of huge.entries()) {
        const gradient = Array.from({ length: size }, (_, j) => (j === 0 ? value : (i % 3) - 1))
        optimizer.apply([tensor(Float32Array.from(gradient), shape)], [weight])
      }
      // Gradient descent itself moves by learning rate times gradient: far, but to a number.
      for (const one of [weight, ...optimizer.variables]) expect([...one.dataSync()].every(Number.isFinite)).toBe(true)
    }
  })

  it('Adam: moves by about the learning rate, as after any gradient', () => {
    const [weight, other] = [variable([0]), variable([0])]
    step(new Adam({ learningRate: 0.1 }), weight, [1e20])
    step(new Adam({ learningRate: 0.1 }), other, [1e10])
    expect(weight.dataSync()[0]).toBeCloseTo(-0.1, 5)
    expect(other.dataSync()[0]).toBeCloseTo(-0.1, 5)
  })
})

describe('clipping', () => {
  it.each([
    ['clipnorm', [3e19, 4e19]],
    ['clipnorm', [3e37, 4e37]],
    ['globalClipnorm', [3e19, 4e19]],
    ['globalClipnorm', [3e37, 4e37]],
    ['clipnorm', [2.4e38, 3.2e38]],
    ['globalClipnorm', [2.4e38, 3.2e38]],
  ] as const)('%s 1 of a gradient %j whose square overflows keeps its direction', (limit, gradient) => {
    const weight = variable([0, 0])
    step(new SGD({ learningRate: 1, [limit]: 1 }), weight, gradient)
    expect(weight.dataSync()[0]).toBeCloseTo(-0.6, 5)
    expect(weight.dataSync()[1]).toBeCloseTo(-0.8, 5)
  })

  it('several gradients share one norm', () => {
    const [a, b] = [variable([0]), variable([0])]
    new SGD({ learningRate: 1, globalClipnorm: 1 }).apply([tensor([3e30]), tensor([4e30])], [a, b])
    expect([a.dataSync()[0], b.dataSync()[0]].map((value) => Math.round(value! * 1e5))).toEqual([-60000, -80000])
  })

  it('what is short enough stays as it is', () => {
    const weight = variable([0, 0])
    step(new SGD({ learningRate: 1, clipnorm: 10 }), weight, [0.1, 0.7])
    expect([...weight.dataSync()]).toEqual([Math.fround(-0.1), Math.fround(-0.7)])
  })
})

it('centred RMSprop: gradients that hardly vary leave no negative variance', () => {
  const optimizer = new RMSprop({ centered: true, learningRate: 1e-6 })
  const weight = variable(new Float32Array(64))
  for (let i = 0; i < 100; i++)
    optimizer.apply(
      [tensor(Float32Array.from({ length: 64 }, (_, j) => 100 + 0.001 * ((i * 31 + j * 17) % 7)))],
      [weight],
    )
  expect([...weight.dataSync()].every(Number.isFinite)).toBe(true)
})

it('Ftrl: a row that no batch touched keeps its values; one that was touched goes on', () => {
  const [table, alone] = [
    variable([
      [1, 2],
      [3, 4],
    ]),
    variable([[3, 4]]),
  ]
  const [both, one] = [new Ftrl({ learningRate: 0.1 }), new Ftrl({ learningRate: 0.1 })]
  for (const g of [1, 0, -0.5]) {
    both.apply(
      [
        tensor([
          [0, 0],
          [g, g],
        ]),
      ],
      [table],
    )
    one.apply([tensor([[g, g]])], [alone])
  }
  expect([...table.dataSync()].slice(0, 2)).toEqual([1, 2])
  expect([...table.dataSync()].slice(2)).toEqual([...alone.dataSync()])
})

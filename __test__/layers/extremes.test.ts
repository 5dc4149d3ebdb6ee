/** Numbers whose squares or sums float32 does not hold: the right result, or a refusal that changes nothing. */

import { describe, expect, it } from 'vitest'
import { FerrogradError, GradientTape, ops, type Tensor, tensor } from '../../ts/index.js'
import { BatchNormalization, Dense, Normalization, SpectralNormalization } from '../../ts/layers/index.js'
import { OrthogonalRegularizer } from '../../ts/regularizers.js'
import { caught } from '../caught.js'

const numbers = (x: { dataSync(): ArrayLike<number> }): number[] => Array.from(x.dataSync())
const expectNear = (got: readonly number[], wanted: readonly number[], digits = 5): void => {
  expect(got.length).toBe(wanted.length)
  for (const [i, value] of got.entries()) expect(value, `entry ${i}`).toBeCloseTo(wanted[i]!, digits)
}

describe('SpectralNormalization', () => {
  const kernel = [0.6, -0.3, 0.2, 0.9, -0.4, 0.7]

  /** The weight after two training calls, from `scale` times the same one. */
  function divided(scale: number): number[] {
    const inner = new Dense({ units: 2, useBias: false })
    const layer = new SpectralNormalization({ layer: inner, powerIterations: 3 })
    layer.ensureBuilt([4, 3])
    inner.kernel.assign(
      tensor(
        kernel.map((value) => value * scale),
        [3, 2],
      ),
    )
    layer.vectorU.assign([[0.3, 0.8]])
    for (let call = 0; call < 2; call++) numbers(layer.apply(ops.ones([4, 3]), { training: true }))
    return numbers(inner.kernel)
  }

  it.each([3e38, 3e19, 1e-20, 1e-30, 1e-37])('does not depend on the size of the weight: %f', (scale) => {
    expectNear(divided(scale), divided(1))
  })
})

describe('BatchNormalization', () => {
  const huge = [[1e20], [2e20], [3e20]]
  const unit = [-Math.sqrt(1.5), 0, Math.sqrt(1.5)]

  const state = (layer: BatchNormalization): number[] => [
    ...numbers(layer.movingMean),
    ...numbers(layer.movingVariance),
  ]

  it.each([
    ['a variance that float32 does not hold', huge],
    ['NaN', [[1], [Number.NaN], [3]]],
  ])('a call in training refuses %s, and its averages stay', (_, x) => {
    const layer = new BatchNormalization()
    const error = caught(() => numbers(layer.apply(tensor(x), { training: true })))
    expect(error).toBeInstanceOf(FerrogradError)
    expect((error as FerrogradError).code).toBe('ERR_NON_FINITE')
    expect((error as FerrogradError).message).toMatch(/BatchNormalization.*mean and variance float32 holds/)
    expect(state(layer)).toEqual([0, 1])
    numbers(layer.apply(tensor([[1], [2], [3]]), { training: true }))
    expectNear(state(layer), [0.02, 0.99 + 0.01 * (2 / 3)])
  })

  it('on a tape too, at the latest where the averages are read', () => {
    const layer = new BatchNormalization()
    const tape = new GradientTape()
    const x = tensor(huge)
    tape.record(() => ops.sum(layer.apply(x, { training: true })))
    expect(caught(() => state(layer))).toBeInstanceOf(FerrogradError)
    expect(state(layer)).toEqual([0, 1])
  })

  it('in float64 it computes', () => {
    const layer = new BatchNormalization({ dtype: 'float64', momentum: 0 })
    expectNear(numbers(layer.apply(tensor(huge, undefined, 'float64'), { training: true })), unit, 10)
    expect(numbers(layer.movingVariance)[0]! / (2e40 / 3)).toBeCloseTo(1, 10)
  })

  it('with a mask', () => {
    const layer = new BatchNormalization()
    const call = (): Tensor => layer.apply(tensor([huge]), { training: true, mask: tensor([[true, true, false]]) })
    expect(caught(() => numbers(call()))).toBeInstanceOf(FerrogradError)
    expect(state(layer)).toEqual([0, 1])
  })
})

describe('Normalization.adapt', () => {
  it('refuses a variance that float32 does not hold, and stays as it was', () => {
    const layer = new Normalization()
    layer.adapt([[1], [3]])
    const error = caught(() => layer.adapt([[1e20], [3e20]])) as FerrogradError
    expect(error.code).toBe('ERR_DATA')
    expect(error.message).toMatch(/Normalization.adapt: expected numbers whose mean and variance float32 holds/)
    expectNear(numbers(layer.apply([[1], [3]])), [-1, 1])
  })

  it('holds where squares overflow and their mean does not, and sums that do', () => {
    const spread = Array.from({ length: 1000 }, (_, i) => [i === 0 ? 3e19 : 0])
    const layer = new Normalization()
    layer.adapt(spread)
    const { mean, variance } = layer.adapted!
    expect(numbers(mean)[0]! / 3e16).toBeCloseTo(1, 5)
    expect(numbers(variance)[0]! / (9e35 - 9e32)).toBeCloseTo(1, 5)
    layer.adapt([[3e38], [3e38]])
    expect(numbers(mean)[0]! / 3e38).toBeCloseTo(1, 5)
    expect(numbers(variance)).toEqual([0])
  })

  it('in float64 it computes', () => {
    const layer = new Normalization({ dtype: 'float64' })
    layer.adapt([[1e20], [3e20]])
    expectNear(numbers(layer.apply(tensor([[1e20], [3e20]], undefined, 'float64'))), [-1, 1], 10)
  })

  it('refuses in a stream as well', async () => {
    await expect(new Normalization().adapt([[[1e20]], [[3e20]]].values())).rejects.toThrow(/float32 holds/)
  })
})

describe('OrthogonalRegularizer', () => {
  it.each([1, 1e20, 3e38])('does not depend on the length of the rows: %f', (scale) => {
    for (const mode of ['rows', 'columns'] as const) {
      const penalty = new OrthogonalRegularizer({ mode }).call(tensor([scale, scale, scale, scale], [2, 2]))
      expect(penalty.itemSync()).toBeCloseTo(0.01, 6)
    }
  })
})

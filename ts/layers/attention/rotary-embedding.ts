/** Features turned by angles that grow with their place. */

import type { Tensor } from '../../core/tensor.js'
import { tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf, ValuesOf } from '../../options/fields.js'
import { Layer, type LayerOptions } from '../layer.js'
import { type PositionContext, positionsOf } from './positions.js'

const fields = {
  /** The slowest turn takes about `2π` times as many places. Default 10000. */
  maxWavelength: { type: 'number', default: 10000, above: 0 },
  /** By how much places are pressed together, for sequences longer than those of the training. Default 1. */
  scalingFactor: { type: 'number', default: 1, above: 0 },
  /**
   * How they are: all rates divided by the factor (`'linear'`), by a power of it (`'dynamic'`), slow ones alone
   * (`'yarn'`, Peng et al., 2023), or not at all (`'default'`). Default 'linear'.
   */
  ropeType: { type: 'choice', of: ['linear', 'dynamic', 'yarn', 'default'], default: 'linear' },
  /** Of `'yarn'`: rates with more turns than this over the original length stay. Default 32. */
  betaFast: { type: 'number', default: 32, above: 0 },
  /** Of `'yarn'`: rates with fewer turns than this are divided by the factor. Default 1. */
  betaSlow: { type: 'number', default: 1, above: 0 },
  /** Of `'yarn'`: the length of the training. Default 4096. */
  originalMaxPositionEmbeddings: { type: 'integer', default: 4096, min: 1 },
  /** Of `'yarn'`: whether the bounds between fast and slow are whole numbers. Default true. */
  truncate: { type: 'boolean', default: true },
  /** The axis of the steps. Default 1. */
  sequenceAxis: { type: 'integer', default: 1, min: -32 },
  /** The axis of the features. Default -1. */
  featureAxis: { type: 'integer', default: -1, min: -32 },
  /** What stands for the number of features in the exponents; their number unless given. */
  denominatorDim: { type: 'integer', default: null, min: 1 },
} as const

/** Options of {@link RotaryEmbedding}. */
export interface RotaryEmbeddingOptions extends OptionsOf<typeof fields>, LayerOptions {}

const RotaryEmbeddingBase: With<typeof Layer, typeof fields, RotaryEmbeddingOptions> = Layer.with(fields)

/**
 * Rotary positions (Su et al., 2021): features `i` and `i + features/2` turned by `t · w^(−2i/features)` at step `t`, with
 * `w = maxWavelength`: `y = x · cos + [−x₂ | x₁] · sin`; keras-hub's layer of this name. For queries and keys.
 *
 * `x` (batch, steps, …, features), `y` of its shape. No weights.
 *
 * Errors: ERR_SHAPE for an odd number of features, ERR_CONFIG for axes that the input has not.
 *
 * @see keras_hub.layers.RotaryEmbedding
 *
 * @example
 * import { RotaryEmbedding } from 'ferrograd/layers'
 * import { random } from 'ferrograd'
 *
 * const queries = random.normal([2, 10, 4, 16])
 * const turned = new RotaryEmbedding().apply(queries) // (2, 10, 4, 16)
 */
export class RotaryEmbedding extends RotaryEmbeddingBase {
  static override readonly className = 'RotaryEmbedding'
  protected override readonly takes = 'one' as const
  static readonly module = 'keras_hub.src.layers.modeling.rotary_embedding'

  override call(input: Tensor, context: PositionContext): Tensor {
    const order = this.#order(input.rank)
    const x = ops.transpose(this.cast(input), order)
    const [steps, features] = [x.shape[1]!, x.shape.at(-1)!]
    if (features % 2 !== 0) fail('ERR_SHAPE', 'RotaryEmbedding input', 'an even number of features', input.shape)
    const { options } = this
    const rates = tensor(ratesOf(features, options), [features / 2], this.dtype)
    const places = positionsOf(this.className, steps, context, this.dtype)
    const half = ops.multiply(ops.expandDims(places, -1), rates)
    const angles = laid(ops.concatenate([half, half], { axis: -1 }), x.rank)
    const factor = options.ropeType === 'yarn' ? 0.1 * Math.log(options.scalingFactor) + 1 : 1
    const [first, second] = ops.split(x, 2, { axis: -1 }) as [Tensor, Tensor]
    const across = ops.concatenate([ops.negative(second), first], { axis: -1 })
    const turned = ops.add(ops.multiply(x, ops.cos(angles)), ops.multiply(across, ops.sin(angles)))
    const back = order.map((_, axis) => order.indexOf(axis))
    return ops.transpose(factor === 1 ? turned : ops.multiply(turned, factor), back)
  }

  /** The axes with the steps second and the features last. */
  #order(rank: number): number[] {
    const { sequenceAxis, featureAxis } = this.options
    const positive = (axis: number): number => (axis < 0 ? axis + rank : axis)
    const [steps, features] = [positive(sequenceAxis), positive(featureAxis)]
    if (steps < 1 || steps >= rank || features < 1 || features >= rank || steps === features)
      fail('ERR_CONFIG', 'RotaryEmbedding.sequenceAxis', `two axes of ${rank}, not the batch`, [
        sequenceAxis,
        featureAxis,
      ])
    const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== steps && axis !== features)
    return [others[0]!, steps, ...others.slice(1), features]
  }
}

/** (batch, steps, features) with axes of length 1 between. */
function laid(angles: Tensor, rank: number): Tensor {
  const [batch, steps, features] = angles.shape as [number, number, number]
  return ops.reshape(angles, [batch, steps, ...new Array<number>(rank - 3).fill(1), features])
}

/** Angle by place, for each pair of features. */
function ratesOf(features: number, options: ValuesOf<typeof fields>): number[] {
  const { maxWavelength, scalingFactor, ropeType, denominatorDim } = options
  if (ropeType === 'yarn') return yarnRates(features, options)
  const plain = pairs(features).map((i) => maxWavelength ** (-(2 * i) / (denominatorDim ?? features)))
  if (ropeType === 'linear') return plain.map((rate) => rate / scalingFactor)
  if (ropeType === 'dynamic') return plain.map((rate) => rate / scalingFactor ** (features / Math.max(1, features - 2)))
  return plain
}

const pairs = (features: number): number[] => Array.from({ length: features / 2 }, (_, i) => i)

/** Fast turns as they are, slow ones divided by the factor, between them a ramp. */
function yarnRates(features: number, options: ValuesOf<typeof fields>): number[] {
  const { maxWavelength, scalingFactor, betaFast, betaSlow, truncate } = options
  const bound = (turns: number): number =>
    (features * Math.log(options.originalMaxPositionEmbeddings / (turns * 2 * Math.PI))) / (2 * Math.log(maxWavelength))
  const [fast, slow] = [bound(betaFast), bound(betaSlow)]
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0)
  const high = Math.min(truncate ? Math.ceil(slow) : slow, features - 1)
  return pairs(features).map((i) => {
    const rate = maxWavelength ** (-(2 * i) / features)
    const ramp = Math.min(1, Math.max(0, (i - low) / Math.max(high - low, 0.001)))
    return (rate / scalingFactor) * ramp + rate * (1 - ramp)
  })
}

/** What the normalising layers share: axes, and the learnt scale and shift that follow. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import type { ReduceOptions } from '../ops/tables.js'
import * as ops from '../ops.js'
import type { ValuesOf } from '../options/fields.js'
import type { Shape } from '../types.js'
import type { WeightOptions } from './layer.js'

/** Options of a layer that ends in `· gamma + beta`. */
export const affineFields = {
  /** Keeps the divisor from 0. Default 1e-3. */
  epsilon: { type: 'number', default: 1e-3, min: 0 },
  /** Whether beta is added. Default true. */
  center: { type: 'boolean', default: true },
  /** Whether gamma is multiplied. Default true. */
  scale: { type: 'boolean', default: true },
  /** First value of beta. Default 'zeros'. */
  betaInitializer: { type: 'initializer', default: 'zeros' },
  /** First value of gamma. Default 'ones'. */
  gammaInitializer: { type: 'initializer', default: 'ones' },
  /** Penalty on beta. Default null. */
  betaRegularizer: { type: 'regularizer', default: null },
  /** Penalty on gamma. Default null. */
  gammaRegularizer: { type: 'regularizer', default: null },
  /** What beta is set back to after each step. Default null. */
  betaConstraint: { type: 'constraint', default: null },
  /** What gamma is set back to after each step. Default null. */
  gammaConstraint: { type: 'constraint', default: null },
} as const

/** Makes `gamma` and `beta`, each where it is wanted. */
export function scaleAndShift(
  options: ValuesOf<typeof affineFields>,
  shape: Shape,
  addWeight: (weight: WeightOptions) => Variable,
): { gamma: Variable | undefined; beta: Variable | undefined } {
  const { gammaInitializer, gammaRegularizer, gammaConstraint, betaInitializer, betaRegularizer, betaConstraint } =
    options
  const gamma = { initializer: gammaInitializer, regularizer: gammaRegularizer, constraint: gammaConstraint }
  const beta = { initializer: betaInitializer, regularizer: betaRegularizer, constraint: betaConstraint }
  return {
    gamma: options.scale ? addWeight({ name: 'gamma', shape, ...gamma }) : undefined,
    beta: options.center ? addWeight({ name: 'beta', shape, ...beta }) : undefined,
  }
}

/** An axis counted from the front. */
export function positive(axis: number, rank: number, where: string): number {
  const at = axis < 0 ? axis + rank : axis
  return at >= 0 && at < rank ? at : fail('ERR_CONFIG', `${where}.axis`, `an axis of ${rank}`, axis)
}

/** Axes counted from the front, ascending. */
export function positives(axis: number | readonly number[], rank: number, where: string): number[] {
  return [axis]
    .flat()
    .map((one) => positive(one, rank, where))
    .sort((a, b) => a - b)
}

/** A weight of the lengths of `axes`, laid along them for an input of a shape. */
export function along(weight: Tensor | Variable, axes: readonly number[], shape: Shape): Tensor {
  return ops.reshape(
    weight,
    shape.map((length, axis) => (axes.includes(axis) ? length : 1)),
  )
}

/** The axes of a rank that are not in `axes`. */
export const others = (axes: readonly number[], rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((axis) => !axes.includes(axis))

/**
 * `1 / √(mean(x²) + ε)` along some axes; where a square overflows, of x made smaller by a power of two. Both means are one
 * pass over x.
 */
export function inverseRoot(x: Tensor, over: ReduceOptions, epsilon: number): Tensor {
  const factor = 2 ** (x.dtype === 'float64' ? 600 : 80)
  const squares = ops.mean(ops.square(x), over)
  const small = ops.mean(ops.square(ops.multiply(x, 1 / factor)), over)
  const fits = ops.isFinite(squares)
  const plain = ops.rsqrt(ops.add(ops.where(fits, squares, 1), epsilon))
  return ops.where(fits, plain, ops.multiply(ops.rsqrt(ops.where(fits, 1, small)), 1 / factor))
}

/** `(x − mean) / √(variance + epsilon) · gamma + beta`, the statistics being those of `x` along some axes. */
export function standardisedAlong(
  x: Tensor,
  over: ReduceOptions,
  epsilon: number,
  gamma?: Tensor,
  beta?: Tensor,
): Tensor {
  const centred = ops.subtract(x, ops.mean(x, over))
  return affine(centred, inverseRoot(centred, over, epsilon), gamma, beta)
}

/** `(x − mean) / √(variance + epsilon) · gamma + beta`. */
export function standardised(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  epsilon: number,
  gamma?: Tensor,
  beta?: Tensor,
): Tensor {
  return affine(ops.subtract(x, mean), ops.rsqrt(ops.add(variance, epsilon)), gamma, beta)
}

/** `centred · root · gamma + beta`. */
function affine(centred: Tensor, root: Tensor, gamma?: Tensor, beta?: Tensor): Tensor {
  const scaled = ops.multiply(centred, gamma === undefined ? root : ops.multiply(root, gamma))
  return beta === undefined ? scaled : ops.add(scaled, beta)
}

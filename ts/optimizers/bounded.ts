/** Gradients whose squares are finite. */

import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { Reach } from './guards.js'

/** Beyond it an entry of a gradient counts as it: float32's squares then stay below 2¹²⁰, float64's below 2¹⁰⁰⁰. */
const largest = { float32: 2 ** 60, float64: 2 ** 500 }

/**
 * `clip(g, −L, L)` with L 2⁶⁰ (float64: 2⁵⁰⁰): rules that remember squares would hold an infinite one for ever, and make
 * NaN of it. `summed` leaves room for sums of squares over 2²⁴ entries. NaN stays.
 */
export function bounded(gradient: Tensor, { summed = false }: { readonly summed?: boolean } = {}): Tensor {
  const limit = largest[gradient.dtype === 'float64' ? 'float64' : 'float32'] * (summed ? 2 ** -12 : 1)
  return ops.clip(gradient, -limit, limit)
}

/** A sum of squares that overflowed counts as the largest number: the difference of two infinite ones would be NaN. */
export function finiteSum(squares: Tensor): Tensor {
  return ops.minimum(squares, squares.dtype === 'float64' ? Number.MAX_VALUE : (2 - 2 ** -23) * 2 ** 127)
}

/** The reach of a rule that divides bounded gradients, or their means, by no less than about `epsilon`. */
export function boundedBy(epsilon: number): Reach {
  return epsilon >= 1e-12 ? 'bounded' : 'unknown'
}

/** Functions of each element, with NumPy's broadcasting. */

import type { Tensor } from '../core/tensor.js'
import * as raw from '../generated/ops.js'
import { floats, numbers, type Operand, pair, toBool, toFloat, toNumbers, toTensor } from './operand.js'

/** `a + b` */
export function add(a: Operand, b: Operand): Tensor {
  return raw.add(...numbers(a, b))
}
/** `a − b` */
export function subtract(a: Operand, b: Operand): Tensor {
  return raw.subtract(...numbers(a, b))
}
/** `a · b` */
export function multiply(a: Operand, b: Operand): Tensor {
  return raw.multiply(...numbers(a, b))
}
/** `a / b`, in floats. */
export function divide(a: Operand, b: Operand): Tensor {
  return raw.divide(...floats(a, b))
}
/** `⌊a / b⌋` */
export function floorDivide(a: Operand, b: Operand): Tensor {
  return raw.floorDivide(...numbers(a, b))
}
/** `a − b·⌊a / b⌋`: the sign of `b`, as in NumPy. */
export function mod(a: Operand, b: Operand): Tensor {
  return raw.mod(...numbers(a, b))
}
/** `aᵇ` */
export function power(a: Operand, b: Operand): Tensor {
  return raw.power(...numbers(a, b))
}
/** The larger of the two; NaN if either is. */
export function maximum(a: Operand, b: Operand): Tensor {
  return raw.maximum(...numbers(a, b))
}
/** The smaller of the two; NaN if either is. */
export function minimum(a: Operand, b: Operand): Tensor {
  return raw.minimum(...numbers(a, b))
}
/** `−x` */
export function negative(x: Operand): Tensor {
  return raw.negative(toNumbers(x))
}
/** `|x|`; the gradient at 0 is 0. */
export function abs(x: Operand): Tensor {
  return raw.abs(toNumbers(x))
}
/** −1, 0 or 1. */
export function sign(x: Operand): Tensor {
  return raw.sign(toNumbers(x))
}
/** The next integer below. */
export function floor(x: Operand): Tensor {
  return raw.floor(toFloat(x))
}
/** The next integer above. */
export function ceil(x: Operand): Tensor {
  return raw.ceil(toFloat(x))
}
/** The nearest integer, halves to even. */
export function round(x: Operand): Tensor {
  return raw.round(toFloat(x))
}
/** The next integer towards 0. */
export function trunc(x: Operand): Tensor {
  return raw.trunc(toFloat(x))
}
/** `min(max(x, low), high)`; the gradient is 1 from `low` to `high`, 0 outside. */
export function clip(x: Operand, low: Operand, high: Operand): Tensor {
  return minimum(maximum(x, low), high)
}
/** `x²` */
export function square(x: Operand): Tensor {
  return raw.square(toNumbers(x))
}
/** `√x` */
export function sqrt(x: Operand): Tensor {
  return raw.sqrt(toFloat(x))
}
/** `1/√x` */
export function rsqrt(x: Operand): Tensor {
  return raw.rsqrt(toFloat(x))
}
/** `1/x` */
export function reciprocal(x: Operand): Tensor {
  return raw.reciprocal(toFloat(x))
}
/** `eˣ` */
export function exp(x: Operand): Tensor {
  return raw.exp(toFloat(x))
}
/** `eˣ − 1`, exact near 0. */
export function expm1(x: Operand): Tensor {
  return raw.expm1(toFloat(x))
}
/** The natural logarithm. */
export function log(x: Operand): Tensor {
  return raw.log(toFloat(x))
}
/** `ln(1 + x)`, exact near 0. */
export function log1p(x: Operand): Tensor {
  return raw.log1p(toFloat(x))
}
/** The sine. */
export function sin(x: Operand): Tensor {
  return raw.sin(toFloat(x))
}
/** The cosine. */
export function cos(x: Operand): Tensor {
  return raw.cos(toFloat(x))
}
/** The hyperbolic tangent. */
export function tanh(x: Operand): Tensor {
  return raw.tanh(toFloat(x))
}
/** `1/(1 + e⁻ˣ)` */
export function sigmoid(x: Operand): Tensor {
  return raw.sigmoid(toFloat(x))
}
/** The error function. */
export function erf(x: Operand): Tensor {
  return raw.erf(toFloat(x))
}
/** `ln(1 + eˣ)` */
export function softplus(x: Operand): Tensor {
  return raw.softplus(toFloat(x))
}
/** `max(x, 0)` */
export function relu(x: Operand): Tensor {
  return raw.relu(toNumbers(x))
}
/** `a = b` */
export function equal(a: Operand, b: Operand): Tensor {
  return raw.equal(...pair(a, b))
}
/** `a ≠ b` */
export function notEqual(a: Operand, b: Operand): Tensor {
  return raw.notEqual(...pair(a, b))
}
/** `a < b` */
export function less(a: Operand, b: Operand): Tensor {
  return raw.less(...pair(a, b))
}
/** `a ≤ b` */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return raw.lessEqual(...pair(a, b))
}
/** `a > b` */
export function greater(a: Operand, b: Operand): Tensor {
  return raw.greater(...pair(a, b))
}
/** `a ≥ b` */
export function greaterEqual(a: Operand, b: Operand): Tensor {
  return raw.greaterEqual(...pair(a, b))
}
/** Both true. */
export function logicalAnd(a: Operand, b: Operand): Tensor {
  return raw.logicalAnd(toBool(a), toBool(b))
}
/** One of the two true. */
export function logicalOr(a: Operand, b: Operand): Tensor {
  return raw.logicalOr(toBool(a), toBool(b))
}
/** False for true, true for false. */
export function logicalNot(x: Operand): Tensor {
  return raw.logicalNot(toBool(x))
}
/** True for NaN. */
export function isNan(x: Operand): Tensor {
  return raw.isNan(toFloat(x))
}
/** True for neither NaN nor infinite. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name that NumPy and Keras users look for
export function isFinite(x: Operand): Tensor {
  return raw.isFinite(toFloat(x))
}
/**
 * `condition ? a : b` at each element: how a program branches on numbers that it computes. Both sides are computed,
 * and the gradient flows into the chosen one; a side that is not finite where it is not chosen still spoils gradients,
 * so make its input harmless there first. An `if` on a JavaScript value branches once, when the function is traced.
 *
 * @example
 * import { ops, tensor } from 'ferrograd'
 *
 * const x = tensor([-4, 4])
 * const positive = ops.greater(x, 0)
 * // √x where x > 0, else 0: the root never sees a negative number.
 * const y = ops.where(positive, ops.sqrt(ops.where(positive, x, 1)), 0)
 */
export function where(condition: Operand, a: Operand, b: Operand): Tensor {
  return raw.where(toBool(condition), ...pair(a, b))
}
/** `x`, through which no gradient flows. */
export function stopGradient(x: Operand): Tensor {
  return raw.stopGradient(toTensor(x))
}

/** Functions of each element, with NumPy's broadcasting. */

import { type Op, op } from '../core/operation.js'
import * as raw from '../generated/ops.js'
import { floats, numbers, type Operand, pair, toBool, toFloat, toNumbers, toTensor } from './operand.js'

/** `a + b` */
export const add: Op<[a: Operand, b: Operand]> = op('add', (a, b) => raw.add(...numbers(a, b)))
/** `a − b` */
export const subtract: Op<[a: Operand, b: Operand]> = op('subtract', (a, b) => raw.subtract(...numbers(a, b)))
/** `a · b` */
export const multiply: Op<[a: Operand, b: Operand]> = op('multiply', (a, b) => raw.multiply(...numbers(a, b)))
/** `a / b`, in floats. */
export const divide: Op<[a: Operand, b: Operand]> = op('divide', (a, b) => raw.divide(...floats(a, b)))
/** `⌊a / b⌋` */
export const floorDivide: Op<[a: Operand, b: Operand]> = op('floorDivide', (a, b) => raw.floorDivide(...numbers(a, b)))
/** `a − b·⌊a / b⌋`: the sign of `b`, as in NumPy. */
export const mod: Op<[a: Operand, b: Operand]> = op('mod', (a, b) => raw.mod(...numbers(a, b)))
/** `aᵇ` */
export const power: Op<[a: Operand, b: Operand]> = op('power', (a, b) => raw.power(...numbers(a, b)))
/** The larger of the two; NaN if either is. */
export const maximum: Op<[a: Operand, b: Operand]> = op('maximum', (a, b) => raw.maximum(...numbers(a, b)))
/** The smaller of the two; NaN if either is. */
export const minimum: Op<[a: Operand, b: Operand]> = op('minimum', (a, b) => raw.minimum(...numbers(a, b)))
/** `−x` */
export const negative: Op<[x: Operand]> = op('negative', (x) => raw.negative(toNumbers(x)))
/** `|x|`; the gradient at 0 is 0. */
export const abs: Op<[x: Operand]> = op('abs', (x) => raw.abs(toNumbers(x)))
/** −1, 0 or 1. */
export const sign: Op<[x: Operand]> = op('sign', (x) => raw.sign(toNumbers(x)))
/** The next integer below. */
export const floor: Op<[x: Operand]> = op('floor', (x) => raw.floor(toFloat(x)))
/** The next integer above. */
export const ceil: Op<[x: Operand]> = op('ceil', (x) => raw.ceil(toFloat(x)))
/** The nearest integer, halves to even. */
export const round: Op<[x: Operand]> = op('round', (x) => raw.round(toFloat(x)))
/** The next integer towards 0. */
export const trunc: Op<[x: Operand]> = op('trunc', (x) => raw.trunc(toFloat(x)))
/** `min(max(x, low), high)`; the gradient is 1 from `low` to `high`, 0 outside. */
export const clip: Op<[x: Operand, low: Operand, high: Operand]> = op('clip', (x, low, high) =>
  minimum(maximum(x, low), high),
)
/** `x²` */
export const square: Op<[x: Operand]> = op('square', (x) => raw.square(toNumbers(x)))
/** `√x` */
export const sqrt: Op<[x: Operand]> = op('sqrt', (x) => raw.sqrt(toFloat(x)))
/** `1/√x` */
export const rsqrt: Op<[x: Operand]> = op('rsqrt', (x) => raw.rsqrt(toFloat(x)))
/** `1/x` */
export const reciprocal: Op<[x: Operand]> = op('reciprocal', (x) => raw.reciprocal(toFloat(x)))
/** `eˣ` */
export const exp: Op<[x: Operand]> = op('exp', (x) => raw.exp(toFloat(x)))
/** `eˣ − 1`, exact near 0. */
export const expm1: Op<[x: Operand]> = op('expm1', (x) => raw.expm1(toFloat(x)))
/** The natural logarithm. */
export const log: Op<[x: Operand]> = op('log', (x) => raw.log(toFloat(x)))
/** `ln(1 + x)`, exact near 0. */
export const log1p: Op<[x: Operand]> = op('log1p', (x) => raw.log1p(toFloat(x)))
/** The sine. */
export const sin: Op<[x: Operand]> = op('sin', (x) => raw.sin(toFloat(x)))
/** The cosine. */
export const cos: Op<[x: Operand]> = op('cos', (x) => raw.cos(toFloat(x)))
/** The angle of the point (x, y) in (−π, π], as C's `atan2`; the gradient at (0, 0) is 0. */
export const arctan2: Op<[y: Operand, x: Operand]> = op('arctan2', (y, x) => raw.arctan2(...floats(y, x)))
/** The hyperbolic tangent. */
export const tanh: Op<[x: Operand]> = op('tanh', (x) => raw.tanh(toFloat(x)))
/** `1/(1 + e⁻ˣ)` */
export const sigmoid: Op<[x: Operand]> = op('sigmoid', (x) => raw.sigmoid(toFloat(x)))
/** The error function. */
export const erf: Op<[x: Operand]> = op('erf', (x) => raw.erf(toFloat(x)))
/** `ln(1 + eˣ)` */
export const softplus: Op<[x: Operand]> = op('softplus', (x) => raw.softplus(toFloat(x)))
/** `max(x, 0)` */
export const relu: Op<[x: Operand]> = op('relu', (x) => raw.relu(toNumbers(x)))
/** `a = b` */
export const equal: Op<[a: Operand, b: Operand]> = op('equal', (a, b) => raw.equal(...pair(a, b)))
/** `a ≠ b` */
export const notEqual: Op<[a: Operand, b: Operand]> = op('notEqual', (a, b) => raw.notEqual(...pair(a, b)))
/** `a < b` */
export const less: Op<[a: Operand, b: Operand]> = op('less', (a, b) => raw.less(...pair(a, b)))
/** `a ≤ b` */
export const lessEqual: Op<[a: Operand, b: Operand]> = op('lessEqual', (a, b) => raw.lessEqual(...pair(a, b)))
/** `a > b` */
export const greater: Op<[a: Operand, b: Operand]> = op('greater', (a, b) => raw.greater(...pair(a, b)))
/** `a ≥ b` */
export const greaterEqual: Op<[a: Operand, b: Operand]> = op('greaterEqual', (a, b) => raw.greaterEqual(...pair(a, b)))
/** Both true. */
export const logicalAnd: Op<[a: Operand, b: Operand]> = op('logicalAnd', (a, b) => raw.logicalAnd(toBool(a), toBool(b)))
/** One of the two true. */
export const logicalOr: Op<[a: Operand, b: Operand]> = op('logicalOr', (a, b) => raw.logicalOr(toBool(a), toBool(b)))
/** False for true, true for false. */
export const logicalNot: Op<[x: Operand]> = op('logicalNot', (x) => raw.logicalNot(toBool(x)))
/** True for NaN. */
export const isNan: Op<[x: Operand]> = op('isNan', (x) => raw.isNan(toFloat(x)))
/** True for neither NaN nor infinite. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name that NumPy and Keras users look for
export const isFinite: Op<[x: Operand]> = op('isFinite', (x) => raw.isFinite(toFloat(x)))
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
export const where: Op<[condition: Operand, a: Operand, b: Operand]> = op('where', (condition, a, b) =>
  raw.where(toBool(condition), ...pair(a, b)),
)
/** `x`, through which no gradient flows. */
export const stopGradient: Op<[x: Operand]> = op('stopGradient', (x) => raw.stopGradient(toTensor(x)))

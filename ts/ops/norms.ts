/** Lengths of vectors, whatever the size of their entries: no square overflows, and no slope at 0 is infinite. */

import { epsilon as fuzz } from '../config.js'
import { type Op, op } from '../core/operation.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import {
  abs,
  divide,
  equal,
  greater,
  logicalAnd,
  maximum,
  multiply,
  power,
  sqrt,
  square,
  where,
} from './elementwise.js'
import { checked, type Operand, toFloat } from './operand.js'
import { max, mean, type ReduceOptions, sum } from './reduce.js'
import { squeeze, zerosLike } from './shape.js'

/** `√x`, with the subgradient 0 at 0, where the slope is infinite and would meet a 0 as NaN. */
export function rootAtZero(x: Tensor): Tensor {
  const zero = equal(x, 0)
  return where(zero, zerosLike(x), sqrt(where(zero, 1, x)))
}

/** The largest size along some axes, by which vectors are divided before they are squared; 1 where that is 0 or infinite. */
function scaleOf(x: Tensor, axis: ReduceOptions['axis']): Tensor {
  const largest = raw.stopGradient(max(abs(x), { axis, keepdims: true }))
  return where(logicalAnd(raw.isFinite(largest), greater(largest, 0)), largest, 1)
}

/** `√Σ x²`; the gradient at 0 is 0. */
export const norm: Op<[x: Operand, options?: ReduceOptions]> = op('norm', (x, options = {}) => {
  const t = toFloat(x)
  const { axis, keepdims = false } = checked('norm', options, ['axis', 'keepdims'])
  if (t.size === 0) return sqrt(sum(square(t), { axis, keepdims }))
  const scale = scaleOf(t, axis)
  const length = multiply(rootAtZero(sum(square(divide(t, scale)), { axis, keepdims: true })), scale)
  return keepdims ? length : squeeze(length, axis)
})

/** The square root of the variance; the gradient at equal numbers is 0. */
export const std: Op<[x: Operand, options?: ReduceOptions]> = op('std', (x, options = {}) => {
  const t = toFloat(x)
  const { axis, keepdims } = checked('std', options, ['axis', 'keepdims'])
  const centred = raw.subtract(t, mean(t, { axis, keepdims: true }))
  if (t.size === 0) return sqrt(mean(square(centred), options))
  const scale = scaleOf(centred, axis)
  const spread = multiply(rootAtZero(mean(square(divide(centred, scale)), { axis, keepdims: true })), scale)
  return keepdims ? spread : squeeze(spread, axis)
})

/** Along which axes, in which norm, and the length below which nothing is divided by. */
export interface NormalizeOptions {
  /** The axes of the vectors. Default −1. */
  readonly axis?: number | readonly number[]
  /** `(Σ |x|ᵒʳᵈᵉʳ)^(1/order)`. Default 2. */
  readonly order?: number
  /** Default `config.epsilon()`. */
  readonly epsilon?: number
}

/** `x / max(‖x‖, ε)`; 0 stays 0, and its gradient is 0. */
export const normalize: Op<[x: Operand, options?: NormalizeOptions]> = op('normalize', (x, options = {}) => {
  const { axis = -1, order = 2, epsilon = fuzz() } = checked('normalize', options, ['axis', 'order', 'epsilon'])
  if (!Number.isInteger(order) || order < 1) fail('ERR_CONFIG', 'normalize order', 'an integer >= 1', order)
  const t = toFloat(x)
  if (t.size === 0) return t
  const scale = scaleOf(t, axis)
  const unit = divide(t, scale)
  const total = sum(raised(unit, order), { axis, keepdims: true })
  const zero = equal(total, 0)
  const length = rootOf(where(zero, 1, total), order)
  return where(zero, zerosLike(unit), divide(unit, maximum(length, divide(epsilon, scale))))
})

/** `|x|ⁿ`. */
function raised(x: Tensor, n: number): Tensor {
  if (n === 2) return square(x)
  return n === 1 ? abs(x) : power(abs(x), n)
}

function rootOf(x: Tensor, n: number): Tensor {
  if (n === 2) return sqrt(x)
  return n === 1 ? x : power(x, 1 / n)
}

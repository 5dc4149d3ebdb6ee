/** Lengths of vectors, whatever the size of their entries: no square overflows, and no slope at 0 is infinite. */

import { epsilon as fuzz } from '../config.js'
import { type Op, op } from '../core/operation.js'
import type { Tensor } from '../core/tensor.js'
import * as raw from '../generated/ops.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
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
import { type Operand, toFloat } from './operand.js'
import { opOptions } from './options.js'
import { max, mean, sum } from './reduce.js'
import { squeeze, zerosLike } from './shape.js'
import { type ReduceOptions, reduceFields } from './tables.js'

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

const readNorm = opOptions('norm', reduceFields)
/** `√Σ x²`; the gradient at 0 is 0. */
export const norm: Op<[x: Operand, options?: ReduceOptions]> = op('norm', (x, options) => {
  const t = toFloat(x)
  const { axis, keepdims } = readNorm(options)
  if (t.size === 0) return sqrt(sum(square(t), { axis, keepdims }))
  const scale = scaleOf(t, axis)
  const length = multiply(rootAtZero(sum(square(divide(t, scale)), { axis, keepdims: true })), scale)
  return keepdims ? length : squeeze(length, axis)
})

const readStd = opOptions('std', reduceFields)
/** The square root of the variance; the gradient at equal numbers is 0. */
export const std: Op<[x: Operand, options?: ReduceOptions]> = op('std', (x, options) => {
  const t = toFloat(x)
  const { axis, keepdims } = readStd(options)
  const centred = raw.subtract(t, mean(t, { axis, keepdims: true }))
  if (t.size === 0) return sqrt(mean(square(centred), options))
  const scale = scaleOf(centred, axis)
  const spread = multiply(rootAtZero(mean(square(divide(centred, scale)), { axis, keepdims: true })), scale)
  return keepdims ? spread : squeeze(spread, axis)
})

const normalizeFields = {
  /** The axes of the vectors. Default -1. */
  axis: { type: 'axes', default: -1 },
  /** `(Σ |x|ᵒʳᵈᵉʳ)^(1/order)`. Default 2. */
  order: { type: 'integer', default: 2, min: 1 },
  /** What no length is below; `config.epsilon()` unless given. */
  epsilon: { type: 'number', default: null },
} as const

/** Along which axes, in which norm, and the length below which nothing is divided by. */
export interface NormalizeOptions extends FunctionOptions<typeof normalizeFields>, Named {}

const readNormalize = opOptions('normalize', normalizeFields)
/** `x / max(‖x‖, ε)`; 0 stays 0, and its gradient is 0. */
export const normalize: Op<[x: Operand, options?: NormalizeOptions]> = op('normalize', (x, options) => {
  const { axis, order, epsilon = fuzz() } = readNormalize(options)
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

/** Sums, extremes and means over axes; order along an axis. */

import { type Op, op } from '../core/operation.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import { exp, less, lessEqual, log, minimum, multiply, square, subtract } from './elementwise.js'
import {
  axesOf,
  axisOf,
  cast,
  checked,
  full,
  lengthOf,
  numbers,
  type Operand,
  toBool,
  toFloat,
  toNumbers,
  toTensor,
} from './operand.js'
import { pad, reshape, transpose } from './shape.js'

/** Which axes go, all by default, and whether they stay as 1. */
export interface ReduceOptions {
  readonly axis?: number | readonly number[] | undefined
  readonly keepdims?: boolean | undefined
}

/** One axis, the last by default. */
export interface AxisOptions {
  readonly axis?: number | undefined
}

function over(
  name: string,
  op: (x: Tensor, attributes: { axes: number[]; keepdims: boolean }) => Tensor,
  x: Tensor,
  options: ReduceOptions,
): Tensor {
  const { axis, keepdims = false } = checked(name, options, ['axis', 'keepdims'])
  return op(x, { axes: axesOf(name, axis, x.rank), keepdims })
}

/** `Σ x` */
export const sum: Op<[x: Operand, options?: ReduceOptions]> = op('sum', (x, options = {}) =>
  over('sum', raw.sum, toNumbers(x), options),
)
/** `Π x` */
export const prod: Op<[x: Operand, options?: ReduceOptions]> = op('prod', (x, options = {}) =>
  over('prod', raw.prod, toNumbers(x), options),
)
/** The largest; NaN if any is. The gradient is shared by equals. */
export const max: Op<[x: Operand, options?: ReduceOptions]> = op('max', (x, options = {}) =>
  over('max', raw.max, toNumbers(x), options),
)
/** The smallest; NaN if any is. The gradient is shared by equals. */
export const min: Op<[x: Operand, options?: ReduceOptions]> = op('min', (x, options = {}) =>
  over('min', raw.min, toNumbers(x), options),
)
/** `Σ x / n` */
export const mean: Op<[x: Operand, options?: ReduceOptions]> = op('mean', (x, options = {}) => {
  const t = toFloat(x)
  const { axis } = checked('mean', options, ['axis', 'keepdims'])
  let count = 1
  for (const one of axesOf('mean', axis, t.rank)) count *= lengthOf(t, one)
  return multiply(sum(t, options), 1 / count)
})
/** `Σ (x − mean)² / n`, in two passes so that it stays exact far from 0. */
export const variance: Op<[x: Operand, options?: ReduceOptions]> = op('variance', (x, options = {}) => {
  const t = toFloat(x)
  const { axis } = checked('variance', options, ['axis', 'keepdims'])
  const centre = mean(t, { axis, keepdims: true })
  return mean(square(subtract(t, centre)), options)
})
/** True where any is. */
export const any: Op<[x: Operand, options?: ReduceOptions]> = op('any', (x, options = {}) =>
  cast(max(cast(toBool(x), 'int32'), options), 'bool'),
)
/** True where all are. */
export const all: Op<[x: Operand, options?: ReduceOptions]> = op('all', (x, options = {}) =>
  cast(min(cast(toBool(x), 'int32'), options), 'bool'),
)
/** `ln Σ eˣ`, without overflow. */
export const logsumexp: Op<[x: Operand, options?: ReduceOptions]> = op('logsumexp', (x, options = {}) => {
  const t = toFloat(x)
  const { axis } = checked('logsumexp', options, ['axis', 'keepdims'])
  const peak = raw.stopGradient(max(t, { axis, keepdims: true }))
  const total = log(sum(exp(subtract(t, peak)), options))
  return raw.add(total, reshape(peak, total.shape))
})

/** The index of the largest along an axis (the first among equals), over all elements without one; `int32`. */
export const argmax: Op<[x: Operand, options?: AxisOptions]> = op('argmax', (x, options = {}) =>
  extreme('argmax', raw.argmax, x, options),
)
/** The index of the smallest along an axis (the first among equals), over all elements without one; `int32`. */
export const argmin: Op<[x: Operand, options?: AxisOptions]> = op('argmin', (x, options = {}) =>
  extreme('argmin', raw.argmin, x, options),
)
function extreme(name: string, op: (x: Tensor) => Tensor, x: Operand, options: AxisOptions): Tensor {
  const t = toFloat(x)
  const { axis } = checked(name, options, ['axis'])
  return axis === undefined ? op(reshape(t, [t.size])) : op(axisLast(t, axisOf(name, axis, t.rank)))
}

/** Running sums along an axis. */
export interface ScanOptions extends AxisOptions {
  /** True begins at the end. */
  readonly reverse?: boolean
  /** True leaves out the element itself. */
  readonly exclusive?: boolean
}
/** `yᵢ = Σ_{j≤i} xⱼ` along an axis; of all elements in one row without one. */
export const cumsum: Op<[x: Operand, options?: ScanOptions]> = op('cumsum', (x, options = {}) =>
  running('cumsum', raw.cumsum, x, options),
)
/** `yᵢ = Π_{j≤i} xⱼ` along an axis; of all elements in one row without one. */
export const cumprod: Op<[x: Operand, options?: ScanOptions]> = op('cumprod', (x, options = {}) =>
  running('cumprod', raw.cumprod, x, options),
)
function running(
  name: string,
  op: (x: Tensor, attributes: { axis: number; reverse: boolean; exclusive: boolean }) => Tensor,
  x: Operand,
  options: ScanOptions,
): Tensor {
  const given = toNumbers(x)
  const t = options.axis === undefined && given.rank !== 1 ? reshape(given, [given.size]) : given
  const { axis = 0, reverse = false, exclusive = false } = checked(name, options, ['axis', 'reverse', 'exclusive'])
  return op(t, { axis: axisOf(name, axis, t.rank), reverse, exclusive })
}

/** Which axis, and which end first. */
export interface SortOptions extends AxisOptions {
  readonly descending?: boolean
}
/** The elements in order along an axis, the last by default; NaN last. */
export const sort: Op<[x: Operand, options?: SortOptions]> = op(
  'sort',
  (x, options = {}) => ordered('sort', x, options)[0],
)
/** The indices that would sort along an axis; equals keep their order. */
export const argsort: Op<[x: Operand, options?: SortOptions]> = op(
  'argsort',
  (x, options = {}) => ordered('argsort', x, options)[1],
)
function ordered(name: string, x: Operand, options: SortOptions): [Tensor, Tensor] {
  const t = toTensor(x)
  const { axis = -1, descending = false } = checked(name, options, ['axis', 'descending'])
  const at = axisOf(name, axis, t.rank)
  const [values, indices] = raw.sort(axisLast(t, at), { descending })
  return [axisBack(values, at), axisBack(indices, at)]
}
function axisLast(x: Tensor, axis: number): Tensor {
  return axis === x.rank - 1 ? x : transpose(x, [...others(x.rank, axis), axis])
}
function axisBack(x: Tensor, axis: number): Tensor {
  if (axis === x.rank - 1) return x
  const order = Array.from({ length: x.rank - 1 }, (_, index) => index)
  return transpose(x, [...order.slice(0, axis), x.rank - 1, ...order.slice(axis)])
}
function others(rank: number, axis: number): number[] {
  return Array.from({ length: rank }, (_, index) => index).filter((index) => index !== axis)
}
/**
 * Where numbers belong in an ascending list (n): how many of its entries are below each, or with `side: 'right'` not
 * above it; `int32`. NaN is above none.
 */
export const searchSorted: Op<[sorted: Operand, values: Operand, options?: { readonly side?: 'left' | 'right' }]> = op(
  'searchSorted',
  (sorted, values, options = {}) => {
    const { side = 'left' } = checked('searchSorted', options, ['side'])
    if (side !== 'left' && side !== 'right') fail('ERR_CONFIG', 'searchSorted side', "'left' or 'right'", side)
    const [list, x] = numbers(sorted, values)
    if (list.rank !== 1) fail('ERR_SHAPE', 'searchSorted', 'an ascending list of one axis', list.shape)
    return halved(list, x, side === 'left' ? less : lessEqual)
  },
)

/** How many entries are `before` each number, found bit by bit: the work grows with the logarithm of the list. */
function halved(list: Tensor, x: Tensor, before: (entry: Tensor, x: Tensor) => Tensor): Tensor {
  const bits = Math.ceil(Math.log2(list.size + 1))
  const highest = list.dtype === 'int32' ? 2 ** 31 - 1 : Number.POSITIVE_INFINITY
  const padded = pad(list, [[0, 2 ** bits - 1 - list.size]], highest)
  let place = full(x.shape, 0, 'int32')
  for (let step = 2 ** (bits - 1); step >= 1; step /= 2) {
    const beyond = before(raw.gather(padded, raw.add(place, full([], step - 1, 'int32')), { axis: 0 }), x)
    place = raw.add(place, multiply(cast(beyond, 'int32'), step))
  }
  // What was put after the end may be equal to the largest number.
  return minimum(place, list.size)
}
/** The `k` largest along the last axis, largest first, and their indices. */
export const topK: Op<[x: Operand, k: number], { values: Tensor; indices: Tensor }> = op('topK', (x, k) => {
  const [values, indices] = raw.topK(toTensor(x), { k })
  return { values, indices }
})

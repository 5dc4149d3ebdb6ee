/** Sums, extremes and means over axes; order along an axis. */

import { type Op, op } from '../core/operation.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import { equal, exp, less, lessEqual, log, minimum, multiply, square, subtract, where } from './elementwise.js'
import {
  axesOf,
  axisOf,
  cast,
  full,
  lengthOf,
  numbers,
  type Operand,
  toBool,
  toFloat,
  toNumbers,
  toTensor,
} from './operand.js'
import { opOptions } from './options.js'
import { pad, reshape, transpose } from './shape.js'
import { type ReduceOptions, type RowAxisOptions, reduceFields, rowFields } from './tables.js'

type Reduction = (x: Tensor, attributes: { axes: number[]; keepdims: boolean }) => Tensor

/** What draws the reduction of that name. */
function reduction(name: string, draw: Reduction): (x: Tensor, options?: ReduceOptions) => Tensor {
  const read = opOptions(name, reduceFields)
  return (x, options) => {
    const { axis, keepdims } = read(options)
    return draw(x, { axes: axesOf(name, axis, x.rank), keepdims })
  }
}

const sumOver = reduction('sum', raw.sum)
const prodOver = reduction('prod', raw.prod)
const maxOver = reduction('max', raw.max)
const minOver = reduction('min', raw.min)
const anyOver = reduction('any', raw.max)
const allOver = reduction('all', raw.min)

/** `Σ x` */
export const sum: Op<[x: Operand, options?: ReduceOptions]> = op('sum', (x, options) => sumOver(toNumbers(x), options))
/** `Π x` */
export const prod: Op<[x: Operand, options?: ReduceOptions]> = op('prod', (x, options) =>
  prodOver(toNumbers(x), options),
)
/** The largest; NaN if any is. The gradient is shared by equals. */
export const max: Op<[x: Operand, options?: ReduceOptions]> = op('max', (x, options) => maxOver(toNumbers(x), options))
/** The smallest; NaN if any is. The gradient is shared by equals. */
export const min: Op<[x: Operand, options?: ReduceOptions]> = op('min', (x, options) => minOver(toNumbers(x), options))
const readMean = opOptions('mean', reduceFields)
/** `Σ x / n`, in the type of `x`: infinite where the sum is beyond what that holds, as in NumPy. */
export const mean: Op<[x: Operand, options?: ReduceOptions]> = op('mean', (x, options) => {
  const t = toFloat(x)
  const { axis, keepdims } = readMean(options)
  const axes = axesOf('mean', axis, t.rank)
  let count = 1
  for (const one of axes) count *= lengthOf(t, one)
  return multiply(raw.sum(t, { axes, keepdims }), 1 / count)
})
const readVariance = opOptions('variance', reduceFields)
/** `Σ (x − mean)² / n`, in two passes so that it stays exact far from 0. */
export const variance: Op<[x: Operand, options?: ReduceOptions]> = op('variance', (x, options) => {
  const t = toFloat(x)
  const { axis } = readVariance(options)
  const centre = mean(t, { axis, keepdims: true })
  return mean(square(subtract(t, centre)), options)
})
/** True where any is. */
export const any: Op<[x: Operand, options?: ReduceOptions]> = op('any', (x, options) =>
  cast(anyOver(cast(toBool(x), 'int32'), options), 'bool'),
)
/** True where all are. */
export const all: Op<[x: Operand, options?: ReduceOptions]> = op('all', (x, options) =>
  cast(allOver(cast(toBool(x), 'int32'), options), 'bool'),
)
const readLogsumexp = opOptions('logsumexp', reduceFields)
/** `ln Σ eˣ`, without overflow; of −∞ alone −∞, with gradient 0. */
export const logsumexp: Op<[x: Operand, options?: ReduceOptions]> = op('logsumexp', (x, options) => {
  const t = toFloat(x)
  const { axis } = readLogsumexp(options)
  const peak = raw.stopGradient(max(t, { axis, keepdims: true }))
  const finite = where(raw.isFinite(peak), peak, 0)
  const total = sum(exp(subtract(t, finite)), options)
  const none = equal(total, 0)
  const logs = where(none, Number.NEGATIVE_INFINITY, log(where(none, 1, total)))
  return raw.add(logs, reshape(finite, total.shape))
})

/** The index of the largest along an axis (the first among equals), over all elements without one; `int32`. */
export const argmax: Op<[x: Operand, options?: RowAxisOptions]> = op('argmax', extreme('argmax', raw.argmax))
/** The index of the smallest along an axis (the first among equals), over all elements without one; `int32`. */
export const argmin: Op<[x: Operand, options?: RowAxisOptions]> = op('argmin', extreme('argmin', raw.argmin))
function extreme(name: string, draw: (x: Tensor) => Tensor): (x: Operand, options?: RowAxisOptions) => Tensor {
  const read = opOptions(name, rowFields)
  return (x, options) => {
    const t = toFloat(x)
    const { axis } = read(options)
    return axis === undefined ? draw(reshape(t, [t.size])) : draw(axisLast(t, axisOf(name, axis, t.rank)))
  }
}

const scanFields = {
  /** The axis that is walked along; all elements in one row unless given. */
  axis: { type: 'oneAxis', default: null },
  /** True begins at the end. Default false. */
  reverse: { type: 'boolean', default: false },
  /** True leaves out the element itself. Default false. */
  exclusive: { type: 'boolean', default: false },
} as const

/** Running sums along an axis. */
export interface ScanOptions extends FunctionOptions<typeof scanFields>, Named {}

/** `yᵢ = Σ_{j≤i} xⱼ` along an axis; of all elements in one row without one. */
export const cumsum: Op<[x: Operand, options?: ScanOptions]> = op('cumsum', running('cumsum', raw.cumsum))
/** `yᵢ = Π_{j≤i} xⱼ` along an axis; of all elements in one row without one. */
export const cumprod: Op<[x: Operand, options?: ScanOptions]> = op('cumprod', running('cumprod', raw.cumprod))
function running(
  name: string,
  draw: (x: Tensor, attributes: { axis: number; reverse: boolean; exclusive: boolean }) => Tensor,
): (x: Operand, options?: ScanOptions) => Tensor {
  const read = opOptions(name, scanFields)
  return (x, options) => {
    const { axis, reverse, exclusive } = read(options)
    const given = toNumbers(x)
    const t = axis === undefined && given.rank !== 1 ? reshape(given, [given.size]) : given
    return draw(t, { axis: axisOf(name, axis ?? 0, t.rank), reverse, exclusive })
  }
}

const sortFields = {
  /** The axis. Default -1. */
  axis: { type: 'oneAxis', default: -1 },
  /** Whether the largest come first. Default false. */
  descending: { type: 'boolean', default: false },
} as const

/** Which axis, and which end first. */
export interface SortOptions extends FunctionOptions<typeof sortFields>, Named {}

const [sorted, argsorted] = [ordering('sort'), ordering('argsort')]
/** The elements in order along an axis, the last by default; NaN last. */
export const sort: Op<[x: Operand, options?: SortOptions]> = op('sort', (x, options) => sorted(x, options)[0])
/** The indices that would sort along an axis; equals keep their order. */
export const argsort: Op<[x: Operand, options?: SortOptions]> = op('argsort', (x, options) => argsorted(x, options)[1])
function ordering(name: string): (x: Operand, options?: SortOptions) => [Tensor, Tensor] {
  const read = opOptions(name, sortFields)
  return (x, options) => {
    const t = toTensor(x)
    const { axis, descending } = read(options)
    const at = axisOf(name, axis, t.rank)
    const [values, indices] = raw.sort(axisLast(t, at), { descending })
    return [axisBack(values, at), axisBack(indices, at)]
  }
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
const searchFields = {
  /** Which side of equal entries. Default 'left'. */
  side: { type: 'choice', of: ['left', 'right'], default: 'left' },
} as const

/** Options of {@link searchSorted}. */
export interface SearchSortedOptions extends FunctionOptions<typeof searchFields>, Named {}

const readSearch = opOptions('searchSorted', searchFields)
/**
 * Where numbers belong in an ascending list (n): how many of its entries are below each, or with `side: 'right'` not
 * above it; `int32`. NaN is above none.
 */
export const searchSorted: Op<[sorted: Operand, values: Operand, options?: SearchSortedOptions]> = op(
  'searchSorted',
  (sorted, values, options) => {
    const { side } = readSearch(options)
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
  if (!Number.isInteger(k)) fail('ERR_CONFIG', 'topK k', 'an integer', k)
  const [values, indices] = raw.topK(toTensor(x), { k })
  return { values, indices }
})

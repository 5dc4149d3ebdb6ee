/** Shapes changed, parts taken, tensors joined. */

import { floatx } from '../config.js'
import { promote } from '../core/dtype.js'
import { type Op, op, opOfList } from '../core/operation.js'
import { sameShape } from '../core/shapes.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import type { DType, Shape } from '../types.js'
import { add, equal, greaterEqual, lessEqual, multiply } from './elementwise.js'
import {
  axesOf,
  axisOf,
  cast as castTo,
  checkLengths,
  full,
  lengthOf,
  type Operand,
  toClasses,
  toIndices,
  toTensor,
} from './operand.js'
import { opOptions } from './options.js'
import { type FirstAxisOptions, firstFields, type RowAxisOptions, rowFields } from './tables.js'

export { full } from './operand.js'

/** As another element type: floats to integers truncate towards zero, anything but 0 is true. */
export const cast: Op<[x: Operand, dtype: DType]> = op('cast', (x, dtype) => castTo(x, dtype))

/** The same numbers in another shape; one length may be −1. */
export const reshape: Op<[x: Operand, shape: Shape]> = op('reshape', (x, shape) => {
  if (!Array.isArray(shape)) fail('ERR_SHAPE', 'reshape shape', 'an array of lengths', shape)
  if (!shape.every(Number.isInteger)) fail('ERR_SHAPE', 'reshape shape', 'integers, of which one may be -1', shape)
  return raw.reshape(toTensor(x), { shape: [...shape] })
})
/** The axes in another order, reversed by default. */
export const transpose: Op<[x: Operand, perm?: readonly number[]]> = op('transpose', (x, perm) => {
  const t = toTensor(x)
  return raw.transpose(t, {
    perm: perm ? axesOf('transpose', perm, t.rank) : axesOf('transpose', undefined, t.rank).reverse(),
  })
})
/** A new axis of length 1. */
export const expandDims: Op<[x: Operand, axis: number]> = op('expandDims', (x, axis) => {
  const t = toTensor(x)
  const at = axisOf('expandDims', axis, t.rank + 1)
  return reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)])
})
/** Axes of length 1 taken away: the given ones, or all. */
export const squeeze: Op<[x: Operand, axis?: number | readonly number[]]> = op('squeeze', (x, axis) => {
  const t = toTensor(x)
  const ones = t.shape.flatMap((length, index) => (length === 1 ? [index] : []))
  const gone = axis === undefined ? ones : axesOf('squeeze', axis, t.rank)
  const long = gone.find((index) => t.shape[index] !== 1)
  if (long !== undefined) fail('ERR_SHAPE', `squeeze axis ${long}`, 'an axis of length 1', t.shape[long])
  return reshape(
    t,
    t.shape.filter((_, index) => !gone.includes(index)),
  )
})
/** Repeated along new and length-1 axes. */
export const broadcastTo: Op<[x: Operand, shape: Shape]> = op('broadcastTo', (x, shape) => {
  checkLengths('broadcastTo shape', shape)
  return raw.broadcastTo(toTensor(x), { shape: [...shape] })
})
const readConcatenate = opOptions('concatenate', firstFields)
/** Tensors one after the other along an axis, the first by default. */
export const concatenate: Op<[tensors: readonly Operand[], options?: FirstAxisOptions]> = opOfList(
  'concatenate',
  (tensors, options) => {
    const { axis } = readConcatenate(options)
    const list = oneDType('concatenate', tensors)
    const [first] = list
    if (first === undefined) fail('ERR_SHAPE', 'concatenate', 'at least one tensor', { text: 'none' })
    return raw.concatenate(list, { axis: axisOf('concatenate', axis, first.rank) })
  },
)
const readStack = opOptions('stack', firstFields)
/** Tensors of one shape along a new axis, the first by default. */
export const stack: Op<[tensors: readonly Operand[], options?: FirstAxisOptions]> = opOfList(
  'stack',
  (tensors, options) => {
    const { axis } = readStack(options)
    const list = oneDType('stack', tensors)
    const [first] = list
    if (first === undefined) fail('ERR_SHAPE', 'stack', 'at least one tensor', { text: 'none' })
    const other = list.find(({ shape }) => !sameShape(shape, first.shape))
    if (other !== undefined) {
      const shapes = [first.shape, other.shape].map((shape) => `[${shape.join(', ')}]`)
      fail('ERR_SHAPE', 'stack', 'tensors of one shape', { text: shapes.join(' and ') })
    }
    const at = axisOf('stack', axis, first.rank + 1)
    return concatenate(
      list.map((tensor) => expandDims(tensor, at)),
      { axis: at },
    )
  },
)
const readSplit = opOptions('split', firstFields)
/** Equal parts along an axis, or parts that end at the given indices. */
export const split: Op<[x: Operand, parts: number | readonly number[], options?: FirstAxisOptions], Tensor[]> = op(
  'split',
  (x, parts, options) => {
    const { axis } = readSplit(options)
    const t = toTensor(x)
    const at = axisOf('split', axis, t.rank)
    const length = lengthOf(t, at)
    const ends = typeof parts === 'number' ? equalParts(length, parts) : ownParts(length, parts)
    return ends.map((end, index) => {
      const start = index === 0 ? 0 : (ends[index - 1] ?? 0)
      const begin = t.shape.map((_, axis) => (axis === at ? start : 0))
      return slice(t, { begin, size: t.shape.map((whole, axis) => (axis === at ? end - start : whole)) })
    })
  },
)
function equalParts(length: number, parts: number): number[] {
  if (!Number.isInteger(parts) || parts < 1 || length % parts !== 0) {
    fail('ERR_SHAPE', 'split parts', `a divisor of the axis' length ${length}`, parts)
  }
  return Array.from({ length: parts }, (_, index) => ((index + 1) * length) / parts)
}

function ownParts(length: number, parts: readonly number[]): number[] {
  const isNext = (end: number, index: number): boolean =>
    Number.isInteger(end) && end >= (parts[index - 1] ?? 0) && end <= length
  if (!Array.isArray(parts) || !parts.every(isNext))
    fail('ERR_SHAPE', 'split parts', `a number of parts, or rising indices from 0 to ${length}`, parts)
  return [...parts, length]
}

const sliceFields = {
  /** Where the part begins along each axis. */
  begin: { type: 'eachAxis' },
  /** How long it is along each axis, −1: to the end; that unless given. */
  size: { type: 'eachAxis', default: null },
  /** In which steps; 1 unless given. */
  step: { type: 'eachAxis', default: null },
} as const

/** Where a part begins along each axis, how long it is, and in which steps. */
export interface SliceOptions extends FunctionOptions<typeof sliceFields>, Named {}

const readSlice = opOptions('slice', sliceFields)
/** A part of a tensor. */
export const slice: Op<[x: Operand, options: SliceOptions]> = op('slice', (x, options) => {
  const { begin, size, step } = readSlice(options)
  const t = toTensor(x)
  checkEachAxis('slice begin', begin, t)
  if (size !== undefined) checkEachAxis('slice size', size, t)
  if (step !== undefined) checkEachAxis('slice step', step, t)
  if (step?.includes(0)) fail('ERR_CONFIG', 'slice step', 'steps that are not 0', [...step])
  const steps = step ?? t.shape.map(() => 1)
  const start = begin.map((from, axis) => (from < 0 ? from + lengthOf(t, axis) : from))
  const room = (axis: number): number => {
    const [from, by] = [start[axis] ?? 0, steps[axis] ?? 1]
    return by > 0 ? Math.ceil((lengthOf(t, axis) - from) / by) : Math.floor(from / -by) + 1
  }
  const lengths = t.shape.map((_, axis) => {
    const wanted = size?.[axis] ?? -1
    return wanted < 0 ? Math.max(0, room(axis)) : wanted
  })
  return raw.slice(t, { start, size: lengths, step: [...steps] })
})
const flipFields = {
  /** The axes that are turned round; all of them unless given. */
  axis: { type: 'axes', default: null },
} as const

/** Options of {@link flip}. */
export interface FlipOptions extends FunctionOptions<typeof flipFields>, Named {}

const readFlip = opOptions('flip', flipFields)
/** Throws unless there is an integer for each axis. */
function checkEachAxis(where: string, list: unknown, { shape }: Tensor): void {
  const fits = Array.isArray(list) && list.length === shape.length && list.every(Number.isInteger)
  if (!fits) fail('ERR_SHAPE', where, `${shape.length} integers, one an axis of [${shape.join(', ')}]`, list)
}
/** The elements backwards along some axes, all by default. */
export const flip: Op<[x: Operand, options?: FlipOptions]> = op('flip', (x, options) => {
  const { axis } = readFlip(options)
  const t = toTensor(x)
  const turned = axesOf('flip', axis, t.rank)
  const step = t.shape.map((_, index) => (turned.includes(index) ? -1 : 1))
  const start = t.shape.map((length, index) => (turned.includes(index) ? Math.max(0, length - 1) : 0))
  return raw.slice(t, { start, size: [...t.shape], step })
})
/** `value` before and after along each axis. */
export const pad: Op<[x: Operand, widths: readonly (readonly [number, number])[], value?: number]> = op(
  'pad',
  (x, widths, value = 0) => {
    const t = toTensor(x)
    const isPair = (pair: unknown): boolean =>
      Array.isArray(pair) && pair.length === 2 && pair.every((width) => Number.isInteger(width) && width >= 0)
    if (!Array.isArray(widths) || widths.length !== t.rank || !widths.every(isPair))
      fail(
        'ERR_SHAPE',
        'pad widths',
        `${t.rank} pairs of integers >= 0, one an axis of [${t.shape.join(', ')}]`,
        widths,
      )
    const side = (index: 0 | 1): number[] => widths.map((pair) => pair[index])
    return raw.pad(t, { low: side(0), high: side(1), between: t.shape.map(() => 0), value })
  },
)
/** The whole tensor `repeats[i]` times along axis `i`. */
export const tile: Op<[x: Operand, repeats: readonly number[]]> = op('tile', (x, repeats) => {
  checkLengths('tile repeats', repeats)
  const t = toTensor(x)
  const rank = Math.max(t.rank, repeats.length)
  const lengths = [...Array(rank - t.rank).fill(1), ...t.shape] as number[]
  const times = [...Array(rank - repeats.length).fill(1), ...repeats] as number[]
  const spread = broadcastTo(
    reshape(
      t,
      lengths.flatMap((length) => [1, length]),
    ),
    lengths.flatMap((length, axis) => [times[axis] ?? 1, length]),
  )
  return reshape(
    spread,
    lengths.map((length, axis) => length * (times[axis] ?? 1)),
  )
})
const readRepeat = opOptions('repeat', rowFields)
/** Each element `times` times along an axis; of all elements in one row without one. */
export const repeat: Op<[x: Operand, times: number, options?: RowAxisOptions]> = op('repeat', (x, times, options) => {
  const { axis } = readRepeat(options)
  if (!Number.isInteger(times) || times < 0) fail('ERR_SHAPE', 'repeat times', 'an integer >= 0', times)
  const t = inOneRow(x, axis)
  const at = axisOf('repeat', axis ?? 0, t.rank)
  const [before, length, after] = [t.shape.slice(0, at), lengthOf(t, at), t.shape.slice(at + 1)]
  const spread = broadcastTo(reshape(t, [...before, length, 1, ...after]), [...before, length, times, ...after])
  return reshape(spread, [...before, length * times, ...after])
})
/** The tensor itself where an axis is given; else all its elements along one axis, as NumPy does. */
function inOneRow(x: Operand, axis: number | undefined): Tensor {
  const t = toTensor(x)
  return axis === undefined && t.rank !== 1 ? reshape(t, [t.size]) : t
}
const readTake = opOptions('take', rowFields)
/**
 * The slices of `x` that `indices` name along an axis: `x.shape[:axis] + indices.shape + x.shape[axis+1:]`; without an
 * axis, elements of `x` in one row. Indices are `int32` or plain whole numbers, from 0 to the axis' length: others are an
 * error at the run.
 */
export const take: Op<[x: Operand, indices: Operand, options?: RowAxisOptions]> = op('take', (x, indices, options) => {
  const { axis } = readTake(options)
  return taken('take', inOneRow(x, axis), indices, axis ?? 0)
})
const readGather = opOptions('gather', firstFields)
/** The slices of `x` that `indices` name along an axis, the first by default; else as {@link take}. */
export const gather: Op<[x: Operand, indices: Operand, options?: FirstAxisOptions]> = op(
  'gather',
  (x, indices, options) => taken('gather', x, indices, readGather(options).axis),
)
function taken(name: string, x: Operand, indices: Operand, axis: number): Tensor {
  const t = toTensor(x)
  return raw.gather(t, toIndices(name, indices), { axis: axisOf(name, axis, t.rank) })
}
const readAlong = opOptions('takeAlongAxis', rowFields)
/** `y[i…] = x[i… with indices[i…] along the axis]`; without an axis of both in one row; indices as in {@link take}. */
export const takeAlongAxis: Op<[x: Operand, indices: Operand, options?: RowAxisOptions]> = op(
  'takeAlongAxis',
  (x, indices, options) => {
    const { axis } = readAlong(options)
    const t = inOneRow(x, axis)
    const at = inOneRow(toIndices('takeAlongAxis', indices), axis)
    return raw.takeAlongAxis(t, at, { axis: axisOf('takeAlongAxis', axis ?? 0, t.rank) })
  },
)
/**
 * 1 at the index, 0 elsewhere, along a new last axis; indices out of range give zeros. Floats in tensors and typed
 * arrays are truncated to integers, as in Keras.
 */
export const oneHot: Op<[indices: Operand, depth: number, dtype?: DType]> = op(
  'oneHot',
  (indices, depth, dtype = floatx()) => {
    if (!Number.isInteger(depth) || depth < 0) fail('ERR_CONFIG', 'oneHot depth', 'an integer >= 0', depth)
    return raw.oneHot(toClasses('oneHot', indices), { depth, dtype })
  },
)
/** Zeros. */
export function zeros(shape: Shape, dtype: DType = floatx()): Tensor {
  return full(shape, 0, dtype)
}
/** Ones. */
export function ones(shape: Shape, dtype: DType = floatx()): Tensor {
  return full(shape, 1, dtype)
}
/** Zeros of the shape and dtype of `x`. */
export const zerosLike: Op<[x: Operand]> = op('zerosLike', (x) => {
  const t = toTensor(x)
  return full(t.shape, 0, t.dtype)
})
/** Ones of the shape and dtype of `x`. */
export const onesLike: Op<[x: Operand]> = op('onesLike', (x) => {
  const t = toTensor(x)
  return full(t.shape, 1, t.dtype)
})
/** `start, start + step, …` below `stop`; `arange(n)` begins at 0. Whole numbers are `int32`, others `config.floatx()`. */
export function arange(first: number, end?: number, step = 1, asked?: DType): Tensor {
  const [start, stop] = end === undefined ? [0, first] : [first, end]
  const dtype = asked ?? ([start, stop, step].every(Number.isInteger) ? 'int32' : floatx())
  const size = Math.max(0, Math.ceil((stop - start) / step))
  if (!Number.isFinite(size)) fail('ERR_CONFIG', 'arange', 'finite start and stop, step not 0', [start, stop, step])
  const index = raw.iota({ size, dtype })
  return castTo(add(multiply(index, step), start), dtype)
}
const eyeFields = {
  /** As many as rows unless given. */
  columns: { type: 'integer', default: null, min: 0 },
  /** The element type; the configured float type unless given. */
  dtype: { type: 'elementType', default: null },
} as const

/** Options of {@link eye}. */
export interface EyeOptions extends FunctionOptions<typeof eyeFields>, Named {}

const readEye = opOptions('eye', eyeFields)
/** 1 on the diagonal, 0 elsewhere. */
export function eye(rows: number, options?: EyeOptions): Tensor {
  const { columns = rows, dtype = floatx() } = readEye(options)
  checkLengths('eye', [rows, columns])
  return castTo(diagonal(rows, columns, 0, equal), dtype)
}
/** The lower triangle of the last two axes: `column ≤ row + k`. */
export const tril: Op<[x: Operand, k?: number]> = op('tril', (x, k = 0) => triangle(x, k, lessEqual))
/** The upper triangle of the last two axes: `column ≥ row + k`. */
export const triu: Op<[x: Operand, k?: number]> = op('triu', (x, k = 0) => triangle(x, k, greaterEqual))
function triangle(x: Operand, k: number, keep: (a: Operand, b: Operand) => Tensor): Tensor {
  const t = toTensor(x)
  if (t.rank < 2) fail('ERR_SHAPE', 'triangle', 'at least 2 axes', [...t.shape])
  return multiply(t, castTo(diagonal(lengthOf(t, t.rank - 2), lengthOf(t, t.rank - 1), k, keep), t.dtype))
}
function diagonal(rows: number, columns: number, k: number, compare: (a: Operand, b: Operand) => Tensor): Tensor {
  const index = (size: number): Tensor => raw.iota({ size, dtype: 'int32' })
  return compare(index(columns), add(reshape(index(rows), [rows, 1]), k))
}
function oneDType(op: string, tensors: readonly Operand[]): Tensor[] {
  if (!Array.isArray(tensors)) fail('ERR_DATA', op, 'a list of tensors', tensors)
  const list = tensors.map(toTensor)
  const dtype = list.reduce<DType>((widest, tensor) => promote(widest, tensor.dtype), 'bool')
  return list.map((tensor) => castTo(tensor, dtype))
}

/** What ops take: tensors, variables and plain values, brought to one dtype. */

import { floatx } from '../config.js'
import { dtypeCode, promote } from '../core/dtype.js'
import { fill } from '../core/native.js'
import { native } from '../core/runtime.js'
import { isLength } from '../core/shapes.js'
import { Tensor, tensor } from '../core/tensor.js'
import { Variable } from '../core/variable.js'
import { FerrogradError, fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { DType, Shape, TensorLike } from '../types.js'

/** Whatever an op takes where it wants a tensor. */
export type Operand = TensorLike | Variable

/** The operand as a tensor. */
export function toTensor(x: Operand): Tensor {
  if (x instanceof Tensor) return x
  if (x instanceof Variable) return x.read()
  return tensor(x)
}

/**
 * Indices as `int32`. Plain numbers have to be whole; tensors and typed arrays have to hold integers, as in NumPy: what
 * was computed in floats is cast on purpose or not at all.
 */
export function toIndices(op: string, x: Operand): Tensor {
  if (typeof x === 'number' || Array.isArray(x)) return wholeNumbers(op, x)
  const t = toTensor(x)
  if (t.dtype !== 'int32') {
    const hint = t.dtype === 'bool' ? 'Choose by truth values with ops.where' : `Cast them: ops.cast(x, 'int32')`
    fail('ERR_DTYPE', `${op} indices`, 'int32', { text: t.dtype }, hint)
  }
  return t
}

/**
 * Class numbers as `int32`: as Keras does, floats are accepted and truncated, since labels often come in them. Plain
 * numbers have to be whole.
 */
export function toClasses(op: string, x: Operand): Tensor {
  return typeof x === 'number' || Array.isArray(x) ? wholeNumbers(op, x) : cast(x, 'int32')
}

function wholeNumbers(op: string, x: TensorLike): Tensor {
  return toIds(`${op} indices`, x)
}

/** Plain data or numbers in any array as `int32`, exactly; fractions and numbers beyond 32 bits are refused. */
export function toIds(where: string, x: TensorLike): Tensor {
  try {
    return tensor(x, undefined, 'int32')
  } catch (cause) {
    if (!(cause instanceof FerrogradError)) throw cause
    const message = cause.message.replace('tensor data', where).replace(/\. Use dtype.*$/, '')
    throw new FerrogradError(cause.code, message, { cause })
  }
}

/** Two operands of one dtype: plain numbers take the other's, else the wider one wins (bool < int32 < floats). */
export function pair(a: Operand, b: Operand): [Tensor, Tensor] {
  if (isNumber(a) && isNumber(b)) return [scalar(a, floatx()), scalar(b, floatx())]
  if (isNumber(b)) return withNumber(toTensor(a), b)
  if (isNumber(a)) {
    const [right, left] = withNumber(toTensor(b), a)
    return [left, right]
  }
  const [x, y] = [toTensor(a), toTensor(b)]
  if (x.dtype === y.dtype) return [x, y]
  const dtype = promote(x.dtype, y.dtype)
  return [cast(x, dtype), cast(y, dtype)]
}

/** As {@link pair}, with truth values as numbers. */
export function numbers(a: Operand, b: Operand): [Tensor, Tensor] {
  const [x, y] = pair(a, b)
  return x.dtype === 'bool' ? [cast(x, 'int32'), cast(y, 'int32')] : [x, y]
}

/** As {@link pair}, with integers as floats. */
export function floats(a: Operand, b: Operand): [Tensor, Tensor] {
  const [x, y] = pair(a, b)
  return [toFloat(x), toFloat(y)]
}

/** The operand as a float tensor: integers and truth values become `config.floatx()`. */
export function toFloat(x: Operand): Tensor {
  const t = toTensor(x)
  return t.dtype === 'float32' || t.dtype === 'float64' ? t : cast(t, floatx())
}

/** The operand as a tensor of numbers: truth values become `int32`. */
export function toNumbers(x: Operand): Tensor {
  const t = toTensor(x)
  return t.dtype === 'bool' ? cast(t, 'int32') : t
}

/** The operand as truth values: anything but 0 is true. */
export function toBool(x: Operand): Tensor {
  return cast(toTensor(x), 'bool')
}

/** The operand as another dtype. */
export function cast(x: Operand, dtype: DType): Tensor {
  const t = toTensor(x)
  return t.dtype === dtype ? t : raw.cast(t, { dtype })
}

/** `value` everywhere. */
export function full(shape: Shape, value: number, dtype: DType = floatx()): Tensor {
  checkLengths('shape', shape)
  if (typeof value !== 'number') fail('ERR_CONFIG', 'full value', 'a number', value)
  return Tensor.of(native(() => fill([...shape], dtypeCode(dtype), value)))
}

/** Throws unless `shape` is a list of lengths. */
export function checkLengths(where: string, shape: Shape): void {
  if (!Array.isArray(shape)) fail('ERR_SHAPE', where, 'an array of lengths', shape)
  if (!shape.every(isLength)) fail('ERR_SHAPE', where, 'lengths that are integers >= 0', [...shape])
}

/** The axis counted from the front, checked: a tensor has no place among shapes, which are known before it has a number. */
export function axisOf(op: string, axis: number, rank: number): number {
  if (typeof axis !== 'number') fail('ERR_SHAPE', `${op} axis`, 'a number', axis)
  const index = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(index) || index < 0 || index >= rank) {
    fail('ERR_SHAPE', `${op} axis`, `an integer from ${-rank} to ${rank - 1}`, axis)
  }
  return index
}

/** Every axis, the one, or the list, counted from the front. */
export function axesOf(op: string, axis: number | readonly number[] | undefined, rank: number): number[] {
  if (axis === undefined) return allAxes(rank)
  if (typeof axis === 'number') return [axisOf(op, axis, rank)]
  if (!Array.isArray(axis)) fail('ERR_SHAPE', `${op} axis`, 'a number or a list of numbers', axis)
  const axes = axis.map((one) => axisOf(op, one, rank))
  if (new Set(axes).size < axes.length) fail('ERR_SHAPE', `${op} axis`, 'each axis once', [...axis])
  return axes
}

function allAxes(rank: number): number[] {
  const axes: number[] = []
  for (let axis = 0; axis < rank; axis += 1) axes.push(axis)
  return axes
}

/** The length of an axis that is known to be there. */
export function lengthOf(x: Tensor, axis: number): number {
  return x.shape[axis] ?? 1
}

function isNumber(x: Operand): x is number {
  return typeof x === 'number'
}

/** Numbers that were met lately: a loop meets the same ones again, and a node of theirs never changes. */
const scalars = new Map<DType, Map<number, Tensor>>()
const MET = 256

function scalar(value: number, dtype: DType): Tensor {
  // To a map, −0 is 0.
  if (Object.is(value, -0)) return full([], value, dtype)
  let met = scalars.get(dtype)
  if (met === undefined || met.size > MET) {
    met = new Map()
    scalars.set(dtype, met)
  }
  let tensor = met.get(value)
  if (tensor === undefined) {
    tensor = full([], value, dtype)
    met.set(value, tensor)
  }
  return tensor
}

function withNumber(x: Tensor, value: number): [Tensor, Tensor] {
  const fits = x.dtype === 'float32' || x.dtype === 'float64' || (x.dtype === 'int32' && Number.isInteger(value))
  const dtype = fits ? x.dtype : Number.isInteger(value) ? 'int32' : floatx()
  return [cast(x, dtype), scalar(value, dtype)]
}

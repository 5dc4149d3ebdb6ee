/** Plain values as numbers side by side with a shape and a type: what tensors are made of. */

import { floatx } from './config.js'
import { allocate, dtypeOfArray } from './dtype.js'
import { fail } from './errors.js'
import type { DType, NestedArray, Shape, TypedArray } from './types.js'

/** Numbers side by side, and how they lie. */
export interface Flat {
  readonly values: TypedArray | readonly (number | boolean)[]
  readonly shape: Shape
  readonly dtype: DType
}

/** The numbers of plain data, its shape, and the type it has unless another is asked for. */
export function flatten(data: number | boolean | NestedArray | TypedArray): Flat {
  if (ArrayBuffer.isView(data)) return { values: checkedArray(data), shape: [data.length], dtype: dtypeOfArray(data) }
  if (typeof data === 'number') return { values: [data], shape: [], dtype: floatx() }
  if (typeof data === 'boolean') return { values: [data], shape: [], dtype: 'bool' }
  if (!Array.isArray(data)) fail('ERR_DATA', 'tensor data', 'a number, nested arrays or a typed array', data)
  const shape: number[] = []
  for (let level: unknown = data; Array.isArray(level); level = level[0]) shape.push(level.length)
  const values: (number | boolean)[] = []
  collect(data, shape, 0, values)
  const booleans = values.length > 0 && values.every((value) => typeof value === 'boolean')
  return { values, shape, dtype: booleans ? 'bool' : floatx() }
}

/** The numbers as elements of `dtype`; the array itself where it has them already. */
export function convert(values: TypedArray | readonly (number | boolean)[], dtype: DType): TypedArray {
  if (ArrayBuffer.isView(values) && dtypeOfArray(values) === dtype && values.BYTES_PER_ELEMENT >= 4) {
    if (!(values instanceof Uint32Array)) return values
  }
  const out = allocate(dtype, values.length)
  for (let index = 0; index < values.length; index += 1) {
    const value = Number(values[index])
    if (dtype === 'int32' && value !== (value | 0)) {
      fail('ERR_DATA', `tensor data[${index}]`, 'an integer of 32 bits', value, `Use dtype 'float64' for other numbers`)
    }
    out[index] = dtype === 'bool' ? Number(value !== 0) : value
  }
  return out
}

/** The shape, if `size` elements fit it. */
export function resolveShape(shape: Shape, size: number): number[] {
  if (!Array.isArray(shape)) fail('ERR_SHAPE', 'tensor shape', 'an array of lengths', shape)
  const wrong = shape.some((length) => !Number.isInteger(length) || length < 0 || length > 0xffff_ffff)
  const product = shape.reduce((left, right) => left * right, 1)
  if (wrong || product !== size) {
    fail('ERR_SHAPE', 'tensor shape', `lengths that multiply to ${size}`, [...shape])
  }
  return [...shape]
}

function checkedArray(data: TypedArray): TypedArray {
  // A view whose buffer was transferred to another thread has no bytes; `detached` is not in every Node we support.
  const { buffer } = data
  const detached = (buffer as { readonly detached?: boolean }).detached ?? isDetached(buffer)
  if (data.byteLength === 0 && detached) {
    fail('ERR_DATA', 'tensor data', 'a typed array in use', { text: 'one whose buffer was transferred' })
  }
  const known = ['Int8', 'Uint8', 'Uint8Clamped', 'Int16', 'Uint16', 'Int32', 'Uint32', 'Float32', 'Float64']
  if (!known.some((kind) => Object.prototype.toString.call(data) === `[object ${kind}Array]`)) {
    fail('ERR_DATA', 'tensor data', 'a typed array of numbers', { text: `a ${data.constructor.name}` })
  }
  return data
}

function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

function collect(data: readonly unknown[], shape: Shape, axis: number, into: (number | boolean)[]): void {
  if (data.length !== shape[axis]) {
    const got = { text: `${data.length}` }
    fail('ERR_SHAPE', 'tensor data', `${shape[axis]} items along axis ${axis}`, got, 'Rows must have equal lengths')
  }
  for (const item of data) {
    if (axis + 1 < shape.length) {
      if (!Array.isArray(item)) fail('ERR_SHAPE', 'tensor data', `an array at depth ${axis + 1}`, item)
      collect(item, shape, axis + 1, into)
    } else if (typeof item === 'number' || typeof item === 'boolean') into.push(item)
    else fail('ERR_DATA', 'tensor data', 'numbers', item)
  }
}

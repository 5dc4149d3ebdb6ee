/** Element types: their codes in the addon, their typed arrays, and how two of them meet. */

import { FerrogradError, fail } from '../errors.js'
import type { DType, TensorData, TypedArray } from '../types.js'

const CODES = { float32: 0, float64: 1, int32: 2, bool: 3 } as const satisfies Record<DType, number>
const NAMES = ['float32', 'float64', 'int32', 'bool'] as const satisfies readonly DType[]

/** The number by which the addon knows an element type. */
export function dtypeCode(dtype: DType): number {
  return CODES[dtype] ?? fail('ERR_DTYPE', 'dtype', `'float32', 'float64', 'int32' or 'bool'`, dtype)
}

/** The element type of a code of the addon. */
export function dtypeOf(code: number): DType {
  return NAMES[code] ?? 'float32'
}

/** True for a name of an element type. */
export function isDType(name: unknown): name is DType {
  return typeof name === 'string' && Object.hasOwn(CODES, name)
}

/** A zeroed typed array for `size` elements of `dtype`; truth values are bytes, 0 or 1. */
export function allocate(dtype: DType, size: number): TensorData {
  try {
    return zeroed(dtype, size)
  } catch (cause) {
    const message = `data: ${size} numbers of ${dtype} are more than JavaScript can hold in an array`
    throw new FerrogradError('ERR_DATA', message, { cause })
  }
}

function zeroed(dtype: DType, size: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(size)
    case 'float64':
      return new Float64Array(size)
    case 'int32':
      return new Int32Array(size)
    case 'bool':
      return new Uint8Array(size)
  }
}

/** So many elements of `dtype` where they lie in a buffer. */
export function viewOf(dtype: DType, buffer: ArrayBuffer, start: number, size: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, start, size)
    case 'float64':
      return new Float64Array(buffer, start, size)
    case 'int32':
      return new Int32Array(buffer, start, size)
    case 'bool':
      return new Uint8Array(buffer, start, size)
  }
}

/** The element type in which a typed array is kept unless another is asked for. */
export function dtypeOfArray(values: TypedArray): DType {
  if (values instanceof Float32Array) return 'float32'
  if (values instanceof Float64Array) return 'float64'
  return 'int32'
}

/** Whether an array is the one in which numbers of a type lie; bytes may be more than truth values. */
export function isArrayOf(values: TypedArray, dtype: DType): values is TensorData {
  if (dtype === 'float32') return values instanceof Float32Array
  if (dtype === 'float64') return values instanceof Float64Array
  return dtype === 'int32' && values instanceof Int32Array
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(values: TypedArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** What two element types become together: bool < int32 < float32 < float64. */
export function promote(a: DType, b: DType): DType {
  return rank(a) >= rank(b) ? a : b
}

function rank(dtype: DType): number {
  return { bool: 0, int32: 1, float32: 2, float64: 3 }[dtype]
}

/** Plain values as numbers side by side with a shape and a type: what tensors are made of. */

import { types } from 'node:util'
import { floatx } from '../config.js'
import { fail } from '../errors.js'
import type { DType, NestedData, Shape, ShapedArray, TensorData, TypedArray } from '../types.js'
import { allocate, dtypeOfArray, isArrayOf } from './dtype.js'
import { type Items, readNested } from './nested.js'
import { frozen, isLength } from './shapes.js'

/** Numbers side by side, and how they lie. */
export interface Flat {
  readonly values: TypedArray | readonly (number | boolean)[]
  readonly shape: Shape
  readonly dtype: DType
}

/** The numbers of plain data, its shape, and the type it has unless another is asked for. */
export function flatten(data: number | boolean | NestedData | TypedArray | ShapedArray): Flat {
  if (ArrayBuffer.isView(data)) {
    const values = checkedArray(data)
    return { values, shape: [values.length], dtype: dtypeOfArray(values) }
  }
  if (typeof data === 'number') return { values: [data], shape: [], dtype: floatx() }
  if (typeof data === 'boolean') return { values: [data], shape: [], dtype: 'bool' }
  if (isShaped(data)) return { ...flatten(data.values), shape: data.shape }
  if (!Array.isArray(data)) fail('ERR_DATA', WHERE, 'a number, nested arrays or a typed array', data, hintFor(data))
  const { values, shape } = readNested(WHERE, data, numbers)
  return { values, shape, dtype: areTruths(values) ? 'bool' : floatx() }
}

const WHERE = 'tensor data'

/** Whether there is something, and all of it is true or false. */
export function areTruths(values: readonly (number | boolean)[]): boolean {
  return values.length > 0 && values.every((value) => typeof value === 'boolean')
}

const numbers: Items<number | boolean> = {
  is: (value) => typeof value === 'number' || typeof value === 'boolean',
  name: 'a number',
  hint: hintFor,
  checkView: (_, view) => void checkedArray(view),
}

/** Whether a value is numbers with the shape they stand in. */
export function isShaped(data: unknown): data is ShapedArray {
  if (typeof data !== 'object' || data === null || Array.isArray(data) || types.isProxy(data)) return false
  return 'values' in data && ArrayBuffer.isView(data.values) && 'shape' in data && Array.isArray(data.shape)
}

/** What the caller may have meant. */
function hintFor(value: unknown): string | undefined {
  if (typeof value === 'string') return 'Convert text to numbers first'
  if (typeof value === 'bigint') return 'Convert it with Number(…)'
  if (typeof value !== 'object' || value === null) return undefined
  if (value instanceof Promise) return 'Await it first'
  const type = value.constructor
  if (type === Object)
    return 'A tensor that is sent to another thread arrives as a plain object: send its numbers, await t.data()'
  switch (type?.name) {
    case 'Variable':
      return 'Read it first: v.read()'
    case 'Tensor':
      return 'Join tensors with ops.stack. A tensor of another copy of the package is none of ours'
    default:
      return undefined
  }
}

/** The numbers as elements of `dtype`; the array itself where it has them already. */
export function convert(values: TypedArray | readonly (number | boolean)[], dtype: DType): TensorData {
  if (ArrayBuffer.isView(values) && isArrayOf(values, dtype)) return values
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
export function resolveShape(shape: Shape, size: number): Shape {
  if (!Array.isArray(shape)) fail('ERR_SHAPE', 'tensor shape', 'an array of lengths', shape)
  let product = 1
  for (const length of shape) {
    product *= isLength(length) ? length : Number.NaN
  }
  if (product !== size) {
    const hint = shape.includes(-1) ? 'Leave a length open with reshape' : undefined
    fail('ERR_SHAPE', 'tensor shape', `lengths that multiply to ${size}`, [...shape], hint)
  }
  return frozen(shape)
}

const KINDS: ReadonlySet<string> = new Set(
  ['Int8', 'Uint8', 'Uint8Clamped', 'Int16', 'Uint16', 'Int32', 'Uint32', 'Float32', 'Float64'].map(
    (kind) => `${kind}Array`,
  ),
)

/** `Float32Array` and the like, whatever prototype it was given; nothing for what is no typed array. */
const kindOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get

function checkedArray(data: ArrayBufferView): TypedArray {
  // A view whose buffer was transferred to another thread has no bytes. A small array in use may have no buffer of its
  // own yet, and would get one by being asked.
  if (data.byteLength === 0 && isDetached(data.buffer)) {
    fail('ERR_DATA', 'tensor data', 'a typed array in use', { text: 'one whose buffer was transferred' })
  }
  if (!KINDS.has(kindOf?.call(data))) {
    fail('ERR_DATA', 'tensor data', 'a typed array of numbers', { text: `a ${data.constructor.name}` })
  }
  return data as TypedArray
}

function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

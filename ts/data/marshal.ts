/** From whatever a user passes as data to one checked form: numbers of one element type and their shape. */
import { types } from 'node:util'
import { floatx } from '../config.js'
import { areTruths } from '../core/flatten.js'
import { type Items, readNested } from '../core/nested.js'
import { sizeOf } from '../core/shapes.js'
import { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { DType, NestedData, TypedArray } from '../types.js'
import { asNumbers, checkWhole } from './copy.js'
import type { ShapedArray } from './shaped.js'

/** Numbers whose first axis counts samples: a typed array alone is one number a sample. */
export type DataLike = TypedArray | ShapedArray | NestedData | Tensor

/** One argument, checked. Its numbers may be the caller's own array: they are read before control returns. */
export interface Column {
  readonly values: Float32Array | Float64Array | Int32Array | Uint8Array
  /** Samples first. */
  readonly shape: readonly number[]
  readonly dtype: DType
}

/**
 * `float`: the configured float type; `either`: integer arrays stay integers and truth values `bool`, all else is float;
 * `unrounded`: the same, and refused where that would round whole numbers; `labels`: whole numbers are int32, all else is
 * float; `exact`: float32 arrays stay so, all else is float64; else an element type, which the numbers must fit.
 */
export type Wanted = 'float' | 'either' | 'unrounded' | 'labels' | 'exact' | DType

/** Checks an argument; throws an error that names it where it is not finite numbers in a regular shape. */
export function toColumn(where: string, data: unknown, wanted: Wanted = 'float'): Column {
  const { values, shape, truths } = numbersOf(where, data)
  if (shape.length === 0) fail('ERR_SHAPE', where, 'one number a sample or more', { text: 'a single number' })
  if (shape[0] === 0) fail('ERR_DATA', where, 'at least one sample', { text: `shape [${shape.join(', ')}]` })
  if (shape.includes(0)) fail('ERR_SHAPE', where, 'lengths of at least 1', shape)
  const dtype = dtypeFor(values, wanted, truths === true)
  const plain = wanted === 'either' && !ArrayBuffer.isView(values)
  if (dtype === 'float32' && (plain || wanted === 'unrounded')) checkWhole(where, values, shape)
  return { values: asNumbers(where, values, shape, dtype), shape, dtype }
}

/** Whether a value is numbers (and not a stream of batches). */
export function isDataLike(data: unknown): data is DataLike {
  return data instanceof Tensor || Array.isArray(data) || ArrayBuffer.isView(data) || isShaped(data)
}

/** Whether a value is `{ values, shape }`. */
export function isShaped(data: unknown): data is ShapedArray {
  return typeof data === 'object' && data !== null && !types.isProxy(data) && 'values' in data && 'shape' in data
}

interface Numbers {
  readonly values: TypedArray | readonly number[]
  readonly shape: readonly number[]
  /** Whether they are truth values. */
  readonly truths?: boolean
}

function numbersOf(where: string, data: unknown): Numbers {
  if (types.isProxy(data)) return refuse(where, 'a Proxy')
  if (data instanceof Tensor) return { values: data.dataSync(), shape: data.shape, truths: data.dtype === 'bool' }
  if (ArrayBuffer.isView(data)) return { values: typedArray(where, data), shape: [(data as TypedArray).length] }
  if (Array.isArray(data)) {
    const { values, shape } = readNested(where, data, numbers)
    return { values: values.map(Number), shape, truths: areTruths(values) }
  }
  if (isShaped(data)) return shapedNumbers(where, data)
  return refuse(where, data)
}

const numbers: Items<number | boolean> = {
  is: (value) => typeof value === 'number' || typeof value === 'boolean',
  name: 'a number',
  hint: (value) => (typeof value === 'string' ? 'Convert text to numbers first' : undefined),
  checkView: typedArray,
}

function refuse(where: string, got: unknown): never {
  const hint = isArguments(got) ? 'Pass Array.from(it)' : undefined
  const expected = 'numbers (a typed array, { values, shape }, nested arrays or a Tensor)'
  return fail('ERR_DATA', where, expected, got === 'a Proxy' ? { text: got } : got, hint)
}

function isArguments(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'length' in value
}

/** A view of numbers whose memory is there; the other views, and BigInts, are refused. */
export function typedArray(where: string, view: ArrayBufferView): TypedArray {
  if (!types.isTypedArray(view) || types.isBigInt64Array(view) || types.isBigUint64Array(view)) {
    const hint = types.isDataView(view)
      ? 'Wrap its buffer in a typed array'
      : 'Convert it with Float64Array.from(it, Number)'
    fail('ERR_DATA', where, 'a typed array of numbers', { text: `a ${view.constructor.name}` }, hint)
  }
  if (isDetached(view.buffer)) {
    fail('ERR_DATA', where, 'an array that owns its memory', {
      text: 'one whose buffer was transferred away (detached)',
    })
  }
  return view as TypedArray
}

/** No view can be made over a detached buffer. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer, 0, 0)
    return false
  } catch {
    return true
  }
}

function shapedNumbers(where: string, { values, shape }: ShapedArray): Numbers {
  if (!ArrayBuffer.isView(values)) fail('ERR_DATA', `${where}.values`, 'a typed array', values)
  const whole = Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && length >= 0)
  if (!whole) fail('ERR_SHAPE', `${where}.shape`, 'a list of lengths', shape)
  const numbers = typedArray(`${where}.values`, values)
  if (numbers.length !== sizeOf(shape)) {
    fail('ERR_SHAPE', where, `${sizeOf(shape)} numbers for shape [${shape.join(', ')}]`, numbers.length)
  }
  return { values: numbers, shape: [...shape] }
}

function dtypeFor(values: TypedArray | readonly number[], wanted: Wanted, truths: boolean): DType {
  switch (wanted) {
    case 'float':
      return floatx()
    case 'exact':
      return values instanceof Float32Array ? 'float32' : 'float64'
    case 'either':
    case 'unrounded':
      return truths ? 'bool' : isIntegerArray(values) ? 'int32' : floatx()
    case 'labels':
      return values.every(Number.isInteger) ? 'int32' : floatx()
    default:
      return wanted
  }
}

/** Whether an array's element type is an integer type. */
export function isIntegerArray(values: TypedArray | readonly number[]): boolean {
  return !Array.isArray(values) && !(values instanceof Float32Array) && !(values instanceof Float64Array)
}

/** How tensors cross to Rust and back: calls that a loop makes a million times, and the block of memory beside them. */

import type { DType, Shape, TensorData, TypedArray } from '../types.js'
import { allocate, bytesOf, dtypeCode, dtypeOf } from './dtype.js'
import { type BindingTensor, fromBytes, openBridge, sizes } from './native.js'
import { native, unwrap } from './runtime.js'
import { frozen } from './shapes.js'

const bridge = openBridge()
const { draw, read, spec, value } = bridge

/** Attributes and elements on their way; both sides of the block are Rust's `bridge.rs`. */
const NUMBERS = 64
const numbers = new Float64Array(bridge.block, 0, NUMBERS)

/** The type and the sizes of the last tensor that was told of: index of the type, number of axes, sizes. */
const told = new Uint32Array(bridge.block, numbers.byteLength)
/** More axes than this are asked for one by one. */
const AXES = told.length - 2

/** The block, for the functions of programs, which leave numbers in it. */
export const block: ArrayBuffer = bridge.block

/** The numbers that Rust left, as elements of a type. */
export function leftNumbers(dtype: DType, count: number): TensorData {
  const values = allocate(dtype, count)
  for (let index = 0; index < count; index += 1) values[index] = numbers[index] ?? 0
  return values
}

/** What Rust told of the tensor that it gave last. */
export function toldDType(): DType {
  return dtypeOf(told[0] ?? 0)
}

/** True where Rust told of this shape last. */
export function toldShape(shape: Shape): boolean {
  if (told[1] !== shape.length || shape.length > AXES) return false
  for (let axis = 0; axis < shape.length; axis += 1) if (told[axis + 2] !== shape[axis]) return false
  return true
}

/** The shape of a tensor. */
export function shapeOf(tensor: BindingTensor): Shape {
  spec(tensor)
  const [, rank = 0] = told
  if (rank > AXES) return Object.freeze(sizes(tensor))
  const shape: number[] = []
  for (let axis = 0; axis < rank; axis += 1) shape.push(told[axis + 2] ?? 0)
  return frozen(shape)
}

/** The type of a tensor's elements. */
export function typeOf(tensor: BindingTensor): DType {
  spec(tensor)
  return toldDType()
}

/** How many attributes go along with a call. */
export const MOST_ATTRIBUTES: number = NUMBERS

/** An op with one output on up to three tensors; its type and shape are told. */
export function drawOp(
  op: number,
  attributes: readonly number[] | undefined,
  a: BindingTensor,
  b: BindingTensor | undefined,
  c: BindingTensor | undefined,
): BindingTensor {
  let count = 0
  if (attributes !== undefined) {
    count = attributes.length
    for (let index = 0; index < count; index += 1) numbers[index] = attributes[index] ?? 0
  }
  try {
    if (b === undefined) return draw(op, count, a)
    if (c === undefined) return draw(op, count, a, b)
    return draw(op, count, a, b, c)
  } catch (error) {
    throw unwrap(error)
  }
}

/** A tensor of a copy of the numbers, which are as many as the shape says. */
export function handOver(values: TypedArray, shape: Shape, dtype: DType): BindingTensor {
  if (shape.length > AXES) return native(() => fromBytes([...shape], dtypeCode(dtype), bytesOf(values)))
  told[0] = dtypeCode(dtype)
  told[1] = shape.length
  for (let axis = 0; axis < shape.length; axis += 1) told[axis + 2] = shape[axis] ?? 0
  try {
    if (values.length > NUMBERS) return value(0, values)
    // Handing over a small array would make it move out of V8's heap.
    for (let index = 0; index < values.length; index += 1) numbers[index] = values[index] ?? 0
    return value(values.length)
  } catch (error) {
    throw unwrap(error)
  }
}

/** Copies a tensor's numbers into as many elements of its type; false where it has none yet. */
export function readInto(values: TypedArray, tensor: BindingTensor): boolean {
  if (values.length > NUMBERS) return native(() => read(tensor, values))
  if (!read(tensor)) return false
  for (let index = 0; index < values.length; index += 1) values[index] = numbers[index] ?? 0
  return true
}

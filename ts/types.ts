/** The value types that every module speaks. */

import type { Tensor } from './core/tensor.js'

/** Element types. Training computes in `float32` or `float64`. */
export type DType = 'float32' | 'float64' | 'int32' | 'bool'

/**
 * What data for an input of a model may be called, as Keras calls it: whole numbers of any width come as `int32`, half precision as
 * `float32`, and texts are read by the layer that looks them up.
 */
export type DataType =
  | DType
  | 'string'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'

/** The element types that have a gradient. */
export type FloatDType = 'float32' | 'float64'

/** Lengths of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[]

/** A shape whose unknown lengths (the batch) are null. */
export type PartialShape = readonly (number | null)[]

/** Numbers side by side, row-major. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array

/** The array that holds the numbers of a tensor, by its element type; truth values are bytes, 0 or 1. */
export interface ArrayOf {
  readonly float32: Float32Array
  readonly float64: Float64Array
  readonly int32: Int32Array
  readonly bool: Uint8Array
}

/** The numbers of a tensor, row-major. */
export type TensorData = ArrayOf[DType]

/** Numbers in nested arrays of so many axes. */
export type NumbersOfRank<R extends number> = R extends 0
  ? number
  : R extends 1
    ? number[]
    : R extends 2
      ? number[][]
      : R extends 3
        ? number[][][]
        : R extends 4
          ? number[][][][]
          : NestedArray | number | boolean

/** Numbers in nested arrays of equal lengths. */
export type NestedArray = readonly (number | boolean | NestedArray)[]

/** A text, or texts in nested arrays. */
export type NestedTexts = string | readonly NestedTexts[]

/** Numbers in nested arrays of equal lengths, where rows may be typed arrays. */
export type NestedData = readonly (number | boolean | TypedArray | NestedData)[]

/** A typed array and the shape of what it holds, row-major; in data the first axis counts samples. */
export interface ShapedArray<T extends TypedArray = TypedArray> {
  readonly values: T
  readonly shape: Shape
}

/** Whatever can become a tensor. */
export type TensorLike = Tensor | number | boolean | NestedData | TypedArray | ShapedArray

/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A configuration object as Keras writes it: snake_case names, plain JSON. */
export type Config = { readonly [key: string]: Json }

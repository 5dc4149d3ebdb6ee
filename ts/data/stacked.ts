/** The types of batches. */

import type { TypedArray } from '../types.js'
import type { ShapedArray } from './shaped.js'

/** What `batch` makes of elements: objects and lists element by element, numbers and rows as arrays with a batch axis. */
export type Stacked<T> = T extends string
  ? readonly string[]
  : T extends number | boolean | ShapedArray | TypedArray
    ? ShapedArray
    : T extends readonly unknown[] | object
      ? { readonly [K in keyof T]: Stacked<T[K]> }
      : never

/** What `padBatch` makes of elements: as {@link Stacked}, but lists of numbers are sequences. */
export type Padded<T> = T extends string
  ? readonly string[]
  : T extends number | boolean | ShapedArray | TypedArray | readonly number[]
    ? ShapedArray
    : T extends readonly unknown[] | object
      ? { readonly [K in keyof T]: Padded<T[K]> }
      : never

/** What `unbatch` makes of batches. */
export type Unstacked<T> = T extends readonly (infer E extends string)[]
  ? E
  : T extends ShapedArray
    ? number | ShapedArray
    : T extends TypedArray
      ? number
      : { readonly [K in keyof T]: Unstacked<T[K]> }

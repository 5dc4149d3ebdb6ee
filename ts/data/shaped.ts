/** Numbers with the shape they stand in: the plain form in which data sets come and `fit` takes data. */

import { sizeOf } from '../core/shapes.js'
import { fail } from '../errors.js'
import type { ShapedArray, TypedArray } from '../types.js'

export type { ShapedArray } from '../types.js'

/** Copies whole rows: `out[i] = rows[indices[i]]`. */
export function takeRows<T extends TypedArray>(source: ShapedArray<T>, indices: ArrayLike<number>): ShapedArray<T> {
  const [rows = 0, ...rowShape] = source.shape
  const width = sizeOf(rowShape)
  const values = room(source.values, indices.length * width)
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!
    if (!(row >= 0 && row < rows)) fail('ERR_DATA', 'takeRows.indices', `rows in [0, ${rows})`, row)
    values.set(source.values.subarray(row * width, (row + 1) * width), i * width)
  }
  return { values, shape: [indices.length, ...rowShape] }
}

/** An array of zeros of the same kind as `like`. */
export function blank<T extends TypedArray>(like: T, length: number): T {
  return new (like.constructor as new (length: number) => T)(length)
}

/** Clearing fewer bytes is no work. */
const MANY_BYTES = 1 << 14

/** An array of the same kind as `like` for whoever writes to all of it: it holds anything. */
export function room<T extends TypedArray>(like: T, length: number): T {
  const bytes = length * like.BYTES_PER_ELEMENT
  if (bytes < MANY_BYTES) return blank(like, length)
  return new (like.constructor as new (buffer: ArrayBufferLike) => T)(Buffer.allocUnsafeSlow(bytes).buffer)
}

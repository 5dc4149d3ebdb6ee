/** Copies of small arrays: pieces of a larger buffer, since a buffer of its own costs more than few numbers do. */

import { Buffer } from 'node:buffer'
import type { DType, TensorData, TypedArray } from '../types.js'
import { viewOf } from './dtype.js'

/** Arrays of more bytes have a buffer of their own. */
export const SMALL: number = 8 * 1024

/** Bytes of a buffer: it is there as long as any of its pieces. */
const BYTES = 32 * 1024

let buffer = fresh()
let used = 0

/** A buffer that nobody has cleared: pieces are written before anybody sees them. */
function fresh(): ArrayBuffer {
  return Buffer.allocUnsafeSlow(BYTES).buffer
}

/** A copy of numbers of a type, {@link SMALL} bytes at most. */
export function smallCopy(values: TypedArray, dtype: DType): TensorData {
  if (used + values.byteLength > BYTES) {
    buffer = fresh()
    used = 0
  }
  const piece = viewOf(dtype, buffer, used, values.length)
  piece.set(values)
  // The next piece begins where numbers of any type may.
  used = (used + values.byteLength + 7) & ~7
  return piece
}

/** What every data set of labelled images here looks like. */

import type { ShapedArray } from '../data/shaped.js'
import { fail, hintFor } from '../errors.js'

/** Samples and their labels, as `fit(x, y)` takes them. */
export interface Labelled {
  /** One row a sample. */
  readonly x: ShapedArray<Float32Array>
  /** One class number a sample. */
  readonly y: Int32Array
}

/** Bytes as numbers, divided by `range`. */
export function scaled(bytes: Uint8Array, range: number): Float32Array {
  return Float32Array.from(bytes, (byte) => byte / range)
}

/** Refuses option names that the caller does not know. */
export function checkOptions(where: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) fail('ERR_CONFIG', where, `options among ${known.join(', ')}`, key, hintFor(key, known))
  }
}

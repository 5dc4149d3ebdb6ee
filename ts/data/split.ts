/** Sets samples aside for testing. */
import { fail } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import type { TypedArray } from '../types.js'
import { permutation } from './permutation.js'
import { blank, type ShapedArray, takeRows } from './shaped.js'

/** Anything whose first axis counts samples. */
export type Rows = ShapedArray | TypedArray | readonly unknown[]

/** The same kind of array, fewer samples. */
export type SplitOf<R> = R extends ShapedArray<infer T> ? ShapedArray<T> : R

const splitFields = {
  /** The share of samples set aside, in (0, 1); rounded to whole samples. Default 0.2. */
  testSplit: { type: 'number', default: 0.2, above: 0, below: 1 },
  /** Decides which ones. Default 0. */
  seed: { type: 'seed', default: 0 },
  /** `false` takes the tail as it stands. Default true. */
  shuffle: { type: 'boolean', default: true },
} as const

const read = optionsReader('trainTestSplit', splitFields)

/** Options of {@link trainTestSplit}. */
export interface SplitOptions extends OptionsOf<typeof splitFields>, Named {}

/** Both parts, under the names the arrays came with. */
export interface Split<R extends Readonly<Record<string, Rows>>> {
  readonly train: { readonly [K in keyof R]: SplitOf<R[K]> }
  readonly test: { readonly [K in keyof R]: SplitOf<R[K]> }
}

/**
 * Splits arrays that belong together, sample by sample, into a training and a test part.
 *
 * @example
 * ```ts
 * import { trainTestSplit } from 'ferrograd/data'
 *
 * const x = { values: new Float32Array(20), shape: [10, 2] }
 * const { train, test } = trainTestSplit({ x, y: new Int32Array(10) }, { testSplit: 0.2, seed: 1 })
 * console.log(train.x.shape, test.y.length) // [8, 2] 2
 * ```
 */
export function trainTestSplit<R extends Readonly<Record<string, Rows>>>(
  arrays: R,
  options: SplitOptions = {},
): Split<R> {
  const rows = commonRows(arrays)
  const { testSplit, seed, shuffle } = read(options)
  const held = heldOut(rows, testSplit)
  const order = shuffle ? permutation(rows, seed) : Uint32Array.from({ length: rows }, (_, i) => i)
  return {
    train: pick(arrays, order.subarray(0, rows - held)),
    test: pick(arrays, order.subarray(rows - held)),
  }
}

function heldOut(rows: number, testSplit: number): number {
  const held = Math.round(rows * testSplit)
  if (held > 0 && held < rows) return held
  return fail('ERR_DATA', 'trainTestSplit', 'at least one sample on either side', {
    text: `${held} of ${rows} set aside`,
  })
}

function commonRows(arrays: Readonly<Record<string, Rows>>): number {
  const counts = Object.entries(arrays).map(([name, array]) => [name, rowCount(name, array)] as const)
  const [first, ...others] = counts
  if (first === undefined) return fail('ERR_DATA', 'trainTestSplit', 'at least one array', arrays)
  for (const [name, rows] of others) {
    if (rows !== first[1]) fail('ERR_DATA', `trainTestSplit.${name}`, `${first[1]} samples, as ${first[0]} has`, rows)
  }
  return first[1]
}

function rowCount(name: string, array: Rows): number {
  if (isShaped(array)) return array.shape[0] ?? 0
  if (Array.isArray(array) || (ArrayBuffer.isView(array) && 'length' in array)) return array.length
  return fail('ERR_DATA', `trainTestSplit.${name}`, 'a typed array, an array, or { values, shape }', array)
}

function isShaped(array: unknown): array is ShapedArray {
  return typeof array === 'object' && array !== null && 'values' in array && 'shape' in array
}

function pick<R extends Readonly<Record<string, Rows>>>(arrays: R, rows: Uint32Array): Split<R>['train'] {
  const parts = Object.entries(arrays).map(([name, array]) => [name, pickRows(array, rows)])
  return Object.fromEntries(parts) as Split<R>['train']
}

function pickRows(array: Rows, rows: Uint32Array): Rows {
  if (isShaped(array)) return takeRows(array, rows)
  if (!ArrayBuffer.isView(array)) return Array.from(rows, (row) => (array as readonly unknown[])[row])
  const out = blank(array as TypedArray, rows.length)
  rows.forEach((row, i) => {
    out[i] = (array as TypedArray)[row]!
  })
  return out
}

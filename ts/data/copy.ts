/** Numbers in the element type a model wants; those that do not fit are refused. */
import { types } from 'node:util'
import { firstNonFinite } from '../core/native.js'
import { sizeOf } from '../core/shapes.js'
import { fail } from '../errors.js'
import type { DType, TypedArray } from '../types.js'
import type { Column } from './marshal.js'
import { isIntegerArray } from './marshal.js'

/** Beyond this, float32 skips integers. */
const exactInFloat32 = 2 ** 24

/**
 * The numbers in an array of the element type; one that is NaN, infinite, or lost by the conversion is named with its
 * place. An array that is of that type already is returned as it is: whoever keeps numbers copies them, to where Rust
 * can read them, before control returns to the caller.
 */
export function asNumbers(
  where: string,
  values: TypedArray | readonly number[],
  shape: readonly number[],
  dtype: DType,
): Column['values'] {
  const at = (i: number): string => place(where, i, shape)
  switch (dtype) {
    case 'float64':
      return checkFloats(isOwn(values, Float64Array) ? values : new Float64Array(values), values, at)
    case 'float32':
      if (isIntegerArray(values)) checkExact(values, at)
      return checkFloats(isOwn(values, Float32Array) ? values : toFloat32(values), values, at)
    case 'int32':
      return copyIntegers(values, at)
    case 'bool':
      return copyTruths(values, at)
  }
}

/** Throws where numbers are all whole and one is too large for float32: rounded, an id would become another. */
export function checkWhole(where: string, values: TypedArray | readonly number[], shape: readonly number[]): void {
  if (values instanceof Float32Array) return
  const odd = values.findIndex((value) => Number.isInteger(value) && Math.fround(value) !== value)
  if (odd < 0 || !values.every(Number.isInteger)) return
  const hint = 'Pass ids in an Int32Array; in a Float32Array to accept the rounding'
  fail('ERR_DATA', place(where, odd, shape), 'whole numbers that float32 holds exactly', values[odd], hint)
}

/** Whether an array is of a type, in memory that no other thread writes to. */
function isOwn<T extends Float32Array | Float64Array>(
  values: TypedArray | readonly number[],
  type: new (length: number) => T,
): values is T {
  return values instanceof type && !types.isSharedArrayBuffer((values as T).buffer)
}

/** Faster than `Float32Array.from`, which calls back for each element. */
function toFloat32(values: ArrayLike<number>): Float32Array {
  const out = new Float32Array(values.length)
  out.set(values)
  return out
}

function checkFloats<T extends Float32Array | Float64Array>(
  out: T,
  values: ArrayLike<number>,
  at: (i: number) => string,
): T {
  const first = firstNonFinite(out)
  if (first >= 0) refuseFloat(values[first]!, at(first))
  return out
}

function refuseFloat(value: number, where: string): never {
  const overflow = Number.isFinite(value)
  return fail(
    'ERR_DATA',
    where,
    overflow ? 'a number that float32 can hold (up to 3.4e38)' : 'a finite number',
    value,
    overflow ? "Scale the data, or config.setFloatx('float64')" : 'Clean or fill the missing values first',
  )
}

function checkExact(values: ArrayLike<number>, at: (i: number) => string): void {
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]!) <= exactInFloat32) continue
    fail(
      'ERR_DATA',
      at(i),
      'integers up to 2^24, which float32 holds exactly',
      values[i],
      'Scale them, or pass a float array to accept the rounding',
    )
  }
}

function copyIntegers(values: ArrayLike<number>, at: (i: number) => string): Int32Array {
  const out = new Int32Array(values.length)
  for (let i = 0; i < out.length; i++) {
    const value = values[i]!
    out[i] = value
    if (out[i] !== value) fail('ERR_DATA', at(i), 'a whole number within 32 bits', value)
  }
  return out
}

/** Truth values as bytes. */
function copyTruths(values: ArrayLike<number>, at: (i: number) => string): Uint8Array {
  const out = new Uint8Array(values.length)
  for (let i = 0; i < out.length; i++) {
    const value = values[i]!
    if (value !== 0 && value !== 1) fail('ERR_DATA', at(i), 'true or false (1 or 0)', value)
    out[i] = value
  }
  return out
}

/** `fit.x sample 3, feature 12`. */
export function place(where: string, index: number, [rows = 1, ...rowShape]: readonly number[]): string {
  const width = sizeOf(rowShape)
  const sample = `${where} sample ${Math.floor(index / width)}`
  return rows === 0 || width === 1 ? sample : `${sample}, feature ${featureAt(index % width, rowShape)}`
}

/** The position within a row: a number, or one an axis. */
function featureAt(index: number, rowShape: readonly number[]): string {
  if (rowShape.length < 2) return String(index)
  const position: number[] = []
  let rest = index
  for (const length of [...rowShape].reverse()) {
    position.unshift(rest % length)
    rest = Math.floor(rest / length)
  }
  return `[${position.join(', ')}]`
}

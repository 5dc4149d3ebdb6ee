/** Tensors as people read them: nested arrays, and text as NumPy prints it. */

import type { DType, NestedArray, Shape, TypedArray } from './types.js'

/** Row-major numbers in nested arrays; a plain number for a scalar. */
export function nest(values: TypedArray, shape: Shape, dtype: DType): NestedArray | number | boolean {
  const value = (index: number): number | boolean =>
    dtype === 'bool' ? values[index] === 1 : (values[index] ?? Number.NaN)
  const level = (axis: number, start: number, size: number): NestedArray | number | boolean => {
    const length = shape[axis]
    if (length === undefined) return value(start)
    const step = length === 0 ? 0 : size / length
    return Array.from({ length }, (_, index) => level(axis + 1, start + index * step, step))
  }
  return level(0, 0, values.length)
}

/** At most so many items of an axis are printed in full. */
const LONG = 1000
const EDGE = 3

/** `[[1. 2.]\n [3. 4.]] (float32[2, 2])`: aligned columns, long axes shortened to their ends. */
export function formatTensor(values: TypedArray, shape: Shape, dtype: DType): string {
  const short = values.length > LONG
  const kept = shape.map((length) =>
    short && length > 2 * EDGE ? [...range(EDGE), -1, ...range(EDGE, length - EDGE)] : range(length),
  )
  const shown = visible(values, shape, kept)
  const print = printer(shown, dtype)
  const width = Math.max(0, ...shown.map((value) => print(value).length))
  const text = write(
    values,
    shape,
    kept,
    (value) => print(value).padStart(width),
    0,
    0,
    values.length,
    shape.length > 0 ? 1 : 0,
  )
  return `${text} (${dtype}[${shape.join(', ')}])`
}

function range(length: number, start = 0): number[] {
  return Array.from({ length }, (_, index) => start + index)
}

function visible(values: TypedArray, shape: Shape, kept: readonly number[][]): number[] {
  let offsets = [0]
  let size = values.length
  for (const [axis, length] of shape.entries()) {
    size = length === 0 ? 0 : size / length
    const step = size
    offsets = offsets.flatMap((offset) =>
      (kept[axis] ?? []).filter((index) => index >= 0).map((index) => offset + index * step),
    )
  }
  return values.length === 0 ? [] : offsets.map((offset) => values[offset] ?? Number.NaN)
}

function printer(shown: readonly number[], dtype: DType): (value: number) => string {
  if (dtype === 'bool') return (value) => (value === 0 ? 'false' : 'true')
  if (dtype === 'int32') return (value) => String(value)
  const finite = shown.filter((value) => Number.isFinite(value))
  const largest = Math.max(0, ...finite.map(Math.abs))
  const least = Math.min(Number.POSITIVE_INFINITY, ...finite.map(Math.abs).filter((value) => value > 0))
  if (largest >= 1e8 || (least < 1e-4 && Number.isFinite(least)) || largest / least > 1e6) {
    return (value) => (Number.isFinite(value) ? value.toExponential(4) : nonFinite(value))
  }
  const digits = Math.max(0, ...finite.map((value) => decimals(value)))
  return (value) => (Number.isFinite(value) ? fixed(value, digits) : nonFinite(value))
}

/** `2.5 ` among numbers of two digits: trailing zeros are left out, the points stay below each other. */
function fixed(value: number, digits: number): string {
  if (digits === 0) return `${value.toFixed(0)}.`
  return value.toFixed(digits).replace(/0+$/, (zeros) => ' '.repeat(zeros.length))
}

function nonFinite(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
}

/** Digits after the point, at most 8 significant ones of a single-precision number. */
function decimals(value: number): number {
  const text = Number(value.toPrecision(7)).toString()
  const point = text.indexOf('.')
  return point < 0 ? 0 : Math.min(8, text.length - point - 1)
}

function write(
  values: TypedArray,
  shape: Shape,
  kept: readonly number[][],
  print: (value: number) => string,
  axis: number,
  start: number,
  size: number,
  indent: number,
): string {
  const length = shape[axis]
  if (length === undefined) return print(values[start] ?? Number.NaN)
  const step = length === 0 ? 0 : size / length
  const item = (index: number): string =>
    index < 0 ? '...' : write(values, shape, kept, print, axis + 1, start + index * step, step, indent + 1)
  const last = axis === shape.length - 1
  const gap = last ? ' ' : `${'\n'.repeat(shape.length - axis - 1)}${' '.repeat(indent)}`
  return `[${(kept[axis] ?? []).map(item).join(gap)}]`
}

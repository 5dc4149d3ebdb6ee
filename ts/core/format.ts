/** Tensors as people read them: nested arrays, and text as NumPy prints it. */

import type { DType, NestedArray, Shape, TypedArray } from '../types.js'
import { formatFloats } from './format-floats.js'

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

/** Past so many elements an axis shows its ends alone. */
const LONG = 1000
const EDGE = 3
/** A line is broken before it is longer. */
const WIDTH = 75

/** `[[1. 2.]\n [3. 4.]] (float32[2, 2])`: aligned columns, long axes shortened to their ends. */
export function formatTensor(values: TypedArray, shape: Shape, dtype: DType): string {
  return `${formatNumbers(values, shape, dtype)} (${dtype}[${shape.join(', ')}])`
}

function formatNumbers(values: TypedArray, shape: Shape, dtype: DType): string {
  if (values.length === 0) return '[]'
  const short = values.length > LONG
  const kept = shape.map((length) =>
    short && length > 2 * EDGE ? [...range(EDGE), -1, ...range(EDGE, length - EDGE)] : range(length),
  )
  const print = printer(visible(values, shape, kept), dtype, shape.length === 0)
  const level = (axis: number, start: number, size: number, indent: string, width: number): string => {
    const length = shape[axis]
    if (length === undefined) return print(values[start] ?? Number.NaN)
    const step = size / length
    const item = (index: number): string =>
      index < 0 ? '...' : level(axis + 1, start + index * step, step, `${indent} `, width - 1)
    const items = (kept[axis] ?? []).map(item)
    const inside = axis === shape.length - 1
    const text = inside
      ? wrap(items, indent, width - 1)
      : items.join(`${'\n'.repeat(shape.length - axis - 1)}${indent}`)
    return `[${text}]`
  }
  return level(0, 0, values.length, ' ', WIDTH)
}

/** Words with spaces between, in lines that begin with `indent`. */
function wrap(words: readonly string[], indent: string, width: number): string {
  const lines: string[] = []
  let line = indent
  for (const [index, word] of words.entries()) {
    if (line.length + word.length > width && line.length > indent.length) {
      lines.push(line.trimEnd())
      line = indent
    }
    line += index < words.length - 1 ? `${word} ` : word
  }
  return [...lines, line].join('\n').slice(indent.length)
}

function range(length: number, start = 0): number[] {
  return Array.from({ length }, (_, index) => start + index)
}

function visible(values: TypedArray, shape: Shape, kept: readonly number[][]): number[] {
  let offsets = [0]
  let size = values.length
  for (const [axis, length] of shape.entries()) {
    size /= length
    const step = size
    offsets = offsets.flatMap((offset) =>
      (kept[axis] ?? []).filter((index) => index >= 0).map((index) => offset + index * step),
    )
  }
  return offsets.map((offset) => values[offset] ?? Number.NaN)
}

function printer(shown: readonly number[], dtype: DType, scalar: boolean): (value: number) => string {
  if (dtype === 'float32' || dtype === 'float64') return formatFloats(shown, dtype, scalar)
  const text = (value: number): string => (dtype === 'int32' ? String(value) : value === 0 ? 'false' : 'true')
  const truths = scalar ? 0 : 'false'.length
  const width = dtype === 'bool' ? truths : Math.max(...shown.map((value) => text(value).length))
  return (value) => text(value).padStart(width)
}

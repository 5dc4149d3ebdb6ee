/** Nested arrays as flat numbers and a shape. */
import { types } from 'node:util'
import { FerrogradError, fail } from '../errors.js'
import type { TypedArray } from '../types.js'
import { typedArray } from './marshal.js'

/** Numbers, row-major, and the shape that the first entries show; every other entry must agree. */
export function flatten(
  where: string,
  data: readonly unknown[],
): { values: number[]; shape: number[]; truths: boolean } {
  try {
    const shape = shapeOf(where, data)
    const values: number[] = []
    append(values, data, shape, 0, where)
    return { values, shape, truths: values.length > 0 && areTruths(data) }
  } catch (cause) {
    if (cause instanceof FerrogradError) throw cause
    throw new FerrogradError('ERR_DATA', `${where}: reading it threw ${String(cause)}`, { cause })
  }
}

function shapeOf(where: string, data: unknown): number[] {
  const shape: number[] = []
  let level = data
  // Nobody nests this deep on purpose: an array that contains itself would never end.
  while (isList(level)) {
    if (shape.length === 32) fail('ERR_SHAPE', where, 'at most 32 levels of arrays', { text: 'more' })
    shape.push(level.length)
    level = level[0]
  }
  return shape
}

function append(out: number[], value: unknown, shape: readonly number[], axis: number, path: string): void {
  if (axis === shape.length) {
    out.push(leaf(value, path))
    return
  }
  if (!isList(value)) ragged(path, value, shape, axis)
  if (value.length !== shape[axis])
    fail('ERR_SHAPE', path, `length ${shape[axis]}, as its neighbours have`, value.length, 'The array is ragged')
  const list = ArrayBuffer.isView(value) ? typedArray(path, value) : value
  for (let i = 0; i < list.length; i++) {
    if (!(i in list)) fail('ERR_DATA', `${path}[${i}]`, 'a number', { text: 'a hole in the array' })
    append(out, list[i], shape, axis + 1, `${path}[${i}]`)
  }
}

/** Whether all that is in nested arrays is true or false. */
function areTruths(data: readonly unknown[]): boolean {
  return data.every((one) => typeof one === 'boolean' || (Array.isArray(one) && areTruths(one)))
}

function ragged(path: string, value: unknown, shape: readonly number[], axis: number): never {
  const isNumber = typeof value === 'number'
  return fail(isNumber ? 'ERR_SHAPE' : 'ERR_DATA', path, `an array of ${shape[axis]}, as its neighbours are`, value)
}

function leaf(value: unknown, path: string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (isList(value)) return fail('ERR_SHAPE', path, 'a number, as its neighbours are', value, 'The array is ragged')
  const hint = typeof value === 'string' ? 'Convert text to numbers first' : undefined
  return fail('ERR_DATA', path, 'a number', value, hint)
}

function isList(value: unknown): value is readonly unknown[] | TypedArray {
  return !types.isProxy(value) && (Array.isArray(value) || ArrayBuffer.isView(value))
}

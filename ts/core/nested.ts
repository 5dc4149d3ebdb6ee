/** Nested arrays as one list and a shape, row-major: the one reader of them. */

import { types } from 'node:util'
import { FerrogradError, fail } from '../errors.js'
import type { Shape, TypedArray } from '../types.js'

/** What a list holds, and how it lay. */
export interface Nested<T> {
  readonly values: T[]
  readonly shape: number[]
}

/** What may be in nested arrays. */
export interface Items<T> {
  is(value: unknown): value is T
  /** How messages call one. */
  readonly name: string
  /** What the caller may have meant by something else. */
  hint?(value: unknown): string | undefined
  /** Throws for a view of memory that is no array of numbers. */
  checkView(where: string, view: ArrayBufferView): void
}

/** Nobody nests this deep on purpose: an array that contains itself would never end. */
const DEEPEST = 32

/** Everything in nested arrays; the first entries show the shape, which all others must have. `where` names the data. */
export function readNested<T>(where: string, data: readonly unknown[], items: Items<T>): Nested<T> {
  try {
    const shape = shapeOf(where, data)
    const values: T[] = []
    if (!collect(data, shape, 0, items, values)) explain(data, shape, 0, items, where)
    return { values, shape }
  } catch (cause) {
    if (cause instanceof FerrogradError) throw cause
    throw new FerrogradError('ERR_DATA', `${where}: reading it threw ${String(cause)}`, { cause })
  }
}

/** The lengths that the first entries show. */
function shapeOf(where: string, data: readonly unknown[]): number[] {
  const shape: number[] = []
  for (let level: unknown = data; isList(level); level = level[0]) {
    if (shape.length === DEEPEST) fail('ERR_SHAPE', where, `at most ${DEEPEST} levels of arrays`, { text: 'more' })
    shape.push(level.length)
  }
  return shape
}

/** Appends all items; false where something does not fit the shape. */
function collect<T>(
  data: readonly unknown[] | TypedArray,
  shape: Shape,
  axis: number,
  items: Items<T>,
  into: T[],
): boolean {
  if (data.length !== shape[axis]) return false
  const inside = axis + 1 < shape.length
  for (const item of data) {
    if (inside) {
      if (!isList(item) || !collect(item, shape, axis + 1, items, into)) return false
    } else if (items.is(item)) into.push(item)
    else return false
  }
  return true
}

/** Throws at the first thing that does not fit, naming its place. */
function explain<T>(data: unknown, shape: Shape, axis: number, items: Items<T>, where: string): void {
  if (axis === shape.length) {
    if (isList(data)) fail('ERR_SHAPE', where, `${items.name}, as its neighbours are`, data, RAGGED)
    if (!items.is(data)) fail('ERR_DATA', where, items.name, data, items.hint?.(data))
    return
  }
  if (!isList(data))
    fail(items.is(data) ? 'ERR_SHAPE' : 'ERR_DATA', where, `an array of ${shape[axis]}, as its neighbours are`, data)
  if (ArrayBuffer.isView(data)) items.checkView(where, data)
  if (data.length !== shape[axis])
    fail('ERR_SHAPE', where, `length ${shape[axis]}, as its neighbours have`, data.length, RAGGED)
  for (let i = 0; i < data.length; i += 1) {
    if (!(i in data)) fail('ERR_DATA', `${where}[${i}]`, items.name, { text: 'a hole in the array' })
    explain(data[i], shape, axis + 1, items, `${where}[${i}]`)
  }
}

const RAGGED = 'The array is ragged'

/** An array, nested or of numbers. A Proxy may answer anything, each time anew. */
function isList(value: unknown): value is readonly unknown[] | TypedArray {
  return (Array.isArray(value) && !types.isProxy(value)) || ArrayBuffer.isView(value)
}

/** Makes one element with a batch axis out of several elements of one form. */

import { sameShape } from '../core/shapes.js'
import { fail } from '../errors.js'
import type { TypedArray } from '../types.js'
import { isShaped } from './marshal.js'
import { room, type ShapedArray } from './shaped.js'

/** Whether rows that lie side by side in one memory may be handed on there, or are copied in any case. */
export type Memory = 'own' | 'shared'

/** Numbers → an array, rows → rows under a batch axis; lists and objects entry by entry. */
export function stackRows(elements: readonly unknown[], memory: Memory = 'own'): unknown {
  return stackAt(elements, 'Dataset.batch', memory)
}

function stackAt(elements: readonly unknown[], where: string, memory: Memory): unknown {
  const [first] = elements
  if (typeof first === 'number' || typeof first === 'boolean') return stackNumbers(elements, where)
  if (typeof first === 'string') return stackTexts(elements, where)
  if (isShaped(first)) return stackShaped(elements, first, where, memory)
  if (ArrayBuffer.isView(first)) return stackViews(elements, first as TypedArray, where, memory)
  if (Array.isArray(first)) return stackList(elements, first, where, memory)
  if (typeof first === 'object' && first !== null) return stackObject(elements, first, where, memory)
  return fail('ERR_DATA', `${where}[0]`, 'numbers, arrays, or objects of them', first)
}

function stackNumbers(elements: readonly unknown[], where: string): ShapedArray {
  const values = new Float64Array(elements.length)
  for (let i = 0; i < values.length; i++) values[i] = numberIn(elements, i, where)
  return { values, shape: [elements.length] }
}

function numberIn(elements: readonly unknown[], i: number, where: string): number {
  const element = elements[i]
  if (typeof element === 'number') return element
  if (typeof element === 'boolean') return element ? 1 : 0
  return fail('ERR_DATA', `${where}[${i}]`, 'a number, as the first element is', element)
}

/** Text has no shape: a list of it, as it is. */
function stackTexts(elements: readonly unknown[], where: string): readonly string[] {
  const odd = elements.findIndex((element) => typeof element !== 'string')
  if (odd >= 0) fail('ERR_DATA', `${where}[${odd}]`, 'text, as the first element is', elements[odd])
  return elements as readonly string[]
}

function stackShaped(elements: readonly unknown[], first: ShapedArray, where: string, memory: Memory): ShapedArray {
  const rows: TypedArray[] = new Array(elements.length)
  for (let i = 0; i < rows.length; i++) rows[i] = valuesLike(elements[i], first, i, where)
  return { values: joinedRows(rows, first.values, memory), shape: [rows.length, ...first.shape] }
}

function valuesLike(element: unknown, like: ShapedArray, i: number, where: string): TypedArray {
  const { values, shape } = (element ?? {}) as Partial<ShapedArray>
  const isLike = shape === like.shape || (Array.isArray(shape) && sameShape(shape, like.shape))
  if (isLike && values?.length === like.values.length) return values
  const expected = `shape [${like.shape.join(', ')}], as the first element has`
  return fail('ERR_SHAPE', `${where}[${i}]`, expected, shape ?? element)
}

function stackViews(elements: readonly unknown[], first: TypedArray, where: string, memory: Memory): ShapedArray {
  const odd = elements.findIndex(
    (element) => !ArrayBuffer.isView(element) || (element as TypedArray).length !== first.length,
  )
  if (odd >= 0) {
    const expected = `a typed array of ${first.length}, as the first element is`
    fail('ERR_SHAPE', `${where}[${odd}]`, expected, elements[odd])
  }
  const values = joinedRows(elements as readonly TypedArray[], first, memory)
  return { values, shape: [elements.length, first.length] }
}

/** Shorter rows are copied number by number: a call of `set` takes longer. */
const SHORT = 16

function joinedRows(rows: readonly TypedArray[], first: TypedArray, memory: Memory): TypedArray {
  const lying = memory === 'shared' ? sideBySide(rows, first) : undefined
  if (lying !== undefined) return lying
  const width = first.length
  const values = room(first, rows.length * width)
  for (let i = 0, at = 0; i < rows.length; i++, at += width) {
    const row = rows[i]!
    if (width > SHORT) values.set(row, at)
    else for (let j = 0; j < width; j++) values[at + j] = row[j]!
  }
  return values
}

/** The memory of rows that lie one behind the other, as those of a chunk do that nobody made anew. */
export function sideBySide(rows: readonly TypedArray[], first: TypedArray): TypedArray | undefined {
  const { buffer, byteOffset, BYTES_PER_ELEMENT: size } = first
  let at = byteOffset
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (row.buffer !== buffer || row.byteOffset !== at || row.constructor !== first.constructor) return undefined
    at += row.length * size
  }
  const Kind = first.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray
  return new Kind(buffer, byteOffset, (at - byteOffset) / size)
}

/** A list of numbers is a row; any other list is several arrays that belong together, as `[x, y]` is. */
function stackList(elements: readonly unknown[], first: readonly unknown[], where: string, memory: Memory): unknown {
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]
    if (!Array.isArray(element) || element.length !== first.length)
      fail('ERR_SHAPE', `${where}[${i}]`, `a list of ${first.length}, as the first element is`, element)
  }
  const lists = elements as readonly (readonly unknown[])[]
  if (first.every((item) => typeof item === 'number')) return stackLists(lists, first.length, where)
  return first.map((_, k) => stackAt(pluck(lists, k), `${where}[…][${k}]`, memory))
}

function stackLists(lists: readonly (readonly unknown[])[], width: number, where: string): ShapedArray {
  const values = new Float64Array(lists.length * width)
  for (let i = 0, at = 0; i < lists.length; i++) {
    const list = lists[i]!
    for (let j = 0; j < width; j++) {
      const item = list[j]
      values[at++] = typeof item === 'number' ? item : numberIn(list, j, `${where}[${i}]`)
    }
  }
  return { values, shape: [lists.length, width] }
}

function stackObject(elements: readonly unknown[], first: object, where: string, memory: Memory): unknown {
  const stacked = Object.keys(first).map((key) => [
    key,
    stackAt(pluck(elements as readonly never[], key), `${where}.${key}`, memory),
  ])
  return Object.fromEntries(stacked)
}

/** One entry of each. */
export function pluck<K extends string | number>(all: readonly { readonly [key in K]: unknown }[], key: K): unknown[] {
  const out: unknown[] = new Array(all.length)
  for (let i = 0; i < out.length; i++) out[i] = all[i]?.[key]
  return out
}

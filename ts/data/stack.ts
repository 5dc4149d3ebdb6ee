/** Makes one element with a batch axis out of several elements of one form. */

import { sameShape } from '../core/shapes.js'
import { fail } from '../errors.js'
import type { TypedArray } from '../types.js'
import { isShaped } from './marshal.js'
import { blank, type ShapedArray } from './shaped.js'

/** Numbers → an array, rows → rows under a batch axis; lists and objects entry by entry. */
export function stackRows(elements: readonly unknown[]): unknown {
  return stackAt(elements, 'Dataset.batch')
}

function stackAt(elements: readonly unknown[], where: string): unknown {
  const [first] = elements
  if (typeof first === 'number' || typeof first === 'boolean') return stackNumbers(elements, where)
  if (typeof first === 'string') return stackTexts(elements, where)
  if (isShaped(first)) return stackShaped(elements.map((element, i) => shaped(element, first, `${where}[${i}]`)))
  if (ArrayBuffer.isView(first))
    return stackShaped(elements.map((element, i) => asShaped(element, first as TypedArray, `${where}[${i}]`)))
  if (Array.isArray(first)) return stackList(elements, first, where)
  if (typeof first === 'object' && first !== null) return stackObject(elements, first, where)
  return fail('ERR_DATA', `${where}[0]`, 'numbers, arrays, or objects of them', first)
}

function stackNumbers(elements: readonly unknown[], where: string): ShapedArray {
  const values = new Float64Array(elements.length)
  elements.forEach((element, i) => {
    if (typeof element !== 'number' && typeof element !== 'boolean')
      fail('ERR_DATA', `${where}[${i}]`, 'a number, as the first element is', element)
    values[i] = Number(element)
  })
  return { values, shape: [elements.length] }
}

/** Text has no shape: a list of it, as it is. */
function stackTexts(elements: readonly unknown[], where: string): readonly string[] {
  const odd = elements.findIndex((element) => typeof element !== 'string')
  if (odd >= 0) fail('ERR_DATA', `${where}[${odd}]`, 'text, as the first element is', elements[odd])
  return elements as readonly string[]
}

/** A list of numbers is a row; any other list is several arrays that belong together, as `[x, y]` is. */
function stackList(elements: readonly unknown[], first: readonly unknown[], where: string): unknown {
  const lists = elements.map((element, i) => sameLength(element, first, `${where}[${i}]`))
  if (first.every((item) => typeof item === 'number')) {
    return stackShaped(lists.map((list) => ({ values: Float64Array.from(list as number[]), shape: [list.length] })))
  }
  return first.map((_, k) =>
    stackAt(
      lists.map((list) => list[k]),
      `${where}[…][${k}]`,
    ),
  )
}

function stackObject(elements: readonly unknown[], first: object, where: string): unknown {
  const stacked = Object.keys(first).map((key) => [
    key,
    stackAt(
      elements.map((element) => (element as Record<string, unknown>)[key]),
      `${where}.${key}`,
    ),
  ])
  return Object.fromEntries(stacked)
}

function stackShaped(rows: readonly ShapedArray[]): ShapedArray {
  const { values: first, shape } = rows[0]!
  const values = blank(first, rows.length * first.length)
  rows.forEach((row, i) => void values.set(row.values, i * first.length))
  return { values, shape: [rows.length, ...shape] }
}

function shaped(element: unknown, like: ShapedArray, where: string): ShapedArray {
  if (isShaped(element) && sameShape(element.shape, like.shape)) return element
  const got = isShaped(element) ? element.shape : element
  return fail('ERR_SHAPE', where, `shape [${like.shape.join(', ')}], as the first element has`, got)
}

function asShaped(element: unknown, like: TypedArray, where: string): ShapedArray {
  if (!ArrayBuffer.isView(element) || (element as TypedArray).length !== like.length) {
    fail('ERR_SHAPE', where, `a typed array of ${like.length}, as the first element is`, element)
  }
  return { values: element as TypedArray, shape: [like.length] }
}

function sameLength(element: unknown, like: readonly unknown[], where: string): readonly unknown[] {
  if (Array.isArray(element) && element.length === like.length) return element as readonly unknown[]
  return fail('ERR_SHAPE', where, `a list of ${like.length}, as the first element is`, element)
}

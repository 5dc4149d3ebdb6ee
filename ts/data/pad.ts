/** Batches of sequences of different lengths: shorter ones are filled up. */

import { sameShape } from '../core/shapes.js'
import { fail } from '../errors.js'
import type { TypedArray } from '../types.js'
import { batched } from './batch.js'
import { type Batches, type Chunk, elementsOf, List } from './chunk.js'
import { readPadBatch } from './dataset-options.js'
import { type Flow, randomFlow } from './flow.js'
import { isShaped } from './marshal.js'
import { blank, type ShapedArray } from './shaped.js'
import { pluck, stackRows } from './stack.js'

/** How sequences are brought to one length. */
export interface PadPlan {
  readonly padding: 'pre' | 'post'
  /** What is filled in. */
  readonly value: number
  /** Of all; without it that of the longest in the batch. */
  readonly length: number | undefined
}

/** What is filled in may be any number, NaN too. */
export function checkFill(where: string, value: unknown): number {
  return typeof value === 'number' ? value : fail('ERR_CONFIG', `${where}.value`, 'a number', value)
}

/** Groups of `size` elements, as {@link padded} stacks them. */
export function paddedBatches<T, B>(flow: Flow<T>, size: number, options: unknown): Flow<B> {
  const { dropRemainder, padding: side, value, length: whole } = readPadBatch(options)
  const padding: PadPlan = { padding: side, value: checkFill('Dataset.padBatch', value), length: whole }
  const groups = batched<T, unknown>(flow, size, dropRemainder)
  const { count, endless = false, isWide = false, random } = groups
  const stacked = (chunk: Chunk): List<B> =>
    new List(groupsOf(chunk as Batches).map((items) => padded(items, padding) as B))
  if (random === undefined) {
    const open: Flow<B>['open'] = async function* (pass, from, demand) {
      for await (const chunk of groups.open(pass, from, demand)) yield stacked(chunk)
    }
    return { count, endless, isWide, open }
  }
  const slice = async (pass: number, first: number, length: number): Promise<List<B>> =>
    stacked(await random.slice(pass, first, length))
  const gather = async (pass: number, indices: Uint32Array): Promise<List<B>> => {
    const items: B[] = []
    for (const index of indices) items.push(...(await slice(pass, index, 1)).items)
    return new List(items)
  }
  return randomFlow({ count: random.count, slice, gather }, isWide)
}

/** The elements of each batch, not stacked. */
function groupsOf({ rows, size, length }: Batches): (readonly unknown[])[] {
  const elements = elementsOf(rows)
  return Array.from({ length }, (_, i) => elements.slice(i * size, (i + 1) * size))
}

/** Elements as one with a batch axis, where the first axis of arrays and lists of numbers may have any length. */
export function padded(elements: readonly unknown[], padding: PadPlan, where = 'Dataset.padBatch'): unknown {
  const [first] = elements
  if (isShaped(first)) return paddedRows(elements, (row) => shapedRow(row), padding, where)
  if (ArrayBuffer.isView(first)) return paddedRows(elements, (row) => viewRow(row), padding, where)
  if (Array.isArray(first)) return paddedLists(elements, padding, where)
  if (typeof first !== 'object' || first === null) return stackRows(elements)
  const each = (key: string): unknown => padded(pluck(elements as readonly never[], key), padding, `${where}.${key}`)
  return Object.fromEntries(Object.keys(first).map((key) => [key, each(key)]))
}

/** Lists of numbers are sequences; any other list is several elements that belong together. */
function paddedLists(elements: readonly unknown[], padding: PadPlan, where: string): unknown {
  const lists = elements.map((list, i) =>
    Array.isArray(list) ? list : fail('ERR_DATA', `${where}[${i}]`, 'a list, as the first element is', list),
  )
  if (lists.every((list) => list.every((item) => typeof item === 'number')))
    return paddedRows(
      lists,
      (list) => ({ values: Float64Array.from(list as number[]), shape: [list.length] }),
      padding,
      where,
    )
  const width = lists[0]!.length
  const odd = lists.findIndex(({ length }) => length !== width)
  if (odd >= 0) fail('ERR_SHAPE', `${where}[${odd}]`, `a list of ${width}, as the first element is`, lists[odd])
  return lists[0]!.map((_, k) => padded(pluck(lists, k), padding, `${where}[…][${k}]`))
}

function shapedRow(row: unknown): ShapedArray | undefined {
  return isShaped(row) && row.shape.length > 0 ? row : undefined
}

function viewRow(row: unknown): ShapedArray | undefined {
  return ArrayBuffer.isView(row) ? { values: row as TypedArray, shape: [(row as TypedArray).length] } : undefined
}

function paddedRows<R>(
  elements: readonly R[],
  read: (row: R) => ShapedArray | undefined,
  { padding, value, length: given }: PadPlan,
  where: string,
): ShapedArray {
  const rows = elements.map((row, i) => read(row) ?? fail('ERR_DATA', `${where}[${i}]`, 'a sequence of numbers', row))
  const [, ...item] = rows[0]!.shape
  const odd = rows.findIndex(({ shape }) => !sameShape(shape.slice(1), item))
  if (odd >= 0)
    fail(
      'ERR_SHAPE',
      `${where}[${odd}]`,
      `items of shape [${item.join(', ')}], as the first has`,
      rows[odd]!.shape.slice(1),
    )
  const longest = rows.reduce((most, { shape }) => Math.max(most, shape[0]!), 0)
  const length = given ?? longest
  if (longest > length) {
    const at = rows.findIndex(({ shape }) => shape[0]! > length)
    fail('ERR_SHAPE', `${where}[${at}]`, `at most ${length} items`, rows[at]!.shape[0], 'Cut it before, in map')
  }
  const width = item.reduce((product, size) => product * size, 1)
  const values = blank(rows[0]!.values, rows.length * length * width)
  if (value !== 0) values.fill(value)
  rows.forEach((row, i) => {
    const free = padding === 'pre' ? length - row.shape[0]! : 0
    values.set(row.values, (i * length + free) * width)
  })
  return { values, shape: [rows.length, length, ...item] }
}

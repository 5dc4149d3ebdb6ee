/** Functions of whole columns, which `Dataset.map` calls once for many rows, and columns out of arrays. */

import { sameShape } from '../core/shapes.js'
import { fail } from '../errors.js'
import type { TypedArray } from '../types.js'
import { type Chunk, List, Rows } from './chunk.js'
import { type Column, type ColumnTree, ListColumn, NumberColumn, rowsOf } from './column.js'
import { isShaped, typedArray } from './marshal.js'
import type { ShapedArray } from './shaped.js'
import { pluck, stackRows } from './stack.js'

/** A function of a row that can do many at once. */
export interface Columnwise<T, U> {
  (row: T): U
  /** The same for columns: as many rows come out as went in. */
  readonly columns: (columns: ColumnTree) => ColumnTree
}

/** A function of rows, made of one of columns. */
export function columnwise<T, U>(columns: (columns: ColumnTree) => ColumnTree): Columnwise<T, U> {
  const ofRow = (row: T): U => new Rows<U>(columns(columnsOfRow(row)), 1).at(0)
  return Object.assign(ofRow, { columns })
}

/** Whether a function can do whole columns. */
export function isColumnwise(change: object): change is Columnwise<unknown, unknown> {
  return typeof (change as { columns?: unknown }).columns === 'function'
}

/** A row as columns of one. */
function columnsOfRow(row: unknown): ColumnTree {
  return columnsOfRows([row]) ?? new ListColumn([row])
}

/** Rows of one form as columns; nothing where their forms differ, or there is none. */
export function columnsOfRows(rows: readonly unknown[]): ColumnTree | undefined {
  const [row] = rows
  if (typeof row === 'number') return numberColumn(rows)
  if (typeof row === 'boolean') return truthColumn(rows)
  if (isShaped(row)) return shapedRows(rows, row)
  if (typeof row !== 'object' || row === null || Array.isArray(row) || ArrayBuffer.isView(row))
    return rows.length > 0 ? new ListColumn(rows) : undefined
  return namedColumns(rows as readonly object[], Object.keys(row))
}

function numberColumn(rows: readonly unknown[]): NumberColumn | undefined {
  const values = new Float64Array(rows.length)
  for (let i = 0; i < values.length; i++) {
    const value = rows[i]
    if (typeof value !== 'number') return undefined
    values[i] = value
  }
  return new NumberColumn(values)
}

function truthColumn(rows: readonly unknown[]): NumberColumn | undefined {
  if (!rows.every((value) => typeof value === 'boolean')) return undefined
  return new NumberColumn(Uint8Array.from(rows, Number), [], 'bool')
}

function shapedRows(
  rows: readonly unknown[],
  { values: { constructor: kind }, shape }: ShapedArray,
): Column | undefined {
  const alike = rows.every((row) => {
    const own = row as ShapedArray | null | undefined
    return own?.values?.constructor === kind && Array.isArray(own.shape) && sameShape(own.shape, shape)
  })
  if (!alike) return undefined
  return new NumberColumn((stackRows(rows, 'shared') as ShapedArray).values, shape)
}

function namedColumns(rows: readonly object[], names: readonly string[]): ColumnTree | undefined {
  const columns: [string, ColumnTree][] = []
  for (const row of rows) if (typeof row !== 'object' || row === null || !hasNames(row, names)) return undefined
  for (const name of names) {
    const column = columnsOfRows(pluck(rows as readonly Record<string, unknown>[], name))
    if (column === undefined) return undefined
    columns.push([name, column])
  }
  return Object.fromEntries(columns)
}

/** Whether an object has these names and no others. */
export function hasNames(row: object, names: readonly string[]): boolean {
  let count = 0
  for (const name in row) {
    if (names[count] !== name) return false
    count += 1
  }
  return count === names.length
}

/** An array whose first axis counts samples, as a column. */
export function columnOf(where: string, array: ShapedArray | TypedArray | readonly unknown[]): Column {
  if (isShaped(array)) return shapedColumn(where, array)
  if (Array.isArray(array)) return new ListColumn(array)
  if (ArrayBuffer.isView(array)) return new NumberColumn(typedArray(where, array))
  return fail('ERR_DATA', where, 'a typed array, an array, or { values, shape }', array)
}

function shapedColumn(where: string, { values, shape }: ShapedArray): Column {
  const column = new NumberColumn(typedArray(`${where}.values`, values), shape.slice(1))
  if (column.rows !== (shape[0] ?? 0)) {
    const expected = `${shape.reduce((product, length) => product * length, 1)} numbers for shape [${shape.join(', ')}]`
    fail('ERR_SHAPE', where, expected, values.length)
  }
  return column
}

/** The rows of a batch: arrays with a batch axis in lists and objects. */
export function unstacked<T>(batch: unknown): Chunk<T> {
  const where = 'Dataset.unbatch'
  if (Array.isArray(batch) && !batch.every((part) => typeof part === 'object' && part !== null)) return new List(batch)
  const tree = treeOf(where, batch)
  return new Rows<T>(tree, rowsOf(where, tree))
}

function treeOf(where: string, batch: unknown): ColumnTree {
  if (isShaped(batch) || ArrayBuffer.isView(batch)) return columnOf(where, batch as ShapedArray | TypedArray)
  if (Array.isArray(batch)) {
    const isTuple = batch.every((part) => isShaped(part) || ArrayBuffer.isView(part))
    return isTuple ? batch.map((part, i) => treeOf(`${where}[${i}]`, part)) : new ListColumn(batch)
  }
  if (typeof batch !== 'object' || batch === null) return fail('ERR_DATA', where, 'a batch of arrays', batch)
  return Object.fromEntries(Object.entries(batch).map(([name, part]) => [name, treeOf(`${where}.${name}`, part)]))
}

import { fail } from '../errors.js'
import { type Chunk, elementsOf, Picked, Rows, rowsOf } from './chunk.js'
import { type ColumnTree, columnNamed, rowsOf as countRows, isColumn } from './column.js'
import { columnOf } from './columnwise.js'
import type { ArrayColumn } from './dataset-options.js'
import { type Flow, type Identity, type Random, randomFlow } from './flow.js'
import { columnsIdentity } from './identity.js'

/** The rows of arrays, by the names of their columns. */
export function columnar<T>(where: string, arrays: Readonly<Record<string, ArrayColumn>>): Flow<T> {
  if (typeof arrays !== 'object' || arrays === null) fail('ERR_DATA', where, 'an object of arrays', arrays)
  const entries = Object.entries(arrays).map(([name, array]) => [name, columnOf(`${where}.${name}`, array)])
  const columns = Object.fromEntries(entries) as ColumnTree
  const rows = new Rows<T>(columns, countRows(where, columns))
  return { ...randomFlow(picking(rows)), identity: rowsIdentity(rows) }
}

/** What rows in memory are. */
export function rowsIdentity({ columns }: Rows): Identity {
  return async () => ({ columns: await columnsIdentity(columns) })
}

/** Rows by their numbers. */
export function picking<T>(rows: Rows<T>): Random<T> {
  const range = (first: number, length: number): Uint32Array => Uint32Array.from({ length }, (_, i) => first + i)
  return {
    count: rows.length,
    slice: (_, first, count) => new Picked(rows, range(first, count)),
    gather: (_, indices) => new Picked(rows, indices),
  }
}

/** The values of one column. */
export function valuesOf(where: string, chunk: Chunk, name: string): unknown[] {
  const rows = rowsOf(chunk)
  if (rows === undefined)
    return elementsOf(chunk).map((row) => {
      const all = row as Readonly<Record<string, unknown>>
      return name in all ? all[name] : fail('ERR_CONFIG', where, `a column among ${Object.keys(all)}`, name)
    })
  const column = columnNamed(where, rows.columns, name)
  return Array.from({ length: rows.length }, (_, i) => (isColumn(column) ? column.row(i) : undefined))
}

/** The columns of a data set, chunk by chunk, whatever its chunks are. */

import { fail, hintFor } from '../errors.js'
import { groups } from './batch.js'
import { Batches, type Chunk, elementsOf, rowsOf } from './chunk.js'
import { type Column, columnNamed, isColumn, ListColumn } from './column.js'
import { columnsOfRows } from './columnwise.js'
import type { Dataset } from './dataset.js'

/** Columns by their names. */
export type ColumnBy = (name: string) => Column

/**
 * Goes through one pass and shows the columns of some thousand rows at a time, of batches those of their rows: always as many, so that
 * what is found does not depend on how the data are cut.
 */
export async function eachColumns<T>(where: string, rows: Dataset<T>, see: (columns: ColumnBy) => void): Promise<void> {
  if (rows.endless)
    fail('ERR_DATA', where, 'data that end', { text: 'a data set without an end' }, 'Take some: take(n)')
  const chunks = rows.flow.open(0, 0, () => MANY)
  for await (const chunk of groups(unbatchedChunks(chunks), MANY)) see(columnsIn(where, chunk))
}

const MANY = 4096

async function* unbatchedChunks(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) yield chunk instanceof Batches ? chunk.rows : chunk
}

/** Rows that lack a value, or have one of another kind, give lists of values as they are. */
function columnsIn(where: string, chunk: Chunk): ColumnBy {
  const known = rowsOf(chunk)?.columns
  return known === undefined ? columnsOfElements(where, elementsOf(chunk)) : (name) => only(where, known, name)
}

/** The columns of rows, which may lack values; a name that none of them has is an error. */
export function columnsOfElements(where: string, elements: readonly unknown[]): ColumnBy {
  const columns = columnsOfRows(elements)
  if (columns !== undefined) return (name) => only(where, columns, name)
  return (name) => {
    const values = elements.map((element) => fieldOf(where, element, name))
    if (values.every((value) => value === undefined)) unknown(where, elements, name)
    return new ListColumn(values)
  }
}

function only(where: string, columns: Parameters<typeof columnNamed>[1], name: string): Column {
  const column = columnNamed(where, columns, name)
  return isColumn(column) ? column : fail('ERR_DATA', `${where}.${name}`, 'one column', { text: 'several' })
}

function fieldOf(where: string, element: unknown, name: string): unknown {
  if (typeof element !== 'object' || element === null)
    return fail('ERR_DATA', where, 'rows with named columns', element)
  return (element as Readonly<Record<string, unknown>>)[name]
}

function unknown(where: string, elements: readonly unknown[], name: string): never {
  const known = [...new Set(elements.flatMap((element) => Object.keys(element as object)))]
  return fail('ERR_CONFIG', where, `a column among ${known.join(', ')}`, name, hintFor(name, known))
}

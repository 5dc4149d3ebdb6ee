/** Which columns become inputs and targets. */

import { fail } from '../errors.js'
import { type ColumnTree, columnNamed, isColumn, NumberColumn } from './column.js'
import type { ShapedArray } from './shaped.js'

/** The names of the columns of rows. */
export type NamesOf<T> = keyof T & string

/** One column, several side by side, or one of these for each input. */
export type Inputs<N extends string> = N | readonly N[] | { readonly [input: string]: N | readonly N[] }

/** What becomes of them in a row. */
export type InputsOf<T, I> = I extends keyof T
  ? T[I]
  : I extends readonly unknown[]
    ? ShapedArray<Float32Array>
    : { readonly [K in keyof I]: I[K] extends keyof T ? T[I[K]] : ShapedArray<Float32Array> }

/** The columns that are named, as {@link Inputs} says. */
export function pickedColumns(where: string, columns: ColumnTree, inputs: Inputs<string>): ColumnTree {
  if (typeof inputs === 'string') return columnNamed(where, columns, inputs)
  if (Array.isArray(inputs)) return sideBySide(where, columns, inputs)
  const each = Object.entries(inputs as Readonly<Record<string, string | readonly string[]>>)
  return Object.fromEntries(each.map(([name, own]) => [name, pickedColumns(where, columns, own)]))
}

/** What is learnt, and how much each row counts where a column says it. */
export function targetColumns(
  where: string,
  columns: ColumnTree,
  target: Inputs<string>,
  sampleWeight: string | undefined,
): { readonly y: ColumnTree; readonly sampleWeight?: ColumnTree } {
  const y = pickedColumns(where, columns, target)
  return sampleWeight === undefined ? { y } : { y, sampleWeight: pickedColumns(where, columns, sampleWeight) }
}

/** (rows, columns) of float32; a column whose rows are arrays gives as many columns as they have numbers. */
function sideBySide(where: string, columns: ColumnTree, names: readonly string[]): NumberColumn {
  if (names.length === 0) fail('ERR_CONFIG', where, 'at least one column in a list', names)
  const parts = names.map((name) => numbersNamed(where, columns, name))
  const rows = parts[0]?.rows ?? 0
  const width = parts.reduce((sum, part) => sum + widthOf(part), 0)
  const values = new Float32Array(rows * width)
  let at = 0
  for (const part of parts) {
    spread(part, values, at, width)
    at += widthOf(part)
  }
  return new NumberColumn(values, [width])
}

function numbersNamed(where: string, columns: ColumnTree, name: string): NumberColumn {
  const column = columnNamed(where, columns, name)
  if (column instanceof NumberColumn) return column
  const stacked = isColumn(column) ? column.stack() : undefined
  if (typeof stacked === 'object' && stacked !== null && 'values' in stacked && 'shape' in stacked) {
    const { values, shape } = stacked as ShapedArray
    return new NumberColumn(values, shape.slice(1))
  }
  const hint = 'Encode text first, as features() does'
  return fail('ERR_DATA', `${where}.${name}`, 'a column of numbers', { text: 'text' }, hint)
}

function widthOf({ rowShape }: NumberColumn): number {
  return rowShape.reduce((product, length) => product * length, 1)
}

/** Writes a column of `part` beside others: its rows begin at `at` in rows of `width`. */
function spread(part: NumberColumn, out: Float32Array, at: number, width: number): void {
  const own = widthOf(part)
  const { values } = part
  if (own === 1) {
    for (let i = 0, place = at; i < values.length; i++, place += width) out[place] = values[i]!
    return
  }
  for (let i = 0, start = at; i < values.length; start += width)
    for (let j = 0; j < own; j++) out[start + j] = values[i++]!
}

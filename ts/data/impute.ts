/** Values for those that are missing, found in the rows that are trained on. */

import { fail } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { type Chunk, elementsOf, Rows, rowsOf } from './chunk.js'
import { type Column, type ColumnTree, columnNamed, isColumn, ListColumn, NumberColumn } from './column.js'
import { type Columnwise, columnsOfRows, columnwise } from './columnwise.js'
import { Dataset } from './dataset.js'

/** What a missing value becomes: found in the column, or a constant. */
export type Filling = 'mean' | 'median' | 'mostFrequent' | number | { readonly constant: number | string }

/** The values that an {@link imputer} fills in, by column: plain JSON. */
export type FillValues = Readonly<Record<string, number | string>>

const fields = {
  /** Adds a truth value for each column, `ageIsMissing` for `age`, that says where one was missing. Default false. */
  indicators: { type: 'boolean', default: false },
} as const

const read = optionsReader('imputer', fields)

/** How {@link imputer} works. */
export interface ImputerOptions extends OptionsOf<typeof fields>, Named {}

/** Rows with those truth values. */
export type Imputed<T, N extends string> = T & { readonly [K in N as `${K}IsMissing`]?: boolean }

/** A function of rows, for `Dataset.map`. */
export interface Imputer<T, N extends string> {
  (row: T): Imputed<T, N>
  /** What it fills in, to be kept beside the model. */
  readonly values: FillValues
}

/**
 * A function for `map` that fills in missing values: NaN in columns of numbers, the empty text in columns of text. What it fills in
 * is found in one pass over `rows`: the mean, the median, the value that occurs most often (of several the least), or a constant.
 * Find it in the rows that are trained on, and use it for all. `imputer(values)` makes the same function of values that were kept.
 *
 * @throws `ERR_DATA` where a column has no value at all, or is of text and asked for a mean.
 *
 * @example
 * ```ts
 * import { Dataset, imputer } from 'ferrograd/data'
 *
 * const rows = Dataset.fromColumns({ age: [31, Number.NaN, 8], city: ['Rome', 'Oslo', ''] })
 * const fill = await imputer(rows, { age: 'median', city: { constant: 'unknown' } })
 * console.log(fill.values, await rows.map(fill).toArray()) // { age: 19.5, city: 'unknown' } …
 * ```
 */
export function imputer<T, const P extends Readonly<Partial<Record<keyof T & string, Filling>>>>(
  rows: Dataset<T>,
  plan: P,
  options?: ImputerOptions,
): Promise<Imputer<T, keyof P & string>>
export function imputer<T = Readonly<Record<string, unknown>>>(
  values: FillValues,
  options?: ImputerOptions,
): Imputer<T, string>
export function imputer(
  from: Dataset<unknown> | FillValues,
  second?: Readonly<Record<string, Filling>> | ImputerOptions,
  third?: ImputerOptions,
): Imputer<unknown, string> | Promise<Imputer<unknown, string>> {
  if (!(from instanceof Dataset)) return filling(from, read(second).indicators)
  const { indicators } = read(third)
  return found(from, second as Readonly<Record<string, Filling>>).then((values) => filling(values, indicators))
}

function filling(values: FillValues, indicators: boolean): Imputer<unknown, string> {
  const fill: Columnwise<unknown, unknown> = columnwise((columns) => {
    const filled = Object.entries(values).flatMap(([name, value]) => {
      const column = only(name, columnNamed('imputer', columns, name))
      const own = [[name, filledColumn(name, column, value)]] as [string, Column][]
      return indicators ? [...own, [`${name}IsMissing`, missingOf(column)] as [string, Column]] : own
    })
    return { ...(columns as Readonly<Record<string, ColumnTree>>), ...Object.fromEntries(filled) }
  })
  return Object.assign(fill, { values }) as Imputer<unknown, string>
}

function only(name: string, tree: ColumnTree): Column {
  const isOne = isColumn(tree) && !(tree instanceof NumberColumn && tree.rowShape.length > 0)
  return isOne ? tree : fail('ERR_DATA', `imputer.${name}`, 'a column of one value a row', { text: 'arrays' })
}

function filledColumn(name: string, column: Column, value: number | string): Column {
  if (column instanceof NumberColumn !== (typeof value === 'number'))
    fail('ERR_DATA', `imputer.${name}`, column instanceof NumberColumn ? 'a number' : 'text', value)
  if (!(column instanceof NumberColumn))
    return new ListColumn(column.each().map((text) => (text === '' ? value : text)))
  // Other kinds have no missing values.
  const { values } = column
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return column
  return new NumberColumn(values.map((own) => (Number.isNaN(own) ? (value as number) : own)))
}

function missingOf(column: Column): NumberColumn {
  return new NumberColumn(
    Uint8Array.from(column.each(), (value) => (isMissing(value) ? 1 : 0)),
    [],
    'bool',
  )
}

function isMissing(value: unknown): boolean {
  return value === '' || (typeof value === 'number' && Number.isNaN(value))
}

/** The values of a plan, in one pass. */
async function found(rows: Dataset<unknown>, plan: Readonly<Record<string, Filling>>): Promise<FillValues> {
  const names = Object.keys(plan)
  if (names.length === 0) fail('ERR_CONFIG', 'imputer.plan', 'at least one column', plan)
  for (const [name, how] of Object.entries(plan)) checkFilling(name, how)
  const values = new Map(names.map((name) => [name, [] as (number | string)[]]))
  for await (const chunk of rows.flow.open(0, 0, () => 4096)) {
    const columns = columnsOf(chunk)
    for (const [name, own] of values) collect(name, only(name, columnNamed('imputer', columns, name)), own, plan[name]!)
  }
  return Object.fromEntries([...values].map(([name, own]) => [name, valueFor(name, plan[name]!, own)]))
}

function columnsOf(chunk: Chunk): ColumnTree {
  const rows = rowsOf(chunk) ?? new Rows(columnsOfRows(elementsOf(chunk)) ?? {}, chunk.length)
  return rows.columns
}

function checkFilling(name: string, how: Filling): void {
  const known = typeof how === 'number' || how === 'mean' || how === 'median' || how === 'mostFrequent'
  const constant = typeof how === 'object' && how !== null && 'constant' in how
  if (!known && !constant)
    fail('ERR_CONFIG', `imputer.${name}`, "'mean', 'median', 'mostFrequent', a number or { constant }", how)
}

function collect(name: string, column: Column, into: (number | string)[], how: Filling): void {
  if (typeof how === 'number' || typeof how === 'object') return
  for (const value of column.each()) {
    if (typeof value === 'string' && how !== 'mostFrequent')
      fail(
        'ERR_DATA',
        `imputer.${name}`,
        `a column of numbers for '${how}'`,
        { text: 'text' },
        "'mostFrequent' is for text too",
      )
    if (!isMissing(value)) into.push(value as number | string)
  }
}

function valueFor(name: string, how: Filling, values: readonly (number | string)[]): number | string {
  if (typeof how === 'number') return how
  if (typeof how === 'object') return how.constant
  if (values.length === 0) fail('ERR_DATA', `imputer.${name}`, 'a value that is there', { text: 'none' })
  if (how === 'mostFrequent') return mostFrequent(values)
  const numbers = Float64Array.from(values as readonly number[]).sort()
  if (how === 'mean') return numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const middle = numbers.length >> 1
  return numbers.length % 2 === 1 ? numbers[middle]! : (numbers[middle - 1]! + numbers[middle]!) / 2
}

function mostFrequent(values: readonly (number | string)[]): number | string {
  const counts = new Map<number | string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const [best] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  return best![0]
}

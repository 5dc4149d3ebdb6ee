/** Values for those that are missing, found in the rows that are trained on. */

import { fail } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { type Chunk, elementsOf, rowsOf } from './chunk.js'
import { type Column, type ColumnTree, columnNamed, isColumn, ListColumn, NumberColumn } from './column.js'
import { type Columnwise, columnsOfRows, columnwise } from './columnwise.js'
import { Dataset } from './dataset.js'
import { Moments } from './moments.js'
import { Reservoir } from './reservoir.js'
import { pluck } from './stack.js'
import { Tally } from './tally.js'

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
 * is found in one pass over `rows`, none of which is kept: the mean, the median (of more than a million values that of a million drawn at
 * random), the value that occurs most often (of several the least), or a constant.
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
  if (typeof from !== 'object' || from === null || Array.isArray(from))
    fail('ERR_CONFIG', 'imputer', 'a Dataset, or values by the names of columns', from)
  if (!(from instanceof Dataset)) return filling(from, read(second).indicators)
  const { indicators } = read(third)
  return found(from, second as Readonly<Record<string, Filling>>).then((values) => filling(values, indicators))
}

function filling(values: FillValues, indicators: boolean): Imputer<unknown, string> {
  const fill: Columnwise<unknown, unknown> = columnwise((columns) => {
    const filled = Object.entries(values).flatMap(([name, value]) => {
      const named = only(name, columnNamed('imputer', columns, name))
      const column = typeof value === 'number' ? (numbersIn(named) ?? named) : named
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
    return new ListColumn(column.each().map((text) => (isMissing(text) ? value : text)))
  // Other kinds have no missing values.
  const { values } = column
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return column
  return new NumberColumn(values.map((own) => (Number.isNaN(own) ? (value as number) : own)))
}

/** A list of numbers, perhaps missing, as a column of them. */
function numbersIn(column: Column): NumberColumn | undefined {
  const list = column instanceof NumberColumn ? [] : column.each()
  const isNumbers = list.length > 0 && list.every((value) => typeof value === 'number' || (value ?? null) === null)
  return isNumbers ? new NumberColumn(Float64Array.from(list, (value) => (value as number) ?? Number.NaN)) : undefined
}

function missingOf(column: Column): NumberColumn {
  return new NumberColumn(
    Uint8Array.from(column.each(), (value) => (isMissing(value) ? 1 : 0)),
    [],
    'bool',
  )
}

function isMissing(value: unknown): boolean {
  return value === '' || (value ?? null) === null || (typeof value === 'number' && Number.isNaN(value))
}

/** The values of a plan, in one pass. */
async function found(rows: Dataset<unknown>, plan: Readonly<Record<string, Filling>>): Promise<FillValues> {
  const names = Object.keys(plan)
  if (names.length === 0) fail('ERR_CONFIG', 'imputer.plan', 'at least one column', plan)
  for (const [name, how] of Object.entries(plan)) checkFilling(name, how)
  const findings = names.map((name) => [name, findingOf(plan[name]!)] as const)
  for await (const chunk of rows.flow.open(0, 0, () => 4096)) {
    const columns = columnsOf(chunk)
    for (const [name, finding] of findings) {
      const column = only(name, columnNamed('imputer', columns, name))
      if (finding !== undefined) see(name, column, finding, plan[name]!)
    }
  }
  return Object.fromEntries(findings.map(([name, finding]) => [name, valueFor(name, plan[name]!, finding)]))
}

/** What is found of values that come one by one; nothing where none has come. */
interface Finding {
  readonly add: (value: never) => void
  readonly found: () => number | string | undefined
}

/** Nothing where a constant is filled in. */
function findingOf(how: Filling): Finding | undefined {
  if (how === 'mean') {
    const moments = new Moments()
    return { add: (value) => moments.add(value), found: () => (moments.count === 0 ? undefined : moments.mean) }
  }
  if (how === 'median') {
    const values = new Reservoir()
    const found = (): number | undefined => {
      const [median] = values.quantiles(0.5)
      return Number.isNaN(median) ? undefined : median
    }
    return { add: (value) => values.add(value), found }
  }
  if (how !== 'mostFrequent') return undefined
  const tally = new Tally<number | string>()
  return { add: (value) => tally.add(value), found: () => tally.top() }
}

function columnsOf(chunk: Chunk): ColumnTree {
  const rows = rowsOf(chunk)
  if (rows !== undefined) return rows.columns
  const elements = elementsOf(chunk)
  return columnsOfRows(elements) ?? listsOf(elements)
}

/** Rows in which some values are null. */
function listsOf(rows: readonly unknown[]): ColumnTree {
  const named = rows as readonly Readonly<Record<string, unknown>>[]
  return Object.fromEntries(Object.keys(named[0] ?? {}).map((name) => [name, new ListColumn(pluck(named, name))]))
}

function checkFilling(name: string, how: Filling): void {
  const known = typeof how === 'number' || how === 'mean' || how === 'median' || how === 'mostFrequent'
  const constant = typeof how === 'object' && how !== null && 'constant' in how
  if (!known && !constant)
    fail('ERR_CONFIG', `imputer.${name}`, "'mean', 'median', 'mostFrequent', a number or { constant }", how)
}

function see(name: string, column: Column, finding: Finding, how: Filling): void {
  for (const value of column.each()) {
    if (typeof value === 'string' && how !== 'mostFrequent')
      fail(
        'ERR_DATA',
        `imputer.${name}`,
        `a column of numbers for '${how}'`,
        { text: 'text' },
        "'mostFrequent' is for text too",
      )
    if (!isMissing(value)) finding.add(value as never)
  }
}

function valueFor(name: string, how: Filling, finding: Finding | undefined): number | string {
  if (typeof how === 'number') return how
  if (typeof how === 'object') return how.constant
  return finding?.found() ?? fail('ERR_DATA', `imputer.${name}`, 'a value that is there', { text: 'none' })
}

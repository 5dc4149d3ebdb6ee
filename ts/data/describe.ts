/** What is in the columns of a data set, in one pass. */

import { inspectWith } from '../core/inspect.js'
import { checkMaker } from '../errors.js'
import { drawPlain } from '../report/plain-table.js'
import { type Chunk, elementsOf, rowsOf } from './chunk.js'
import { isColumn, NumberColumn } from './column.js'
import { Moments } from './moments.js'
import { Reservoir } from './reservoir.js'

/**
 * Of a column of numbers; missing values (NaN) are counted apart. Truth values are 0 and 1. Infinite values count: the mean is then
 * infinite (NaN where both infinities occur) and the deviation NaN.
 */
export interface NumberSummary {
  readonly count: number
  readonly missing: number
  readonly mean: number
  /** Of a sample: divided by `count − 1`. */
  readonly std: number
  readonly min: number
  /** Linear between neighbours; of more than a million values those of a million drawn at random. */
  readonly quartiles: readonly [number, number, number]
  readonly max: number
}

/** Of a column of text; the empty text is missing. */
export interface TextSummary {
  readonly count: number
  readonly missing: number
  readonly distinct: number
  /** The most frequent values, at most five. */
  readonly top: readonly (readonly [value: string, count: number])[]
}

/** What `Dataset.describe` found; printed as tables. */
export class Description {
  readonly rows: number
  readonly numbers: Readonly<Record<string, NumberSummary>>
  readonly texts: Readonly<Record<string, TextSummary>>

  constructor(
    rows: number,
    numbers: Readonly<Record<string, NumberSummary>>,
    texts: Readonly<Record<string, TextSummary>>,
  ) {
    checkMaker(
      'Description',
      typeof numbers === 'object' && typeof texts === 'object' && texts !== null,
      'Dataset.describe',
    )
    this.rows = rows
    this.numbers = numbers
    this.texts = texts
  }

  /** The tables. */
  toString(): string {
    const shown = (value: number): string => String(Number(value.toPrecision(5)))
    const numbers = Object.entries(this.numbers).map(([name, s]) => [
      name,
      ...[s.count, s.missing, s.mean, s.std, s.min, ...s.quartiles, s.max].map(shown),
    ])
    const texts = Object.entries(this.texts).map(([name, s]) => [
      name,
      ...[s.count, s.missing, s.distinct].map(String),
      s.top.map(([value, count]) => `${value} (${count})`).join(', '),
    ])
    const heads = ['count', 'missing', 'mean', 'std', 'min', '25%', '50%', '75%', 'max']
    const tables = [`${this.rows} rows`]
    if (numbers.length > 0) tables.push(drawPlain(['', ...heads], numbers))
    if (texts.length > 0) tables.push(drawPlain(['', 'count', 'missing', 'distinct', 'top'], texts))
    return tables.join('\n\n')
  }
}

inspectWith(Description, String)

/** Summaries of all columns of numbers and of text; columns whose rows are arrays are left out. */
export async function described(chunks: AsyncIterable<Chunk>): Promise<Description> {
  const [numbers, texts] = [new Map<string, Numbers>(), new Map<string, Texts>()]
  let rows = 0
  for await (const chunk of chunks) {
    rows += chunk.length
    for (const [name, values] of columnsOf(chunk)) {
      if (typeof values[0] === 'string') kept(texts, name, () => new Texts()).see(values as ArrayLike<string>)
      else kept(numbers, name, () => new Numbers()).see(values as ArrayLike<number>)
    }
  }
  const each = <S>(all: ReadonlyMap<string, { summary(): S }>): Record<string, S> =>
    Object.fromEntries([...all].map(([name, own]) => [name, own.summary()]))
  return new Description(rows, each(numbers), each(texts))
}

function kept<V>(all: Map<string, V>, name: string, make: () => V): V {
  const known = all.get(name) ?? make()
  all.set(name, known)
  return known
}

/** Columns of one value a row. */
function columnsOf(chunk: Chunk): [name: string, values: ArrayLike<unknown>][] {
  const tree = rowsOf(chunk)?.columns
  if (tree !== undefined && !isColumn(tree) && !Array.isArray(tree))
    return Object.entries(tree).flatMap(([name, column]) => {
      if (!isColumn(column) || (column instanceof NumberColumn && column.rowShape.length > 0)) return []
      return [[name, column instanceof NumberColumn ? column.values : column.each()]]
    })
  const rows = elementsOf(chunk) as readonly Readonly<Record<string, unknown>>[]
  const names = Object.entries(rows[0] ?? {}).filter(([, value]) =>
    ['number', 'boolean', 'string'].includes(typeof value),
  )
  return names.map(([name]) => [name, rows.map((row) => row[name])])
}

class Numbers {
  #missing = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  readonly #moments = new Moments()
  readonly #values = new Reservoir()

  see(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) {
      const value = Number(values[i])
      if (Number.isNaN(value)) this.#missing += 1
      else this.#one(value)
    }
  }

  #one(value: number): void {
    this.#moments.add(value)
    this.#values.add(value)
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  summary(): NumberSummary {
    const { count, mean, squares } = this.#moments
    const [min, max] = [this.#min, this.#max]
    const none = count === 0
    return {
      count,
      missing: this.#missing,
      mean: none ? Number.NaN : mean,
      std: count < 2 ? Number.NaN : Math.sqrt(squares / (count - 1)),
      min: none ? Number.NaN : min,
      quartiles: this.#values.quantiles(0.25, 0.5, 0.75),
      max: none ? Number.NaN : max,
    }
  }
}

class Texts {
  #missing = 0
  readonly #counts = new Map<string, number>()

  see(values: ArrayLike<string>): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      if (value === '') this.#missing += 1
      else this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1)
    }
  }

  summary(): TextSummary {
    const top = [...this.#counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 5)
    const count = [...this.#counts.values()].reduce((sum, own) => sum + own, 0)
    return { count, missing: this.#missing, distinct: this.#counts.size, top }
  }
}

/** Columns: values of many rows side by side, cut and gathered without making rows. */

import { sizeOf } from '../core/shapes.js'
import { fail, hintFor } from '../errors.js'
import type { Shape, TypedArray } from '../types.js'
import { blank, type ShapedArray } from './shaped.js'
import { stackRows } from './stack.js'

/** One value a row. */
export interface Column {
  readonly rows: number
  /** Rows `[first, end)`, in the same memory where they lie together. */
  slice(first: number, end: number): Column
  /** `out[i] = rows[indices[i]]`, in memory of its own. */
  gather(indices: ArrayLike<number>): Column
  /** The value of one row, in memory of its own. */
  row(index: number): unknown
  /** All rows as one array with a batch axis; text stays a list. */
  stack(): unknown
  /** This one and others of its kind, one below the other. */
  join(others: readonly Column[]): Column
}

/** What the numbers of a column mean. */
export type Meaning = 'number' | 'bool'

/** Numbers: `values` of shape (rows, ...rowShape). */
export class NumberColumn implements Column {
  readonly values: TypedArray
  readonly rowShape: Shape
  readonly meaning: Meaning
  readonly #width: number

  constructor(values: TypedArray, rowShape: Shape = [], meaning: Meaning = 'number') {
    this.values = values
    this.rowShape = rowShape
    this.meaning = meaning
    this.#width = sizeOf(rowShape)
  }

  get rows(): number {
    return this.#width === 0 ? 0 : this.values.length / this.#width
  }

  slice(first: number, end: number): NumberColumn {
    return this.#of(this.values.subarray(first * this.#width, end * this.#width))
  }

  gather(indices: ArrayLike<number>): NumberColumn {
    const out = blank(this.values, indices.length * this.#width)
    gatherRows(this.values, out, indices, this.#width)
    return this.#of(out)
  }

  row(index: number): unknown {
    if (this.rowShape.length === 0) {
      const value = this.values[index]!
      return this.meaning === 'bool' ? value !== 0 : value
    }
    const values = this.values.slice(index * this.#width, (index + 1) * this.#width)
    return { values, shape: this.rowShape } satisfies ShapedArray
  }

  stack(): ShapedArray {
    return { values: this.values, shape: [this.rows, ...this.rowShape] }
  }

  join(others: readonly Column[]): NumberColumn {
    const parts = [this, ...(others as readonly NumberColumn[])]
    const values = blank(
      this.values,
      parts.reduce((sum, part) => sum + part.values.length, 0),
    )
    let at = 0
    for (const part of parts) {
      values.set(part.values, at)
      at += part.values.length
    }
    return this.#of(values)
  }

  #of(values: TypedArray): NumberColumn {
    return new NumberColumn(values, this.rowShape, this.meaning)
  }
}

/** Any values, such as text. */
export class ListColumn implements Column {
  readonly values: readonly unknown[]

  constructor(values: readonly unknown[]) {
    this.values = values
  }

  get rows(): number {
    return this.values.length
  }

  slice(first: number, end: number): ListColumn {
    return new ListColumn(this.values.slice(first, end))
  }

  gather(indices: ArrayLike<number>): ListColumn {
    return new ListColumn(Array.from(indices, (index) => this.values[index]))
  }

  row(index: number): unknown {
    return this.values[index]
  }

  stack(): unknown {
    return stackRows(this.values)
  }

  join(others: readonly Column[]): ListColumn {
    return new ListColumn([this, ...others].flatMap((part) => (part as ListColumn).values))
  }
}

/** Columns in lists and objects, as rows have their values. */
export type ColumnTree = Column | readonly ColumnTree[] | { readonly [name: string]: ColumnTree }

/** Whether it is one column, and not several. */
export function isColumn(tree: ColumnTree): tree is Column {
  return tree instanceof NumberColumn || tree instanceof ListColumn
}

/** Each column through a function. */
export function mapTree<U>(tree: ColumnTree, change: (column: Column) => U): unknown {
  if (isColumn(tree)) return change(tree)
  if (Array.isArray(tree)) return tree.map((part) => mapTree(part, change))
  const entries = Object.entries(tree as Readonly<Record<string, ColumnTree>>)
  return Object.fromEntries(entries.map(([name, part]) => [name, mapTree(part, change)]))
}

/** Trees of one form, the columns of one place joined. */
export function joinTrees(trees: readonly ColumnTree[]): ColumnTree {
  const [first, ...others] = trees as readonly [ColumnTree, ...ColumnTree[]]
  if (others.length === 0) return first
  if (isColumn(first)) return first.join(others as Column[])
  const joined = (key: string | number): ColumnTree =>
    joinTrees(trees.map((tree) => (tree as Readonly<Record<string | number, ColumnTree>>)[key]!))
  if (Array.isArray(first)) return first.map((_, index) => joined(index))
  return Object.fromEntries(Object.keys(first).map((key) => [key, joined(key)]))
}

/** A column by its name, or an error that names the nearest. */
export function columnNamed(where: string, tree: ColumnTree, name: string): ColumnTree {
  if (isColumn(tree) || Array.isArray(tree))
    return fail('ERR_CONFIG', where, 'rows with named columns', { text: 'others' })
  const columns = tree as Readonly<Record<string, ColumnTree>>
  if (Object.hasOwn(columns, name)) return columns[name]!
  const known = Object.keys(columns)
  return fail('ERR_CONFIG', where, `a column among ${known.join(', ')}`, name, hintFor(name, known))
}

/** How many rows the columns have: all as many, or an error that names the first that differs. */
export function rowsOf(where: string, tree: ColumnTree): number {
  const counts: [name: string, rows: number][] = []
  collectRows(tree, '', counts)
  const [first, ...others] = counts
  if (first === undefined) return fail('ERR_DATA', where, 'at least one array', { text: 'none' })
  for (const [name, rows] of others)
    if (rows !== first[1]) fail('ERR_DATA', `${where}${name}`, `${first[1]} samples, as ${first[0].slice(1)} has`, rows)
  return first[1]
}

function collectRows(tree: ColumnTree, path: string, counts: [string, number][]): void {
  if (isColumn(tree)) counts.push([path, tree.rows])
  else for (const [name, part] of Object.entries(tree)) collectRows(part as ColumnTree, `${path}.${name}`, counts)
}

/** Longer rows are copied by `set`, whose call costs as much as so many words. */
const SHORT = 64

/** Rows are copied as words or bytes, whatever they hold: one loop that V8 compiles for one kind of array. */
function gatherRows(from: TypedArray, to: TypedArray, rows: ArrayLike<number>, width: number): void {
  const bytes = width * from.BYTES_PER_ELEMENT
  const whole = bytes % 4 === 0 && from.byteOffset % 4 === 0
  if (bytes / 4 > SHORT) for (let i = 0; i < rows.length; i++) to.set(rowOf(from, rows[i]!, width), i * width)
  else if (whole) gatherWords(viewOf(from, Uint32Array, 4), viewOf(to, Uint32Array, 4), rows, bytes / 4)
  else gatherBytes(viewOf(from, Uint8Array, 1), viewOf(to, Uint8Array, 1), rows, bytes)
}

function rowOf(from: TypedArray, row: number, width: number): TypedArray {
  return from.subarray(row * width, (row + 1) * width)
}

function viewOf<V>(
  { buffer, byteOffset, byteLength }: TypedArray,
  kind: new (buffer: ArrayBufferLike, offset: number, length: number) => V,
  size: number,
): V {
  return new kind(buffer, byteOffset, byteLength / size)
}

function gatherWords(from: Uint32Array, to: Uint32Array, rows: ArrayLike<number>, width: number): void {
  for (let i = 0, at = 0; i < rows.length; i++) {
    const start = rows[i]! * width
    for (let j = 0; j < width; j++) to[at++] = from[start + j]!
  }
}

function gatherBytes(from: Uint8Array, to: Uint8Array, rows: ArrayLike<number>, width: number): void {
  for (let i = 0, at = 0; i < rows.length; i++) {
    const start = rows[i]! * width
    for (let j = 0; j < width; j++) to[at++] = from[start + j]!
  }
}

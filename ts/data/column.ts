/** Columns: values of many rows side by side, cut and gathered without making rows. */

import { types } from 'node:util'
import { bytesOf } from '../core/dtype.js'
import { gatherRows as gatherNative } from '../core/native.js'
import { native } from '../core/runtime.js'
import { sameShape, sizeOf } from '../core/shapes.js'
import { fail, hintFor } from '../errors.js'
import type { Shape, TypedArray } from '../types.js'
import { room, type ShapedArray } from './shaped.js'
import { stackRows } from './stack.js'

/** One value a row. */
export interface Column {
  readonly rows: number
  /** Rows `[first, end)`, in the same memory where they lie together. */
  slice(first: number, end: number): Column
  /** `out[i] = rows[indices[i]]`, in memory of its own. */
  gather(indices: ArrayLike<number>): Column
  /** The same rows in memory of their own. */
  copied(): Column
  /** The value of one row, in memory of its own. */
  row(index: number): unknown
  /** The values of all rows; they may lie in the memory of the column. */
  each(): readonly unknown[]
  /** All rows as one array with a batch axis; text stays a list. */
  stack(): unknown
  /** The same of each `size` rows, the last of what is left; they may lie in the memory of the column. */
  cuts(size: number): readonly unknown[]
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
    const out = room(this.values, indices.length * this.#width)
    gatherRows(this.values, out, indices, this.#width)
    return this.#of(out)
  }

  copied(): NumberColumn {
    const out = room(this.values, this.values.length)
    out.set(this.values)
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

  each(): readonly unknown[] {
    const { values, rowShape: shape, rows } = this
    const width = this.#width
    const out: unknown[] = new Array(rows)
    if (shape.length > 0) for (let i = 0; i < rows; i++) out[i] = { values: viewOf(values, i * width, width), shape }
    else if (this.meaning === 'bool') for (let i = 0; i < rows; i++) out[i] = values[i] !== 0
    else for (let i = 0; i < rows; i++) out[i] = values[i]
    return out
  }

  stack(): ShapedArray {
    return { values: this.values, shape: [this.rows, ...this.rowShape] }
  }

  cuts(size: number): readonly unknown[] {
    const { values, rows, rowShape } = this
    const width = this.#width
    const out: unknown[] = new Array(Math.ceil(rows / size))
    // One for all, that nobody changes; whoever joins them again sees that they are alike.
    const whole: Shape = Object.freeze([size, ...rowShape])
    for (let i = 0, at = 0; i < out.length; i++, at += size) {
      const own = Math.min(size, rows - at)
      const shape = own === size ? whole : [own, ...rowShape]
      out[i] = { values: viewOf(values, at * width, own * width), shape }
    }
    return out
  }

  join(others: readonly Column[]): Column {
    const parts = [this, ...others]
    if (!parts.every((part) => part instanceof NumberColumn))
      return new ListColumn(parts.flatMap((part) => part.each() as unknown[]))
    const odd = parts.find((part) => !sameShape(part.rowShape, this.rowShape))
    if (odd !== undefined) {
      const expected = `rows of shape [${this.rowShape.join(', ')}], as those before have`
      fail('ERR_SHAPE', 'Dataset', expected, odd.rowShape)
    }
    // float64 has the numbers of all kinds, and NaN.
    const alike = parts.every(({ values }) => values.constructor === this.values.constructor)
    const length = parts.reduce((sum, { values }) => sum + values.length, 0)
    const values = alike ? room(this.values, length) : new Float64Array(length)
    let at = 0
    for (const part of parts) {
      values.set(part.values, at)
      at += part.values.length
    }
    const same = parts.every(({ meaning }) => meaning === this.meaning)
    return new NumberColumn(values, this.rowShape, same ? this.meaning : 'number')
  }

  #of(values: TypedArray): NumberColumn {
    return new NumberColumn(values, this.rowShape, this.meaning)
  }
}

/** A list with something for each row; what that is as a value, the columns that extend it say. */
export abstract class Listed<V> implements Column {
  readonly list: readonly V[]

  constructor(list: readonly V[]) {
    this.list = list
  }

  /** A column of the same kind. */
  protected abstract like(list: readonly V[]): Listed<V>
  abstract row(index: number): unknown
  abstract each(): readonly unknown[]

  get rows(): number {
    return this.list.length
  }

  slice(first: number, end: number): Listed<V> {
    return this.like(this.list.slice(first, end))
  }

  gather(indices: ArrayLike<number>): Listed<V> {
    return this.like(Array.from(indices, (index) => this.list[index] as V))
  }

  /** Nobody writes to a list. */
  copied(): Listed<V> {
    return this
  }

  stack(): unknown {
    return stackRows(this.each())
  }

  cuts(size: number): readonly unknown[] {
    const all = this.each()
    return Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
      stackRows(all.slice(i * size, (i + 1) * size)),
    )
  }

  join(others: readonly Column[]): Column {
    return new ListColumn([this, ...others].flatMap((part) => part.each() as unknown[]))
  }
}

/** Any values, such as text. */
export class ListColumn extends Listed<unknown> {
  protected override like(list: readonly unknown[]): ListColumn {
    return new ListColumn(list)
  }

  override row(index: number): unknown {
    return this.list[index]
  }

  override each(): readonly unknown[] {
    return this.list
  }
}

/** Columns in lists and objects, as rows have their values. */
export type ColumnTree = Column | readonly ColumnTree[] | { readonly [name: string]: ColumnTree }

/** Whether it is one column, and not several. */
export function isColumn(tree: ColumnTree): tree is Column {
  return typeof (tree as Partial<Column>).gather === 'function'
}

/** Each column through a function. */
export function mapTree<U>(tree: ColumnTree, change: (column: Column) => U): unknown {
  if (isColumn(tree)) return change(tree)
  if (Array.isArray(tree)) return tree.map((part) => mapTree(part, change))
  const entries = Object.entries(tree as Readonly<Record<string, ColumnTree>>)
  return Object.fromEntries(entries.map(([name, part]) => [name, mapTree(part, change)]))
}

/** What `each` makes of columns, put together as the columns are: their rows, or their batches. */
export function unzipped(tree: ColumnTree, each: (column: Column) => readonly unknown[]): readonly unknown[] {
  if (isColumn(tree)) return each(tree)
  const lists = Object.values(tree).map((part) => unzipped(part as ColumnTree, each))
  const length = lists[0]?.length ?? 0
  if (Array.isArray(tree)) return Array.from({ length }, (_, i) => lists.map((list) => list[i]))
  return namedRows(Object.keys(tree), lists, length)
}

/** Objects of the same names. A name that has a meaning of its own to JavaScript is defined, and not set. */
function namedRows(names: readonly string[], lists: readonly (readonly unknown[])[], length: number): unknown[] {
  const rows: unknown[] = new Array(length)
  const odd = names.includes('__proto__')
  for (let i = 0; i < length; i++) {
    const row: Record<string, unknown> = {}
    if (odd) Object.defineProperties(row, Object.fromEntries(names.map((name, k) => [name, own(lists[k]![i])])))
    else for (let k = 0; k < names.length; k++) row[names[k]!] = lists[k]![i]
    rows[i] = row
  }
  return rows
}

function own(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true }
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

/** As `subarray`, which takes twice as long. */
function viewOf(values: TypedArray, first: number, length: number): TypedArray {
  const Kind = values.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray
  return new Kind(values.buffer, values.byteOffset + first * values.BYTES_PER_ELEMENT, length)
}

/** Gathered in Rust, whatever they hold; memory that other threads write to is read here. */
export function gatherRows(from: TypedArray, to: TypedArray, rows: ArrayLike<number>, width: number): void {
  const [source, target] = [bytesOf(from), bytesOf(to)]
  const bytes = width * from.BYTES_PER_ELEMENT
  if (types.isSharedArrayBuffer(from.buffer)) gatherShared(source, target, rows, bytes)
  else native(() => gatherNative(source, target, rows instanceof Uint32Array ? rows : Uint32Array.from(rows), bytes))
}

function gatherShared(from: Uint8Array, to: Uint8Array, rows: ArrayLike<number>, width: number): void {
  for (let i = 0; i < rows.length; i++) to.set(from.subarray(rows[i]! * width, (rows[i]! + 1) * width), i * width)
}

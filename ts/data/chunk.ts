/** Some consecutive elements of a data set: what its stages hand on. */

import { type ColumnTree, joinTrees, mapTree, unzipped } from './column.js'
import { stackRows } from './stack.js'

/** Consecutive elements. */
export interface Chunk<T = unknown> {
  readonly length: number
  at(index: number): T
  slice(first: number, end: number): Chunk<T>
  gather(indices: ArrayLike<number>): Chunk<T>
  /** All elements as one, with a batch axis. It may lie in the memory of the source. */
  stack(): unknown
}

/** Rows that lie in columns. */
export class Rows<T = unknown> implements Chunk<T> {
  readonly length: number
  readonly columns: ColumnTree

  constructor(columns: ColumnTree, length: number) {
    this.columns = columns
    this.length = length
  }

  at(index: number): T {
    return mapTree(this.columns, (column) => column.row(index)) as T
  }

  slice(first: number, end: number): Rows<T> {
    if (first === 0 && end >= this.length) return this
    const to = Math.min(end, this.length)
    return new Rows(mapTree(this.columns, (column) => column.slice(first, to)) as ColumnTree, to - first)
  }

  copied(): Rows<T> {
    return new Rows(mapTree(this.columns, (column) => column.copied()) as ColumnTree, this.length)
  }

  gather(indices: ArrayLike<number>): Rows<T> {
    return new Rows(mapTree(this.columns, (column) => column.gather(indices)) as ColumnTree, indices.length)
  }

  stack(): unknown {
    return mapTree(this.columns, (column) => column.stack())
  }
}

/** Rows of columns by their numbers, gathered when somebody looks at them: `fit` gathers them in Rust instead. */
export class Picked<T = unknown> implements Chunk<T> {
  readonly base: Rows<T>
  readonly indices: Uint32Array
  #gathered: Rows<T> | undefined

  constructor(base: Rows<T>, indices: Uint32Array) {
    this.base = base
    this.indices = indices
  }

  get length(): number {
    return this.indices.length
  }

  /** The rows, in memory of their own. */
  get gathered(): Rows<T> {
    this.#gathered ??= this.base.gather(this.indices)
    return this.#gathered
  }

  at(index: number): T {
    return this.base.at(this.indices[index]!)
  }

  slice(first: number, end: number): Picked<T> {
    return new Picked(this.base, this.indices.subarray(first, end))
  }

  gather(indices: ArrayLike<number>): Picked<T> {
    return new Picked(
      this.base,
      Uint32Array.from(indices, (index) => this.indices[index]!),
    )
  }

  stack(): unknown {
    return this.gathered.stack()
  }
}

/** Elements that were made one by one. */
export class List<T> implements Chunk<T> {
  readonly items: readonly T[]

  constructor(items: readonly T[]) {
    this.items = items
  }

  get length(): number {
    return this.items.length
  }

  at(index: number): T {
    return this.items[index] as T
  }

  slice(first: number, end: number): List<T> {
    return new List(this.items.slice(first, end))
  }

  gather(indices: ArrayLike<number>): List<T> {
    return new List(Array.from(indices, (index) => this.items[index] as T))
  }

  stack(): unknown {
    return stackRows(this.items, 'shared')
  }
}

/** Batches of `size` rows each, the last of what is left. */
export class Batches<T = unknown> implements Chunk<T> {
  readonly rows: Chunk
  readonly size: number

  constructor(rows: Chunk, size: number) {
    this.rows = rows
    this.size = size
  }

  get length(): number {
    return Math.ceil(this.rows.length / this.size)
  }

  /** In memory of its own: whoever is handed a batch may write to it. */
  at(index: number): T {
    const first = index * this.size
    return ownedStack(this.#rows(first, first + this.size)) as T
  }

  /** All of them, side by side in memory of their own. */
  get batches(): T[] {
    const { length, rows, size } = this
    const own = owned(rows)
    if (own instanceof Rows) return unzipped(own.columns, (column) => column.cuts(size)) as T[]
    return Array.from({ length }, (_, i) => this.at(i))
  }

  slice(first: number, end: number): Batches<T> {
    return new Batches(this.#rows(first * this.size, end * this.size), this.size)
  }

  gather(indices: ArrayLike<number>): List<T> {
    return new List(Array.from(indices, (index) => this.at(index)))
  }

  stack(): unknown {
    return stackRows(elementsOf(this))
  }

  #rows(first: number, end: number): Chunk {
    return this.rows.slice(first, Math.min(end, this.rows.length))
  }
}

/** Rows in memory that nobody else reads. */
function owned(chunk: Chunk): Chunk {
  if (chunk instanceof Picked) return chunk.base.gather(chunk.indices)
  return chunk instanceof Rows ? chunk.copied() : chunk
}

function ownedStack(chunk: Chunk): unknown {
  return chunk instanceof List ? stackRows(chunk.items) : owned(chunk).stack()
}

/** All elements of a chunk, in memory that nobody else reads. */
export function elementsOf<T>(chunk: Chunk<T>): readonly T[] {
  if (chunk instanceof List) return chunk.items
  if (chunk instanceof Batches) return (chunk as Batches<T>).batches
  const own = owned(chunk)
  if (own instanceof Rows) return unzipped(own.columns, (column) => column.each()) as readonly T[]
  return Array.from({ length: chunk.length }, (_, i) => chunk.at(i))
}

/** Chunks as one: columns stay columns where all are of one form. */
export function joinChunks<T>(chunks: readonly Chunk<T>[]): Chunk<T> {
  const [first] = chunks
  if (chunks.length === 1) return first!
  const picked = chunks as readonly Picked<T>[]
  if (first instanceof Picked && picked.every((chunk) => chunk instanceof Picked && chunk.base === first.base))
    return new Picked(first.base as Rows<T>, joinedIndices(picked))
  const rows = chunks.map(rowsOf)
  if (rows.every((chunk) => chunk !== undefined)) {
    const length = rows.reduce((sum, chunk) => sum + chunk.length, 0)
    return new Rows(joinTrees(rows.map((chunk) => chunk.columns)), length)
  }
  return new List(chunks.flatMap((chunk) => elementsOf(chunk)))
}

/** The columns of a chunk, where it has some. */
export function rowsOf<T>(chunk: Chunk<T>): Rows<T> | undefined {
  if (chunk instanceof Picked) return chunk.gathered as Rows<T>
  return chunk instanceof Rows ? (chunk as Rows<T>) : undefined
}

function joinedIndices(chunks: readonly Picked[]): Uint32Array {
  const all = new Uint32Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const { indices } of chunks) {
    all.set(indices, at)
    at += indices.length
  }
  return all
}

/**
 * Files of rows of one width, in blocks with a checksum each: what `cache` writes and reads.
 *
 * `FGROWS1\n`, the blocks, a footer in JSON (how many rows, of which columns, in which blocks), its length and checksum, `FGROWS1\n`.
 * A block has its columns one behind the other, each from a multiple of eight bytes on; all blocks have as many rows but for the last.
 */

import { existsSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { bytesOf } from '../core/dtype.js'
import { sameShape } from '../core/shapes.js'
import { FerrogradError, fail } from '../errors.js'
import type { Shape } from '../types.js'
import { MANY } from './cache.js'
import { type Chunk, elementsOf, joinChunks, Rows, rowsOf } from './chunk.js'
import { type Column, type ColumnTree, isColumn, type Meaning, NumberColumn } from './column.js'
import { columnsOfRows } from './columnwise.js'
import { atLeastOne, type Flow } from './flow.js'
import { fileIdentity } from './identity.js'
import { KeyedPermutation } from './permutation.js'
import { TextColumn } from './text-column.js'

const MAGIC = Buffer.from('FGROWS1\n')
/** Bytes of a block at the most, about; and rows, so that many blocks are mixed with each other where rows are narrow. */
const BLOCK = 1 << 20
const ROWS = 1024

const kinds = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
} as const

/** A column of the file. */
interface Field {
  readonly dtype: keyof typeof kinds
  readonly rowShape: Shape
  readonly meaning: Meaning | 'text'
}

/** Columns as rows have their values: numbers of fields in lists and objects. */
type Form = number | readonly Form[] | { readonly [name: string]: Form }

interface Footer {
  readonly rows: number
  readonly blockRows: number
  readonly form: Form
  readonly fields: readonly Field[]
  /** The texts of each field of text, which has their numbers. */
  readonly texts: readonly (readonly string[] | null)[]
  readonly checksums: readonly number[]
}

/** Writes chunks to a file, whole or not at all. */
async function writeRows(path: string, chunks: AsyncIterable<Chunk>): Promise<void> {
  const beside = `${path}.${process.pid}.part`
  const file = await reached(path, () => open(beside, 'wx'))
  try {
    const writer = new Writer(path, file)
    for await (const chunk of chunks) await writer.add(chunk)
    await writer.end()
    await file.sync()
    await file.close()
    await reached(path, () => rename(beside, path))
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(beside, { force: true })
    throw error
  }
}

class Writer {
  readonly #path: string
  readonly #file: FileHandle
  readonly #checksums: number[] = []
  readonly #texts: Map<string, number>[] = []
  #held: Chunk[] = []
  #length = 0
  #rows = 0
  #shape: { readonly form: Form; readonly fields: readonly Field[]; readonly blockRows: number } | undefined

  constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  async add(chunk: Chunk): Promise<void> {
    if (chunk.length === 0) return
    const rows = rowsOf(chunk) ?? this.#columns(chunk)
    this.#shape ??= this.#begun(rows.columns)
    this.#check(rows.columns)
    this.#held.push(rows)
    this.#length += rows.length
    const { blockRows } = this.#shape
    if (this.#length < blockRows) return
    const all = joinChunks(this.#held)
    let at = 0
    for (; at + blockRows <= this.#length; at += blockRows) await this.#block(all.slice(at, at + blockRows))
    this.#held = at === this.#length ? [] : [all.slice(at, this.#length)]
    this.#length -= at
  }

  #columns(chunk: Chunk): Rows {
    const tree = columnsOfRows(elementsOf(chunk))
    if (tree !== undefined) return new Rows(tree, chunk.length)
    return fail('ERR_DATA', this.#where(''), 'rows of one form', { text: 'rows that differ' })
  }

  #begun(tree: ColumnTree): { form: Form; fields: readonly Field[]; blockRows: number } {
    const fields: Field[] = []
    const form = formOf(tree, (column, name) => fields.push(this.#field(column, name)) - 1)
    for (const _ of fields) this.#texts.push(new Map())
    const width = fields.reduce(
      (sum, { dtype, rowShape }) => sum + widthOf(rowShape) * kinds[dtype].BYTES_PER_ELEMENT,
      0,
    )
    return { form, fields, blockRows: Math.min(ROWS, Math.max(1, Math.floor(BLOCK / Math.max(1, width)))) }
  }

  #field(column: Column, name: string): Field {
    if (!(column instanceof NumberColumn)) return { dtype: 'uint32', rowShape: [], meaning: 'text' }
    const found = Object.entries(kinds).find(([, kind]) => column.values instanceof kind)
    const dtype = (found?.[0] ?? fail('ERR_DATA', this.#where(name), 'numbers', column.values)) as Field['dtype']
    return { dtype, rowShape: column.rowShape, meaning: column.meaning }
  }

  /** Refuses rows that are not as the first ones. */
  #check(tree: ColumnTree): void {
    const { fields, form } = this.#shape!
    let number = 0
    const own = formOf(tree, (column, name) => {
      const field = fields[number]
      if (field !== undefined) this.#checkField(column, name, field)
      return number++
    })
    if (number !== fields.length || JSON.stringify(own) !== JSON.stringify(form))
      fail('ERR_DATA', this.#where(''), 'rows of one form', { text: 'rows that differ' })
  }

  #checkField(column: Column, name: string, { dtype, rowShape, meaning }: Field): void {
    if (meaning === 'text' && !(column instanceof NumberColumn)) return
    const own = this.#field(column, name)
    if (own.meaning === meaning && own.dtype === dtype && sameShape(own.rowShape, rowShape)) return
    const shown = (field: Field): string =>
      field.meaning === 'text' ? 'text' : `${field.dtype} of shape [${field.rowShape.join(', ')}]`
    fail('ERR_DATA', this.#where(name), `${shown({ dtype, rowShape, meaning })}, as in the first rows`, {
      text: shown(own),
    })
  }

  async #block(chunk: Chunk): Promise<void> {
    const parts: Uint8Array[] = []
    formOf(rowsOf(chunk)!.columns, (column, name) => {
      const number = parts.length
      const isText = this.#shape!.fields[number]!.meaning === 'text'
      const values = isText ? this.#codes(column, name, this.#texts[number]!) : (column as NumberColumn).values
      return parts.push(padded(bytesOf(values)))
    })
    const bytes = Buffer.concat(parts)
    if (this.#checksums.length === 0) await this.#write(MAGIC)
    await this.#write(bytes)
    this.#checksums.push(crc32(bytes))
    this.#rows += chunk.length
  }

  #codes(column: Column, name: string, texts: Map<string, number>): Uint32Array {
    return Uint32Array.from(column.each(), (value) => {
      if (typeof value !== 'string') return fail('ERR_DATA', this.#where(name), 'numbers, truth values or text', value)
      const code = texts.get(value) ?? texts.size
      texts.set(value, code)
      return code
    })
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await reached(this.#path, () => this.#file.write(bytes))
  }

  async end(): Promise<void> {
    if (this.#length > 0) await this.#block(joinChunks(this.#held))
    if (this.#shape === undefined) fail('ERR_DATA', 'Dataset.cache', 'at least one row', { text: 'none' })
    const texts = this.#texts.map((own, i) => (this.#shape!.fields[i]!.meaning === 'text' ? [...own.keys()] : null))
    const footer: Footer = { ...this.#shape!, rows: this.#rows, texts, checksums: this.#checksums }
    const bytes = Buffer.from(JSON.stringify(footer))
    const tail = Buffer.alloc(8)
    tail.writeUInt32LE(bytes.length, 0)
    tail.writeUInt32LE(crc32(bytes), 4)
    await this.#write(Buffer.concat([bytes, tail, MAGIC]))
  }

  #where(name: string): string {
    return name === '' ? 'Dataset.cache' : `Dataset.cache column ${name}`
  }
}

/** A tree with a number for each column. */
function formOf(tree: ColumnTree, number: (column: Column, name: string) => number, name = ''): Form {
  if (isColumn(tree)) return number(tree, name)
  const inner = (part: ColumnTree, key: string): Form => formOf(part, number, name === '' ? key : `${name}.${key}`)
  if (Array.isArray(tree)) return tree.map((part, i) => inner(part, String(i)))
  return Object.fromEntries(
    Object.entries(tree as Readonly<Record<string, ColumnTree>>).map(([key, part]) => [key, inner(part, key)]),
  )
}

function widthOf(rowShape: Shape): number {
  return rowShape.reduce((product, length) => product * length, 1)
}

function padded(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % 8
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(8 - rest)])
}

/** The rows of a flow, kept in a file: written by its first pass, or read where the file is there. */
export async function rowsKeptIn<T>(path: string, flow: Flow<T>): Promise<Flow<T>> {
  if (!existsSync(path))
    await writeRows(
      path,
      flow.open(0, 0, () => MANY),
    )
  return storedRows<T>(path)
}

/** The rows of a file: in order from any row on, or mixed block by block. */
async function storedRows<T>(path: string): Promise<Flow<T>> {
  const footer = await reading(path, (file) => footerOf(path, file))
  const { rows: count, blockRows } = footer
  const blocks = footer.checksums.length
  return {
    count,
    isWide: true,
    identity: async () => ({ from: await fileIdentity(path) }),
    async *open(_, from, demand) {
      const file = await reached(path, () => open(path, 'r'))
      try {
        for (let block = Math.floor(from / blockRows), skip = from % blockRows; block < blocks; block++, skip = 0) {
          const rows = await blockOf<T>(path, file, footer, block)
          for (let at = skip; at < rows.length; ) {
            const end = Math.min(rows.length, at + atLeastOne(demand))
            yield rows.slice(at, end)
            at = end
          }
        }
      } finally {
        await file.close()
      }
    },
    mixed: (window, seed) => mixedRows<T>(path, footer, window, seed),
  }
}

/**
 * Rows in another order each pass: the blocks are permuted, and the rows of each few consecutive blocks of that order. Both are
 * computed, so that a pass begins anywhere; so many rows as the window has are in memory.
 */
function mixedRows<T>(path: string, footer: Footer, window: number, seed: number): Flow<T>['open'] {
  const { blockRows, rows: count } = footer
  const blocks = footer.checksums.length
  const group = Math.max(1, Math.round(window / blockRows))
  return async function* (pass, from, demand) {
    const order = new KeyedPermutation(blocks, seed, pass)
    const lengthOf = (block: number): number => Math.min(blockRows, count - block * blockRows)
    const file = await reached(path, () => open(path, 'r'))
    try {
      let skip = from
      for (let first = 0; first < blocks; first += group) {
        const own = order.range(first, Math.min(group, blocks - first))
        const length = own.reduce((sum, block) => sum + lengthOf(block), 0)
        if (skip >= length) {
          skip -= length
          continue
        }
        const chunks = await Promise.all(Array.from(own, (block) => blockOf<T>(path, file, footer, block)))
        const all = joinChunks(chunks)
        const places = new KeyedPermutation(length, seed + (first + 1) * 0x9e3779b1, pass)
        for (let at = skip; at < length; ) {
          const some = Math.min(atLeastOne(demand), length - at)
          yield all.gather(places.range(at, some))
          at += some
        }
        skip = 0
      }
    } finally {
      await file.close()
    }
  }
}

async function blockOf<T>(path: string, file: FileHandle, footer: Footer, block: number): Promise<Rows<T>> {
  const { blockRows, rows, fields, form, texts, checksums } = footer
  const length = Math.min(blockRows, rows - block * blockRows)
  const bytes = new Uint8Array(bytesOfBlock(fields, length))
  await readAll(path, file, bytes, MAGIC.length + block * bytesOfBlock(fields, blockRows))
  if (crc32(bytes) !== checksums[block]) damaged(path, `block ${block} of ${checksums.length} is not as it was written`)
  let at = 0
  const columns = fields.map(({ dtype, rowShape, meaning }, i) => {
    const values = new kinds[dtype](bytes.buffer, at, length * widthOf(rowShape))
    at += Math.ceil(values.byteLength / 8) * 8
    return meaning === 'text'
      ? new TextColumn(texts[i]!, values as Uint32Array)
      : new NumberColumn(values, rowShape, meaning)
  })
  return new Rows<T>(treeOf(form, columns), length)
}

function bytesOfBlock(fields: readonly Field[], rows: number): number {
  const bytes = ({ dtype, rowShape }: Field): number =>
    Math.ceil((rows * widthOf(rowShape) * kinds[dtype].BYTES_PER_ELEMENT) / 8) * 8
  return fields.reduce((sum, field) => sum + bytes(field), 0)
}

function treeOf(form: Form, columns: readonly Column[]): ColumnTree {
  if (typeof form === 'number') return columns[form]!
  if (Array.isArray(form)) return form.map((part: Form) => treeOf(part, columns))
  return Object.fromEntries(Object.entries(form).map(([name, part]) => [name, treeOf(part as Form, columns)]))
}

async function footerOf(path: string, file: FileHandle): Promise<Footer> {
  const { size } = await file.stat()
  const tail = new Uint8Array(8 + MAGIC.length)
  if (size < MAGIC.length + tail.length) damaged(path, 'it is cut short')
  await readAll(path, file, tail, size - tail.length)
  if (!MAGIC.equals(tail.subarray(8))) damaged(path, 'it is none, or cut short')
  const view = new DataView(tail.buffer)
  const length = view.getUint32(0, true)
  if (length > size - tail.length - MAGIC.length) damaged(path, 'it is cut short')
  const bytes = new Uint8Array(length)
  await readAll(path, file, bytes, size - tail.length - length)
  if (crc32(bytes) !== view.getUint32(4, true)) damaged(path, 'its footer is not as it was written')
  const footer = JSON.parse(Buffer.from(bytes).toString()) as Footer
  const { rows, blockRows, fields } = footer
  const whole = Math.floor(rows / blockRows)
  const blocks = whole * bytesOfBlock(fields, blockRows) + bytesOfBlock(fields, rows % blockRows)
  if (size !== MAGIC.length + blocks + length + tail.length) damaged(path, 'it has not the length that its footer says')
  return footer
}

async function readAll(path: string, file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await reached(path, () => file.read(into, at, into.length - at, position + at))
    if (bytesRead === 0) damaged(path, 'it is cut short')
    at += bytesRead
  }
}

async function reading<R>(path: string, work: (file: FileHandle) => Promise<R>): Promise<R> {
  const file = await reached(path, () => open(path, 'r'))
  try {
    return await work(file)
  } finally {
    await file.close()
  }
}

async function reached<R>(path: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (cause) {
    throw new FerrogradError('ERR_IO', `${path}: ${(cause as Error).message}`, { cause, where: path })
  }
}

function damaged(path: string, text: string): never {
  return fail('ERR_FORMAT', path, 'a whole file of rows', { text }, 'Remove it: cache writes it again')
}

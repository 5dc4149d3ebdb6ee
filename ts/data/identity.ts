/** What tells one pipeline from another: the numbers of its sources, its stages and their options. */

import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { crc32 } from 'node:zlib'
import { bytesOf } from '../core/dtype.js'
import { Tensor } from '../core/tensor.js'
import { textOf } from '../options/function-text.js'
import type { Json, TypedArray } from '../types.js'
import { type BytesLike, byteSources } from './bytes.js'
import { type ColumnTree, isColumn, Listed, NumberColumn } from './column.js'
import type { Described, Flow, Identity } from './flow.js'
import { TextColumn } from './text-column.js'

/** The stages that lead to a flow, the source first. */
export async function stagesOf(flow: Flow): Promise<readonly Described[]> {
  return (await flow.stages?.()) ?? [{ stage: 'unknown' }]
}

/** A stage behind others, as {@link stagesOf} lists it: its options, and the data sets that come in beside the first. */
export function stageOf(
  stage: string,
  options: Readonly<Record<string, unknown>>,
  from: readonly Flow[],
): Flow['stages'] {
  return async () => {
    const [first, ...others] = from
    const before = first === undefined ? [] : await stagesOf(first)
    const beside = await Promise.all(others.map(stagesOf))
    const own = { stage, ...((await plain(options)) as Described), ...(beside.length > 0 && { beside }) }
    return [...before, own]
  }
}

/** A source alone, as {@link stagesOf} lists it. */
export function sourceOf(stage: string, identity: Identity | undefined): Flow['stages'] {
  return async () => [{ stage, ...(await identity?.()) }]
}

/** Options as they are written: functions by name and text, arrays by what is in them. */
async function plain(value: unknown): Promise<Json> {
  if (value === undefined || value === null) return null
  if (typeof value === 'function') return { function: value.name, text: textOf(value as () => unknown) }
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object') return value as Json
  if (value instanceof URL) return await fileIdentity(value)
  if (value instanceof RegExp || value instanceof Date) return String(value)
  if (ArrayBuffer.isView(value) || value instanceof Tensor) return await checksumOf(value)
  if (Array.isArray(value)) return value.length > 64 ? await checksumOf(value) : await Promise.all(value.map(plain))
  if (Object.getPrototypeOf(value) !== Object.prototype) return value.constructor?.name ?? 'object'
  const entries = Object.entries(value).map(async ([name, one]) => [name, await plain(one)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** Columns, each by its kind and a checksum of its values. */
export async function columnsIdentity(columns: ColumnTree): Promise<Json> {
  if (!isColumn(columns)) {
    const entries = Object.entries(columns).map(
      async ([name, one]) => [name, await columnsIdentity(one as ColumnTree)] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }
  const { rows } = columns
  if (columns instanceof NumberColumn) {
    const { values, rowShape, meaning } = columns
    const kind = meaning === 'bool' ? meaning : values.constructor.name
    return { kind, shape: [rows, ...rowShape], checksum: await checksumOf(values) }
  }
  if (columns instanceof TextColumn) return { rows, checksum: await checksumOf([columns.texts, columns.codes]) }
  if (columns instanceof Listed) return { rows, checksum: await checksumOf(columns.list) }
  return { rows, checksum: await checksumOf(columns.each()) }
}

/** What bytes come from: files by name, length, beginning and end; bytes by a checksum; of streams nothing is known. */
export async function bytesIdentity(where: string, from: BytesLike): Promise<Json> {
  if (from instanceof Uint8Array) return { bytes: from.length, checksum: await checksumOf(from) }
  if (typeof from === 'function') return await plain(from)
  if (typeof from !== 'string' && !Array.isArray(from)) return 'a stream'
  const files = await byteSources(where, from as string | readonly string[])
  return await Promise.all(files.map(async ({ path, name }) => (path === undefined ? name : await fileIdentity(path))))
}

/** How much of a file is looked at, at either end. */
const END = 1 << 16

/** A file by its name, length, and a checksum of its first and last 64 KiB: wherever it lies, and whenever it was copied there. */
export async function fileIdentity(path: string | URL): Promise<Json> {
  const name = basename(path instanceof URL ? fileURLToPath(path) : path)
  try {
    const { size } = await stat(path)
    const file = await open(path)
    try {
      const first = await file.read(new Uint8Array(Math.min(END, size)), 0, undefined, 0)
      const last = await file.read(new Uint8Array(Math.min(END, size)), 0, undefined, Math.max(0, size - END))
      return { file: name, size, ends: crc32(last.buffer, crc32(first.buffer)).toString(16) }
    } finally {
      await file.close()
    }
  } catch {
    // Whoever reads it says what is wrong with it.
    return { file: name }
  }
}

/** A checksum of all that is in a value: numbers, text, arrays, lists and objects. The event loop goes on meanwhile. */
export async function checksumOf(value: unknown): Promise<string> {
  const sum = new Checksum()
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += ELEMENTS) {
      if (at > 0) await turn()
      sum.add(value.slice(at, at + ELEMENTS))
    }
  } else if (ArrayBuffer.isView(value)) {
    const bytes = bytesOf(value as TypedArray)
    for (let at = 0; at < bytes.length; at += PIECE) {
      if (at > 0) await turn()
      sum.add(bytes.subarray(at, at + PIECE))
    }
  } else sum.add(value)
  return sum.hex
}

/** Bytes, and elements of a list, at a time. */
const PIECE = 1 << 24
const ELEMENTS = 1 << 16
/** So many texts are known by a number, from this one on. */
const TEXTS = 4096
const KNOWN = 2 ** 52
/** Deeper than this nobody looks. */
const DEPTH = 32

class Checksum {
  #crc = 0
  /** Numbers that wait for others to go with them. */
  readonly #numbers = new Float64Array(2048)
  #count = 0
  readonly #texts = new Map<string, number>()

  get hex(): string {
    this.#flush()
    return this.#crc.toString(16)
  }

  add(value: unknown, depth = 0): void {
    if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'string') this.#text(value)
    else if (typeof value !== 'object' || value === null || value instanceof Date) this.#text(wordFor(value))
    else if (ArrayBuffer.isView(value)) this.#bytes(bytesOf(value as TypedArray))
    else if (value instanceof Tensor) this.#bytes(bytesOf(value.dataSync()))
    else if (depth < DEPTH) this.#inside(value, depth + 1)
  }

  #inside(value: object, depth: number): void {
    const list = Array.isArray(value) ? value : value instanceof Map || value instanceof Set ? [...value] : undefined
    if (list === undefined) {
      for (const name of Object.keys(value)) {
        this.#text(name)
        this.add((value as Readonly<Record<string, unknown>>)[name], depth)
      }
      return
    }
    this.#number(list.length)
    for (let i = 0; i < list.length; i++) this.add(list[i], depth)
  }

  #number(value: number): void {
    if (this.#count === this.#numbers.length) this.#flush()
    this.#numbers[this.#count] = value
    this.#count += 1
  }

  /** Names of columns and categories come again and again: a number then stands for them. */
  #text(text: string): void {
    const known = this.#texts.get(text)
    if (known === undefined) this.#newText(text)
    else this.#number(known)
  }

  #newText(text: string): void {
    if (this.#texts.size < TEXTS) this.#texts.set(text, KNOWN + this.#texts.size)
    this.#number(text.length)
    this.#flush()
    this.#crc = crc32(text, this.#crc)
  }

  #flush(): void {
    this.#crc = crc32(bytesOf(this.#numbers.subarray(0, this.#count)), this.#crc)
    this.#count = 0
  }

  #bytes(bytes: Uint8Array): void {
    this.#flush()
    // Node takes no memory that other threads write to.
    this.#crc = crc32(types.isSharedArrayBuffer(bytes.buffer) ? bytes.slice() : bytes, this.#crc)
  }
}

/** A word for what is neither number nor text. */
function wordFor(value: unknown): string {
  if (value instanceof Date) return String(value.getTime())
  return typeof value === 'function' ? textOf(value as () => unknown) : `${typeof value} ${String(value)}`
}

/** What a list or an iterable is; of what is opened anew each pass, the function that opens it. */
export function givenIdentity(source: unknown): Identity {
  return async () => {
    if (Array.isArray(source)) return { elements: source.length, checksum: await checksumOf(source) }
    if (typeof source === 'function') return { source: await plain(source) }
    return { source: (source as object).constructor?.name ?? 'iterable' }
  }
}

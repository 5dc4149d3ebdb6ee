/** Files of Parquet, a row group at a time, read by hyparquet. */

import { FerrogradError, fail, hintFor } from '../../errors.js'
import type { OptionsOf } from '../../options/fields.js'
import { optionsReader } from '../../options/reader.js'
import { type Chunk, Rows } from '../chunk.js'
import type { Column } from '../column.js'
import { Dataset } from '../dataset.js'
import { inPieces } from '../flow.js'
import { fileIdentity } from '../identity.js'
import type { AnyRow } from '../schema.js'
import { columnOfValues } from './polars.js'

/** What is used of the package `hyparquet`, which is to be installed beside this one. */
export interface Hyparquet {
  asyncBufferFromFile(path: string): Promise<ParquetFile>
  parquetMetadataAsync(file: ParquetFile): Promise<ParquetMetadata>
  /** Tells `onChunk` of each run of a column's values before it resolves. */
  parquetRead(options: object): Promise<void>
}

/** Bytes that can be had by their places. */
export interface ParquetFile {
  readonly byteLength: number
  slice(start: number, end?: number): Promise<ArrayBuffer> | ArrayBuffer
}

/** How many rows there are, and of what. */
export interface ParquetMetadata {
  readonly num_rows: bigint
  readonly row_groups: readonly { readonly num_rows: bigint }[]
  readonly schema: readonly ParquetElement[]
}

/** A column, or what others are in: its columns come next. */
interface ParquetElement {
  readonly name: string
  readonly type?: string
  readonly num_children?: number
  readonly converted_type?: string
  readonly logical_type?: { readonly type?: string }
}

const fields = {
  /** The columns that are read; all of them unless given. */
  columns: { type: 'strings', default: null },
  /** The package; what `import('hyparquet')` finds unless given. */
  library: { type: 'given', default: null },
  /** What unpacks pages beside uncompressed and Snappy ones: `compressors` of `hyparquet-compressors`. Default null. */
  compressors: { type: 'given', default: null },
} as const

const read = optionsReader('fromParquet', fields)

/** How {@link fromParquet} reads. */
export interface ParquetOptions extends OptionsOf<typeof fields> {
  readonly library?: Hyparquet
  readonly compressors?: object
}

/**
 * The rows of a Parquet file by its path, or of bytes that can be had by their places, decoded by `hyparquet` a column of a row
 * group at a time: it decodes whole row groups, whatever it is asked for. Missing numbers are NaN, missing text is the empty text;
 * FLOAT becomes float32, other numbers float64 (decimals the nearest one), dates milliseconds since 1970 UTC; bytes of no type are
 * text.
 *
 * @throws `ERR_DATA` for nested columns, times of day, dates beyond those of `Date`, missing truth values and integers beyond 2⁵³, by
 * column; `ERR_IO` where the file cannot be read; `ERR_CONFIG` where `hyparquet` is not installed.
 *
 * @example
 * ```ts
 * import { fromParquet } from 'ferrograd/data'
 *
 * const rows = await fromParquet<{ age: number; left: number }>('customers.parquet', { columns: ['age', 'left'] })
 * console.log(rows.count)
 * ```
 */
export async function fromParquet<T = AnyRow>(
  from: string | ParquetFile,
  options?: ParquetOptions,
): Promise<Dataset<T>> {
  const { columns, library, compressors } = read(options)
  const hyparquet = (library as Hyparquet | undefined) ?? (await imported())
  const file = typeof from === 'string' ? await reading(from, () => hyparquet.asyncBufferFromFile(from)) : from
  const name = typeof from === 'string' ? from : 'the file'
  const metadata = await reading(name, () => hyparquet.parquetMetadataAsync(file))
  const types = typesOf(metadata)
  const known = [...types.keys()]
  for (const column of columns ?? [])
    if (!types.has(column))
      fail('ERR_CONFIG', 'fromParquet.columns', `a column among ${known.join(', ')}`, column, hintFor(column, known))
  const names = columns ?? known
  for (const own of names) refuseKind(own, types.get(own)!)
  const count = Number(metadata.num_rows)
  const columnIn = async (own: string, rowStart: number, rowEnd: number): Promise<Column> => {
    const runs: ArrayLike<unknown>[] = []
    const options = {
      file,
      metadata,
      columns: [own],
      rowStart,
      rowEnd,
      ...(compressors !== undefined && { compressors }),
      onChunk: ({ columnData }: { columnData: ArrayLike<unknown> }) => void runs.push(columnData),
    }
    await reading(name, () => hyparquet.parquetRead(options))
    const values = runs.length === 1 ? runs[0]! : runs.flatMap((run) => Array.from(run))
    return columnOfValues(`${name} from row ${rowStart}, column ${own}`, types.get(own)!, values)
  }
  const groupsFrom = async function* (skip: number): AsyncGenerator<Chunk<T>> {
    let start = 0
    for (const { num_rows } of metadata.row_groups) {
      const [first, end] = [start, start + Number(num_rows)]
      start = end
      if (end <= skip) continue
      const read: (readonly [string, Column])[] = []
      for (const own of names) read.push([own, await columnIn(own, first, end)])
      yield new Rows<T>(Object.fromEntries(read), end - first).slice(Math.max(0, skip - first), end - first)
    }
  }
  return Dataset.of<T>('fromParquet', {
    isWide: true,
    count,
    identity: async () => ({
      from: typeof from === 'string' ? await fileIdentity(from) : { rows: count },
      columns: [...names],
    }),
    open: (_, skip, demand) => inPieces(groupsFrom(skip), demand),
  })
}

/** Kinds of columns by their names, as {@link columnOfValues} calls them, or as {@link REFUSED} does. */
function typesOf({ schema }: ParquetMetadata): Map<string, string> {
  const types = new Map<string, string>()
  for (let at = 1; at < schema.length; at = behind(schema, at)) types.set(schema[at]!.name, kindOf(schema[at]!))
  return types
}

/** The place behind an element and all that is in it. */
function behind(schema: ParquetMetadata['schema'], at: number): number {
  let next = at + 1
  for (let left = schema[at]?.num_children ?? 0; left > 0; left--) next = behind(schema, next)
  return next
}

function kindOf({ type, num_children = 0, converted_type = '', logical_type }: ParquetElement): string {
  const meant = logical_type?.type
  if (num_children > 0) return 'nested'
  if (meant === 'TIME' || converted_type.startsWith('TIME_')) return 'time'
  if (type === 'FLOAT') return 'Float32'
  if (type === 'BOOLEAN') return 'Bool'
  const isNumber = meant === 'DECIMAL' || converted_type === 'DECIMAL'
  return (type === 'BYTE_ARRAY' && !isNumber) || meant === 'UUID' ? 'String' : 'Float64'
}

const REFUSED: Readonly<Record<string, readonly [expected: string, got: string] | undefined>> = {
  nested: ['a column of one value a row', 'a nested one'],
  time: ['numbers, truth values, dates or text', 'times of day'],
}

function refuseKind(column: string, kind: string): void {
  const refused = REFUSED[kind]
  if (refused === undefined) return
  const [expected, text] = refused
  fail(
    'ERR_DATA',
    `fromParquet column ${column}`,
    expected,
    { text },
    'Choose others by columns, or cast it by fromDuckDB',
  )
}

async function imported(): Promise<Hyparquet> {
  const name = 'hyparquet'
  try {
    return (await import(name)) as Hyparquet
  } catch {
    return fail(
      'ERR_CONFIG',
      'fromParquet',
      'hyparquet',
      { text: 'a package that is not installed' },
      'npm install hyparquet',
    )
  }
}

async function reading<R>(name: string, work: () => Promise<R> | R): Promise<R> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof FerrogradError) throw cause
    throw new FerrogradError('ERR_IO', `${name}: ${(cause as Error).message}`, { cause, where: name })
  }
}

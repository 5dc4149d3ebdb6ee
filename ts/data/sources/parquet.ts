/** Files of Parquet, a row group at a time, read by hyparquet. */

import { FerrogradError, fail } from '../../errors.js'
import { type Chunk, Rows } from '../chunk.js'
import { Dataset } from '../dataset.js'
import type { AnyRow } from '../schema.js'
import { columnOfValues } from './polars.js'

/** What is used of the package `hyparquet`, which is to be installed beside this one. */
export interface Hyparquet {
  asyncBufferFromFile(path: string): Promise<ParquetFile>
  parquetMetadataAsync(file: ParquetFile): Promise<ParquetMetadata>
  parquetReadObjects(options: object): Promise<readonly Readonly<Record<string, unknown>>[]>
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
  readonly schema: readonly { readonly name: string; readonly type?: string; readonly num_children?: number }[]
}

/** How {@link fromParquet} reads. */
export interface ParquetOptions {
  /** The columns that are read. Default all. */
  readonly columns?: readonly string[]
  /** The package, where `import('hyparquet')` does not find it. */
  readonly library?: Hyparquet
  /** What unpacks pages beside uncompressed and Snappy ones: `compressors` of `hyparquet-compressors`. */
  readonly compressors?: object
}

/** Rows that are decoded at a time. */
const PORTION = 4096

/**
 * The rows of a Parquet file by its path, or of bytes that can be had by their places, decoded by `hyparquet` some thousand at a
 * time. Missing numbers are NaN, missing text is the empty text; FLOAT becomes float32, other numbers float64, dates milliseconds
 * since 1970 UTC.
 *
 * @throws `ERR_DATA` for nested columns, missing truth values and integers beyond 2⁵³, by column; `ERR_IO` where the file cannot be
 * read; `ERR_CONFIG` where `hyparquet` is not installed.
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
  { columns, library, compressors }: ParquetOptions = {},
): Promise<Dataset<T>> {
  const hyparquet = library ?? (await imported())
  const file = typeof from === 'string' ? await reading(from, () => hyparquet.asyncBufferFromFile(from)) : from
  const name = typeof from === 'string' ? from : 'the file'
  const metadata = await reading(name, () => hyparquet.parquetMetadataAsync(file))
  const types = typesOf(metadata)
  for (const column of columns ?? []) {
    if (!types.has(column))
      fail('ERR_CONFIG', 'fromParquet.columns', `a column among ${[...types.keys()].join(', ')}`, column)
  }
  const names = columns ?? [...types.keys()]
  const count = Number(metadata.num_rows)
  const portion = async (rowStart: number, rowEnd: number): Promise<Rows<T>> => {
    const options = { file, metadata, columns: [...names], rowStart, rowEnd, ...(compressors && { compressors }) }
    const rows = await reading(name, () => hyparquet.parquetReadObjects(options))
    const read = names.map((own) => {
      const where = `${name} from row ${rowStart}, column ${own}`
      return [
        own,
        columnOfValues(
          where,
          types.get(own)!,
          rows.map((row) => row[own]),
        ),
      ] as const
    })
    return new Rows<T>(Object.fromEntries(read), rows.length)
  }
  return Dataset.of<T>('fromParquet', {
    isWide: true,
    count,
    async *open(_, skip): AsyncGenerator<Chunk<T>> {
      for (let at = skip; at < count; at += PORTION) yield await portion(at, Math.min(count, at + PORTION))
    },
  })
}

/** Kinds of columns by their names, as {@link columnOfValues} calls them. */
function typesOf({ schema }: ParquetMetadata): Map<string, string> {
  const [, ...columns] = schema
  const nested = columns.find(({ num_children = 0 }) => num_children > 0)
  if (nested !== undefined)
    fail(
      'ERR_DATA',
      `fromParquet column ${nested.name}`,
      'a column of one value a row',
      { text: 'a nested one' },
      'Choose others by columns',
    )
  return new Map(
    columns.map(({ name, type }) => [name, type === 'FLOAT' ? 'Float32' : type === 'INT32' ? 'Float64' : (type ?? '')]),
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

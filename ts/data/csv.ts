/** Tables of CSV and TSV: parsed by Rust, off the event loop, a block of bytes at a time. */

import { BindingCsv, type BindingCsvColumn } from '../core/native.js'
import { job, native, runtime } from '../core/runtime.js'
import { FerrogradError, fail, suggest } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { type ByteSource, type BytesLike, byteSources } from './bytes.js'
import { type Chunk, Rows } from './chunk.js'
import { type Column, NumberColumn } from './column.js'
import { type Demand, dropped, type Flow } from './flow.js'
import { TextColumn } from './text-column.js'

const kinds = ['float32', 'float64', 'int32', 'bool', 'string', 'date'] as const

/**
 * What a column holds. A missing value is NaN in `float32`, `float64` and `date` (milliseconds since 1970 UTC, out of ISO 8601),
 * the empty text in `string`, and an error in `int32` and `bool`.
 */
export type ColumnKind = (typeof kinds)[number]

/** The columns that are read, by name. */
export type Schema = Readonly<Record<string, ColumnKind>>

/** Rows of a schema. */
export type SchemaRow<S extends Schema> = {
  readonly [K in keyof S]: S[K] extends 'string' ? string : S[K] extends 'bool' ? boolean : number
}

/** Rows whose columns are found in the file. */
export type AnyRow = Readonly<Record<string, number | string | boolean>>

const csvFields = {
  /** Between fields. Default a comma; a tab in files named `.tsv`. Default null. */
  delimiter: { type: 'string', default: null },
  /** Whether the first record has the names of the columns. Default true. */
  header: { type: 'boolean', default: true },
  /** From how many records the kinds of columns are found where no schema says them. Default 1000. */
  sample: { type: 'integer', default: 1000, min: 1 },
} as const

const read = optionsReader('Dataset.csv', csvFields)

/** Options of `Dataset.csv`. */
export interface CsvOptions<S extends Schema = Schema> extends OptionsOf<typeof csvFields>, Named {
  /** The columns to read and what they hold; without it all columns, of kinds found in the first records. */
  readonly schema?: S
  /** Fields that stand for a missing value, beside the empty one. Default `NA`, `N/A`, `NaN`, `nan`, `null`, `NULL`. */
  readonly missing?: readonly string[]
}

const MISSING = ['NA', 'N/A', 'NaN', 'nan', 'null', 'NULL']

/** The rows of some tables, one after the other; the first one's columns are those of all. */
export function csvFlow(from: BytesLike, options: CsvOptions = {}): Flow<AnyRow> {
  const { schema, missing = MISSING, ...rest } = options
  const plan = { ...read(rest), missing, schema: checkedSchema(schema) }
  const open = async function* ({ left }: Demand): AsyncGenerator<Chunk<AnyRow>> {
    let known = plan.schema
    for (const source of await byteSources('Dataset.csv', from)) {
      for await (const rows of rowsOf(source, { ...plan, schema: known }, left)) {
        known ??= rows.schema
        yield rows.chunk
      }
    }
  }
  return { isWide: true, open: (_, skip, demand) => (skip === 0 ? open(demand) : dropped(open(demand), skip)) }
}

interface Plan {
  readonly delimiter: string | null | undefined
  readonly header: boolean
  readonly sample: number
  readonly missing: readonly string[]
  readonly schema: Schema | undefined
}

function checkedSchema(schema: Schema | undefined): Schema | undefined {
  for (const [name, kind] of Object.entries(schema ?? {}))
    if (!kinds.includes(kind)) fail('ERR_CONFIG', `Dataset.csv.schema.${name}`, `one of ${kinds.join(', ')}`, kind)
  return schema
}

interface Read {
  readonly chunk: Rows<AnyRow>
  readonly schema: Schema
}

/** The rows of a block are given before the next one is waited for: a stream may be slow. */
async function* rowsOf(source: ByteSource, plan: Plan, left: AbortSignal | undefined): AsyncGenerator<Read> {
  const csv = opened(source, plan)
  for await (const block of source.open(left)) {
    const read = await parsed(source, csv, block, false)
    if (read !== undefined) yield read
  }
  const read = await parsed(source, csv, new Uint8Array(0), true)
  if (read !== undefined) yield read
}

function opened({ name }: ByteSource, { delimiter, header, sample, missing, schema }: Plan): BindingCsv {
  const between = delimiter ?? (/\.tsv(\.gz)?$/.test(name) ? '\t' : ',')
  if (between.length !== 1 || between.charCodeAt(0) > 127)
    fail('ERR_CONFIG', 'Dataset.csv.delimiter', 'one ASCII character', delimiter)
  const entries = Object.entries(schema ?? {})
  return native(
    () =>
      new BindingCsv({
        delimiter: between.charCodeAt(0),
        header,
        sample,
        missing: [...missing],
        names: entries.map(([column]) => column),
        kinds: entries.map(([, kind]) => kind),
        only: schema !== undefined,
      }),
  )
}

async function parsed(
  source: ByteSource,
  csv: BindingCsv,
  block: Uint8Array,
  last: boolean,
): Promise<Read | undefined> {
  try {
    await job((ticket) => csv.read(runtime(), block, last, ticket))
  } catch (error) {
    if (!(error instanceof FerrogradError)) throw error
    const separator = error.message.startsWith('line ') ? ' ' : ': '
    throw new FerrogradError(error.code, `${source.name}${separator}${error.message}${nearest(error.message)}`, {
      cause: error,
      where: source.name,
    })
  }
  return readOf(native(() => csv.take()))
}

/** The nearest name where a column of the schema is not there. */
function nearest(message: string): string {
  const [, name, known] = /^no column '(.*)' among (.*)$/s.exec(message) ?? []
  const near = name === undefined ? '' : suggest(name, known!.split(', '))
  return near === '' ? '' : `; ${near}`
}

function readOf(bound: readonly BindingCsvColumn[]): Read | undefined {
  const columns: Record<string, Column> = {}
  for (const column of bound) columns[column.name] = columnOf(column)
  const schema = Object.fromEntries(bound.map(({ name, kind }) => [name, kind as ColumnKind]))
  const rows = Object.values(columns)[0]?.rows ?? 0
  return rows === 0 ? undefined : { chunk: new Rows<AnyRow>(columns, rows), schema }
}

function columnOf({ float32, float64, int32, bool, values, codes }: BindingCsvColumn): Column {
  if (bool !== undefined) return new NumberColumn(bool, [], 'bool')
  if (values !== undefined && codes !== undefined) return new TextColumn(values, codes)
  return new NumberColumn((float32 ?? float64 ?? int32)!)
}

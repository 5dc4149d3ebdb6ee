/** Tables of CSV and TSV. */

import { BindingTable } from '../core/native.js'
import { fail } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import type { BytesLike } from './bytes.js'
import type { Flow } from './flow.js'
import { type AnyRow, checkSchema, type Schema } from './schema.js'
import { tableFlow } from './table.js'

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
  const where = 'Dataset.csv'
  const { schema, missing = MISSING, ...rest } = options
  const { delimiter, header, sample } = read(rest)
  checkSchema(where, schema)
  return tableFlow({
    where,
    from,
    schema,
    open(name, known) {
      const between = delimiter ?? (/\.tsv(\.gz)?$/.test(name) ? '\t' : ',')
      if (between.length !== 1 || between.charCodeAt(0) > 127)
        fail('ERR_CONFIG', `${where}.delimiter`, 'one ASCII character', delimiter)
      const [names, kinds] = [Object.keys(known ?? {}), Object.values(known ?? {})]
      return BindingTable.csv(
        { delimiter: between.charCodeAt(0), header, missing: [...missing] },
        { names, kinds, only: known !== undefined, sample },
      )
    },
  })
}

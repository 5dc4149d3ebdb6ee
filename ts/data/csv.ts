/** Tables of CSV and TSV. */

import { BindingTable } from '../core/native.js'
import { fail } from '../errors.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import type { Json } from '../types.js'
import type { BytesLike } from './bytes.js'
import type { Flow } from './flow.js'
import { type AnyRow, checkedSchema, type Schema } from './schema.js'
import { tableFlow } from './table.js'

const csvFields = {
  /**
   * The columns to read and what they hold; without it all columns, of kinds found in the first records. Default null.
   */
  schema: { type: 'given', default: null },
  /** Between fields, one ASCII character. A comma unless given; a tab in files named `.tsv`. */
  delimiter: { type: 'string', default: null },
  /** Whether the first record has the names of the columns. Default true. */
  header: { type: 'boolean', default: true },
  /**
   * Fields that stand for a missing value, beside the empty one. Default ['NA', 'N/A', 'NaN', 'nan', 'null', 'NULL'].
   */
  missing: { type: 'strings', default: ['NA', 'N/A', 'NaN', 'nan', 'null', 'NULL'] },
  /**
   * From how many records, of those that begin within 16 MB, the kinds of columns are found where no schema says them:
   * rows come once they are there. Default 1000.
   */
  sample: { type: 'integer', default: 1000, min: 1 },
} as const

const read = optionsReader('Dataset.csv', csvFields)

/** Options of `Dataset.csv`. */
export interface CsvOptions<S extends Schema = Schema> extends OptionsOf<typeof csvFields> {
  readonly schema?: S
}

/** The rows of some tables, one after the other; the first one's columns are those of all. */
export function csvFlow(from: BytesLike, options?: CsvOptions): Flow<AnyRow> {
  const where = 'Dataset.csv'
  const { schema, delimiter, header, missing, sample } = read(options)
  if (delimiter !== undefined && !isByte(delimiter))
    fail('ERR_CONFIG', `${where}.delimiter`, 'one ASCII character', delimiter)
  return tableFlow({
    where,
    from,
    schema: checkedSchema(where, schema),
    options: { schema: schema ?? null, delimiter: delimiter ?? null, header, missing, sample } as Json,
    open(name, known) {
      const between = delimiter ?? (/\.tsv(\.(gz|zst))?$/i.test(name) ? '\t' : ',')
      const [names, kinds] = [Object.keys(known ?? {}), Object.values(known ?? {})]
      return BindingTable.csv(
        { delimiter: between.charCodeAt(0), header, missing: [...missing] },
        { names, kinds, only: known !== undefined, sample },
      )
    },
  })
}

function isByte(text: string): boolean {
  return text.length === 1 && text.charCodeAt(0) <= 127
}

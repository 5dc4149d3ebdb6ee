/** JSON lines: an object a line, whose members are the columns. */

import { BindingTable } from '../core/native.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import type { Json } from '../types.js'
import type { BytesLike } from './bytes.js'
import type { Flow } from './flow.js'
import { checkedSchema, type JsonSchema } from './schema.js'
import { tableFlow } from './table.js'

const jsonlFields = {
  /**
   * The members to read and what they hold, others being passed over. Without it all members of the first records:
   * numbers are `float64`, text and truth values are what they are, whatever else or of several kinds is `json`.
   * Default null.
   */
  schema: { type: 'given', default: null },
  /**
   * From how many records, of those that begin within 16 MB, the kinds of columns are found where no schema says them:
   * rows come once they are there. Default 1000.
   */
  sample: { type: 'integer', default: 1000, min: 1 },
} as const

const read = optionsReader('Dataset.jsonl', jsonlFields)

/** Options of `Dataset.jsonl`. */
export interface JsonlOptions<S extends JsonSchema = JsonSchema> extends OptionsOf<typeof jsonlFields> {
  readonly schema?: S
}

/** The rows of some files of lines, one after the other; empty lines are passed over. */
export function jsonlFlow<T>(from: BytesLike, options?: JsonlOptions): Flow<T> {
  const where = 'Dataset.jsonl'
  const { schema, sample } = read(options)
  return tableFlow<T>({
    where,
    from,
    schema: checkedSchema(where, schema, ['json']),
    options: { schema: schema ?? null, sample } as Json,
    open(_name, known) {
      const [names, kinds] = [Object.keys(known ?? {}), Object.values(known ?? {})]
      return BindingTable.jsonl({ names, kinds, only: known !== undefined, sample })
    },
  })
}

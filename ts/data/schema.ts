/** What the columns of a table hold, as a user says it. */

import { isNamed } from '../core/structure.js'
import { fail } from '../errors.js'

const kinds = ['float32', 'float64', 'int32', 'bool', 'string', 'date'] as const

/**
 * What a column holds. A missing value is NaN in `float32`, `float64` and `date` (milliseconds since 1970 UTC, out of ISO 8601),
 * the empty text in `string`, and an error in `int32` and `bool`.
 */
export type ColumnKind = (typeof kinds)[number]

/** The columns that are read, by name. */
export type Schema = Readonly<Record<string, ColumnKind>>

/** The columns that are read from JSON lines, by name: `json` is whatever a value may be, `null` where it is missing. */
export type JsonSchema = Readonly<Record<string, ColumnKind | 'json'>>

/** Rows of a schema. */
export type SchemaRow<S extends JsonSchema> = {
  readonly [K in keyof S]: S[K] extends 'string'
    ? string
    : S[K] extends 'bool'
      ? boolean
      : S[K] extends 'json'
        ? unknown
        : number
}

/** Rows whose columns are found in the file. */
export type AnyRow = Readonly<Record<string, number | string | boolean>>

/** What was given as a schema: at least one column, each of a kind that there is. */
export function checkedSchema(where: string, schema: unknown, others: readonly string[] = []): JsonSchema | undefined {
  if (schema === undefined) return undefined
  const known: readonly unknown[] = [...kinds, ...others]
  if (!isNamed(schema) || Object.keys(schema).length === 0)
    fail('ERR_CONFIG', `${where}.schema`, 'an object with a kind for each column', schema)
  for (const [name, kind] of Object.entries(schema))
    if (!known.includes(kind)) fail('ERR_CONFIG', `${where}.schema.${name}`, `one of ${known.join(', ')}`, kind)
  return schema as JsonSchema
}

/** The options of ops: what some of them may be depends on a tensor, and is checked where it is used. */

import type { FieldTable, Kinds } from '../options/fields.js'
import { primitiveKinds } from '../options/kinds.js'
import { type OptionsReader, optionsReader } from '../options/reader.js'

const asUsed = { check: <T>(value: unknown): T => value as T }

const opKinds: Kinds = {
  ...primitiveKinds,
  operand: asUsed,
  oneAxis: asUsed,
  axes: asUsed,
  axisPairs: asUsed,
  eachAxis: asUsed,
  places: asUsed,
  window: asUsed,
  drawSeed: asUsed,
}

/** Reads the options of the op `name`; errors call an option as they call an argument, `sum axis`. */
export function opOptions<const F extends FieldTable>(name: string, fields: F): OptionsReader<F> {
  return optionsReader(name, fields, opKinds, ' ')
}

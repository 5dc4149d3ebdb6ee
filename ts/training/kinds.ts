/** The kinds of the options of `fit`, `evaluate`, `predict`, `compile`. */

import { checkCallbacks } from '../callbacks/list.js'
import { checkPrecision } from '../core/precision.js'
import { fail } from '../errors.js'
import type { Kind, Kinds } from '../options/fields.js'
import { primitiveKinds } from '../options/kinds.js'
import { planCheckpoint, type Resume } from './checkpoint.js'
import type { Verbose } from './data-types.js'

const verbose: Kind<Verbose> = {
  check: (value, where) =>
    value === 0 || value === 1 || value === 2 || value === 'auto'
      ? value
      : fail('ERR_CONFIG', where, `0, 1, 2 or 'auto'`, value),
}

const frequency: Kind<number | readonly number[]> = {
  check: (value, where) => {
    if (!Array.isArray(value)) return whole(value, where)
    return value.map((epoch: unknown, i) => whole(epoch, `${where}[${i}]`))
  },
}

function whole(value: unknown, where: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value
  return fail('ERR_CONFIG', where, 'an integer ≥ 1', value)
}

const resume: Kind<Resume> = {
  check(value, where) {
    if (value === undefined || value === 'auto') return 'auto'
    if (value === false || (typeof value === 'string' && value !== '')) return value
    return fail('ERR_CONFIG', where, `'auto', the path of a checkpoint, or false`, value)
  },
}

/** Data and the like are checked against the model. */
const asGiven = { check: <T>(value: unknown): T => value as T }

/** Primitive kinds, and those that methods of models know besides. */
export const methodKinds: Kinds = {
  ...primitiveKinds,
  verbose,
  frequency,
  callbacks: { check: (value, where) => checkCallbacks(where, value) },
  precision: { check: (value, where) => checkPrecision(where, value) },
  checkpoint: { check: (value) => planCheckpoint(value as never)! },
  resume,
  perOutput: asGiven,
  byInput: asGiven,
  classWeight: asGiven,
  validationData: asGiven,
}

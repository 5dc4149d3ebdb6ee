/** From the options that a class was given to those that count: checked, with the defaults filled in. */

import { FerrogradError, fail, suggest } from '../errors.js'
import { type Configured, classNameOf, fieldsOf } from './configured.js'
import type { FieldSpec, FieldTable, Kind, Kinds } from './fields.js'

type Given = Readonly<Record<string, unknown>>

/** Checks `options` against the fields of `type` and fills the defaults in. */
export function resolveOptions<V>(type: Configured, options: unknown, kinds: Kinds): V {
  const where = classNameOf(type)
  const fields = fieldsOf(type)
  const given = asRecord(options, where)
  checkKnown(where, given, fields, declaresNone(type) ? NO_FIELDS : '')
  return resolveAll(where, given, fields, kinds) as V
}

function resolveAll(where: string, given: Given, fields: FieldTable, kinds: Kinds): Record<string, unknown> {
  const settled: Record<string, unknown> = {}
  for (const key in fields) settled[key] = resolveField(given, key, fields[key]!, where, kinds)
  return settled
}

/** A class that extends one of ours may have forgotten to say what its options are. */
function declaresNone(type: Configured): boolean {
  return !Object.hasOwn(type, 'fields') && !Object.hasOwn(type, 'className')
}

const NO_FIELDS = '. A class with options of its own says so: extend Layer.with({ … }), Loss.with({ … }) and so on'

function checkKnown(where: string, given: Given, fields: FieldTable, advice: string): void {
  for (const key of Object.keys(given)) if (!Object.hasOwn(fields, key)) refuseUnknown(where, key, fields, advice)
}

/** Throws: an option that there is not, with the name that is near, or all with some advice. */
export function refuseUnknown(where: string, key: string, fields: FieldTable, advice = ''): never {
  const known = Object.keys(fields)
  const near = suggest(key, known)
  const hint = near === '' ? `Known: ${known.join(', ')}${advice}` : near.replace(/^d/, 'D')
  throw new FerrogradError('ERR_CONFIG', `${where}: unknown option '${key}'. ${hint}`, { where, received: key, hint })
}

/** Throws: an option that has to be given. */
export function missing(where: string): never {
  throw new FerrogradError('ERR_CONFIG', `${where}: is required`, { where })
}

/** Options as an object of them. */
export function asRecord(options: unknown, where: string): Given {
  if (options === undefined) return {}
  if (typeof options !== 'object' || options === null || isOther(options))
    fail('ERR_CONFIG', where, 'an options object', options)
  return options as Given
}

/** Whether what has no option is something else than no options: a list, numbers, a tensor, a promise. */
export function isOther(options: object): boolean {
  if (Array.isArray(options) || ArrayBuffer.isView(options)) return true
  const prototype: unknown = Object.getPrototypeOf(options)
  // Of whatever realm it is, plain objects come next to nothing.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null
  return !isPlain && Object.keys(options).length === 0
}

function resolveField(given: Given, key: string, spec: FieldSpec, where: string, kinds: Kinds): unknown {
  const present = Object.hasOwn(given, key)
  if (!present && !('default' in spec)) missing(`${where}.${key}`)
  const value = present ? given[key] : spec.default
  if (value === null && (spec.default === null || spec.nullable === true)) return null
  return kindOf(spec, kinds).check(value, `${where}.${key}`, spec)
}

/** The kind of a field among those that a family knows. */
export function kindOf(spec: FieldSpec, kinds: Kinds): Kind<unknown> {
  const kind = kinds[spec.type] as Kind<unknown> | undefined
  return kind ?? fail('ERR_INTERNAL', 'fields', `one of the kinds ${Object.keys(kinds).join(', ')}`, spec.type)
}

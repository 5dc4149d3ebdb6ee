/** From the options that were given to those that count: checked, with the defaults filled in. */

import { FerrogradError, fail, suggest } from '../errors.js'
import { type Configured, classNameOf, fieldsOf } from './configured.js'
import type { FieldSpec, FieldTable, Kind, Kinds, SettledOf } from './fields.js'
import { primitiveKinds } from './kinds.js'

type Given = Readonly<Record<string, unknown>>

/** Checks `options` against the fields of `type` and fills the defaults in. */
export function resolveOptions<V>(type: Configured, options: unknown, kinds: Kinds): V {
  const where = classNameOf(type)
  const fields = fieldsOf(type)
  const given = asRecord(options, where)
  checkKnown(where, given, fields, declaresNone(type) ? NO_FIELDS : '')
  return resolveAll(where, given, fields, kinds) as V
}

/**
 * The same of a method's options, of which those that are undefined or null count as not given. Methods are called at
 * every step: what their defaults come to is worked out once.
 */
export function readOptions<F extends FieldTable>(
  where: string,
  options: unknown,
  fields: F,
  kinds: Kinds = primitiveKinds,
): SettledOf<F> {
  const given = asRecord(options, where)
  checkKnown(where, given, fields)
  const { plain, others } = defaultsOf(fields, kinds)
  const keys = Object.keys(given)
  if (keys.length === 0 && others.length === 0) return plain as SettledOf<F>
  const settled: Record<string, unknown> = { ...plain }
  for (const key of others)
    if (isAbsent(given[key])) settled[key] = resolveField({}, key, fields[key] as FieldSpec, where, kinds) ?? undefined
  for (const key of keys)
    if (!isAbsent(given[key])) settled[key] = resolveField(given, key, fields[key] as FieldSpec, where, kinds)
  return settled as SettledOf<F>
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null

/** What the fields of a method come to where nothing is given. */
interface Defaults {
  readonly kinds: Kinds
  /** The defaults that nobody can change: numbers, words, truth values, empty lists, nothing. */
  readonly plain: Readonly<Record<string, unknown>>
  /** The fields that are required, and those whose default is made anew for each call. */
  readonly others: readonly string[]
}

const knownDefaults = new WeakMap<FieldTable, Defaults>()

function defaultsOf(fields: FieldTable, kinds: Kinds): Defaults {
  const known = knownDefaults.get(fields)
  if (known?.kinds === kinds) return known
  const plain: Record<string, unknown> = {}
  const others: string[] = []
  for (const [key, spec] of Object.entries(fields)) {
    const isRequired = !('default' in spec)
    const value = isRequired ? undefined : (resolveField({}, key, spec, 'fields', kinds) ?? undefined)
    if (isRequired || canChange(value)) others.push(key)
    else plain[key] = value
  }
  const defaults: Defaults = { kinds, plain: Object.freeze(plain), others }
  knownDefaults.set(fields, defaults)
  return defaults
}

function canChange(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 || !Object.isFrozen(value)
  return typeof value === 'function' || typeof value === 'object'
}

function resolveAll(where: string, given: Given, fields: FieldTable, kinds: Kinds): Record<string, unknown> {
  const entries = Object.entries(fields)
  return Object.fromEntries(entries.map(([key, spec]) => [key, resolveField(given, key, spec, where, kinds)]))
}

/** A class that extends one of ours may have forgotten to say what its options are. */
function declaresNone(type: Configured): boolean {
  return !Object.hasOwn(type, 'fields') && !Object.hasOwn(type, 'className')
}

const NO_FIELDS = '. A class with options of its own says so: extend Layer.with({ … }), Loss.with({ … }) and so on'

function checkKnown(where: string, given: Given, fields: FieldTable, advice = ''): void {
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(fields, key)) continue
    const known = Object.keys(fields)
    const near = suggest(key, known)
    const hint = near === '' ? `Known: ${known.join(', ')}${advice}` : near.replace(/^d/, 'D')
    throw new FerrogradError('ERR_CONFIG', `${where}: unknown option '${key}'. ${hint}`, { where, received: key, hint })
  }
}

function asRecord(options: unknown, where: string): Given {
  if (options === undefined) return {}
  const plain =
    typeof options === 'object' && options !== null && !Array.isArray(options) && !ArrayBuffer.isView(options)
  if (!plain) fail('ERR_CONFIG', where, 'an options object', options)
  return options as Given
}

function resolveField(given: Given, key: string, spec: FieldSpec, where: string, kinds: Kinds): unknown {
  const present = Object.hasOwn(given, key)
  if (!present && !('default' in spec))
    throw new FerrogradError('ERR_CONFIG', `${where}.${key}: is required`, { where: `${where}.${key}` })
  const value = present ? given[key] : spec.default
  if (value === null && (spec.default === null || spec.nullable === true)) return null
  return kindOf(spec, kinds).check(value, `${where}.${key}`, spec)
}

/** The kind of a field among those that a family knows. */
export function kindOf(spec: FieldSpec, kinds: Kinds): Kind<unknown> {
  const kind = kinds[spec.type] as Kind<unknown> | undefined
  return kind ?? fail('ERR_INTERNAL', 'fields', `one of the kinds ${Object.keys(kinds).join(', ')}`, spec.type)
}

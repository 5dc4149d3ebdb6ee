/**
 * Options of functions that are called by the million: what their table says is worked out once, and a call looks at the
 * options alone that it was given.
 */

import { checkNames } from '../errors.js'
import type { FieldSpec, FieldTable, Kind, Kinds, OptionsOf, SettledOf } from './fields.js'
import { primitiveKinds } from './kinds.js'

/** The options of a function, for whoever calls it: what is undefined counts as not given. */
export type FunctionOptions<F> = OrUndefined<OptionsOf<F>>

/** The same members; those that may be left out may be undefined. */
type OrUndefined<O> = { readonly [K in keyof O]: Partial<O> extends Pick<O, K> ? O[K] | undefined : O[K] }

type Values = Record<string, unknown>

/** One option: how it is checked, and what errors call it. */
interface Rule {
  readonly kind: Kind<unknown>
  readonly where: string
  readonly spec: FieldSpec
}

/** Checked where it is used: what it may be depends on a tensor. */
const asUsed = { check: <T>(value: unknown): T => value as T }

const functionKinds: Kinds = {
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

/** Reads the options of the function `where` by a table; those that are undefined or null count as not given. */
export function optionsReader<const F extends FieldTable>(
  where: string,
  fields: F,
): (options?: unknown) => SettledOf<F> {
  const rules = rulesOf(where, fields)
  const defaults = Object.fromEntries([...rules].map(([name, { spec }]) => [name, spec.default ?? undefined]))
  const untouched = Object.freeze({ ...defaults })
  const read = (options: unknown): Values => {
    if (options === undefined) return untouched
    if (typeof options !== 'object' || options === null || Array.isArray(options)) checkNames(where, options, [])
    return taken(options as Values, { ...defaults })
  }
  const taken = (options: Values, values: Values): Values => {
    for (const name in options) {
      const rule = rules.get(name)
      if (rule === undefined) checkNames(where, options, [...rules.keys()])
      const value = options[name]
      if (value !== undefined && value !== null) values[name] = rule!.kind.check(value, rule!.where, rule!.spec)
    }
    return values
  }
  return read as (options?: unknown) => SettledOf<F>
}

function rulesOf(where: string, fields: FieldTable): ReadonlyMap<string, Rule> {
  const rule = (name: string, spec: FieldSpec): Rule => ({
    kind: functionKinds[spec.type] as Kind<unknown>,
    where: `${where} ${name}`,
    spec,
  })
  return new Map(Object.entries(fields).map(([name, spec]) => [name, rule(name, spec)]))
}

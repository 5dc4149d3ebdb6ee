/**
 * Options of functions and methods, which are called by the million: what their table says is worked out once, at the first
 * call, and so is what the same few options come to that a loop gives again and again.
 */

import type { FieldSpec, FieldTable, Kind, Kinds, OptionsOf, SettledOf } from './fields.js'
import { primitiveKinds } from './kinds.js'
import { asRecord, isOther, kindOf, missing, refuseUnknown } from './resolve.js'

/** The options of a function, for whoever calls it: what is undefined counts as not given. */
export type FunctionOptions<F> = OrUndefined<OptionsOf<F>>

/** The same members; those that may be left out may be undefined. */
type OrUndefined<O> = { readonly [K in keyof O]: Partial<O> extends Pick<O, K> ? O[K] | undefined : O[K] }

/** Checks options, and fills the defaults in. One that serves several functions is told `where` it is called. */
export type OptionsReader<F> = (options?: unknown, where?: string) => SettledOf<F>

type Values = Readonly<Record<string, unknown>>

/**
 * Reads the options of `where` by a table; those that are undefined or null count as not given. Errors call an option
 * `where.option`, or with another `joint` between. `kinds` may be a function where modules need each other.
 */
export function optionsReader<const F extends FieldTable>(
  where: string,
  fields: F,
  kinds: Kinds | (() => Kinds) = primitiveKinds,
  joint = '.',
): OptionsReader<F> {
  let table: Table | undefined
  const read = (options?: unknown, at: string = where): Values => {
    table ??= new Table(where, fields, typeof kinds === 'function' ? kinds() : kinds, joint)
    return table.known(options) ?? table.read(options, at)
  }
  return read as OptionsReader<F>
}

/** One option: how it is checked, and what errors call it. */
interface Rule {
  readonly kind: Kind<unknown>
  readonly spec: FieldSpec
  readonly where: string
}

/** Options that were read: the last of them, and those that go on from there. All of them came to `settled`. */
interface Seen {
  readonly name: string
  readonly value: unknown
  settled: Values | undefined
  readonly next: Seen[]
}

/** So many options are remembered of a table, out of its first so many calls that gave others. */
const REMEMBERED = 8
const LOOKED_AT = 64

/** What a table of fields comes to. */
class Table {
  readonly #where: string
  readonly #fields: FieldTable
  readonly #joint: string
  readonly #rules: ReadonlyMap<string, Rule>
  /** The defaults that nobody can change: numbers, words, truth values, empty lists, nothing. */
  readonly #plain: Values
  /** The options that are required, and those whose default is made anew for each call. */
  readonly #others: readonly string[]
  /** No options, and those that were read before. */
  readonly #seen: Seen
  #remembered = 0
  #lookedAt = 0

  constructor(where: string, fields: FieldTable, kinds: Kinds, joint: string) {
    this.#where = where
    this.#fields = fields
    this.#joint = joint
    const ruleOf = (name: string, spec: FieldSpec): Rule => ({
      kind: kindOf(spec, kinds),
      spec,
      where: where + joint + name,
    })
    this.#rules = new Map(Object.entries(fields).map(([name, spec]) => [name, ruleOf(name, spec)]))
    const plain: Record<string, unknown> = {}
    const others: string[] = []
    for (const [name, rule] of this.#rules) {
      const value = 'default' in rule.spec ? defaultOf(rule, rule.where) : undefined
      if (!('default' in rule.spec) || canChange(value)) others.push(name)
      else plain[name] = value
    }
    this.#plain = plain
    this.#others = others
    // V8 copies what is frozen slowly: the one that is handed out is another.
    const settled = others.length === 0 ? Object.freeze({ ...plain }) : undefined
    this.#seen = { name: '', value: undefined, settled, next: [] }
  }

  /** What options come to that were read before. */
  known(options: unknown): Values | undefined {
    let seen: Seen | undefined = this.#seen
    if (typeof options !== 'object' || options === null) return options === undefined ? seen.settled : undefined
    for (const name in options) {
      seen = find(seen.next, name, (options as Values)[name])
      if (seen === undefined) return undefined
    }
    return seen === this.#seen && isOther(options) ? undefined : seen.settled
  }

  /** Checks options; remembered are the first few that nobody can change. */
  read(options: unknown, where: string): Values {
    const given = asRecord(options, where)
    // Not by spread: where one place spreads objects of many kinds, V8 makes a hidden class for each copy, and keeps it long.
    const settled: Record<string, unknown> = Object.assign({}, this.#plain)
    for (const name in given) {
      const rule = this.#rules.get(name) ?? refuseUnknown(where, name, this.#fields)
      const value = given[name]
      if (value !== undefined && value !== null)
        settled[name] = rule.kind.check(value, this.#at(where, rule, name), rule.spec)
    }
    if (this.#others.length > 0) this.#complete(settled, where)
    else if (this.#remembered < REMEMBERED && this.#lookedAt++ < LOOKED_AT) this.#remember(given, settled)
    return settled
  }

  #at(where: string, rule: Rule, name: string): string {
    return where === this.#where ? rule.where : where + this.#joint + name
  }

  /** Fills in what a call makes anew, and refuses what is not there and has to be. */
  #complete(settled: Record<string, unknown>, where: string): void {
    for (const name of this.#others) {
      const rule = this.#rules.get(name)!
      settled[name] ??= defaultOf(rule, this.#at(where, rule, name))
    }
  }

  #remember(given: Values, settled: Values): void {
    for (const name in given) if (canChange(given[name]) || canChange(settled[name])) return
    let seen = this.#seen
    for (const name in given) seen = find(seen.next, name, given[name]) ?? this.#add(seen, name, given[name])
    seen.settled = Object.freeze(settled)
  }

  #add({ next }: Seen, name: string, value: unknown): Seen {
    const seen: Seen = { name, value, settled: undefined, next: [] }
    next.push(seen)
    this.#remembered += 1
    return seen
  }
}

function find(all: readonly Seen[], name: string, value: unknown): Seen | undefined {
  for (let i = 0; i < all.length; i += 1) {
    const one = all[i]!
    if (one.value === value && one.name === name && Object.is(one.value, value)) return one
  }
  return undefined
}

function defaultOf({ kind, spec }: Rule, where: string): unknown {
  if (!('default' in spec)) missing(where)
  return spec.default === null ? undefined : kind.check(spec.default, where, spec)
}

function canChange(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 || !Object.isFrozen(value)
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

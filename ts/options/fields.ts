/**
 * One declaration of options drives everything: their types, the checks and their messages, the defaults, and the
 * Keras-compatible configuration in both directions.
 *
 * A class declares a table `{ units: { type: 'integer', min: 1 }, useBias: { type: 'boolean', default: true } } as const`;
 * a field with a default is optional, a field whose default is null may be null. The interface of its options extends
 * {@link OptionsOf} the table. Methods with many options do the same.
 */

import type { Json } from '../types.js'
import type { FieldInputs, FieldValues, Margin } from './field-types.js'
import type { Spelling } from './names.js'

/** One field: its type, its default if it has one, its range, and its name in Keras where that is not the snake_case of ours. */
export interface FieldSpec {
  readonly type: keyof FieldInputs
  readonly default?: unknown
  readonly nullable?: true
  readonly min?: number
  readonly max?: number
  readonly above?: number
  readonly below?: number
  /** The values of a `choice`, the names of a `padding`, camelCase. */
  readonly of?: readonly string[]
  /** How many axes `perAxis` and `margins` are for. */
  readonly axes?: number
  /** The name in Keras's configuration; `false`: Keras has no such name, it is not written. */
  readonly config?: string | false
  /** Keras reads it but does not write it: written only where it is not the default. */
  readonly quiet?: true
}

/** Options by their camelCase names. */
export type FieldTable = Readonly<Record<string, FieldSpec>>

type OrNull<S> = S extends { readonly default: null } | { readonly nullable: true } ? null : never
type InputOf<S> = S extends { readonly type: 'choice'; readonly of: readonly (infer C extends string)[] }
  ? Spelling<C>
  : S extends { readonly type: 'padding'; readonly of: readonly (infer C extends string)[] }
    ? Spelling<C> | readonly Margin[]
    : S extends { readonly type: infer T extends keyof FieldInputs }
      ? FieldInputs[T]
      : never
type ValueOf<S> = S extends { readonly type: 'choice'; readonly of: readonly (infer C)[] }
  ? C
  : S extends { readonly type: 'padding'; readonly of: readonly (infer C)[] }
    ? C | readonly Margin[]
    : S extends { readonly type: infer T extends keyof FieldValues }
      ? FieldValues[T]
      : never
type OptionalKeys<F> = { [K in keyof F]: F[K] extends { readonly default: unknown } ? K : never }[keyof F]

/** All options of a table, each required. Mapped over the table itself, so that its comments go with them. */
type AllOf<F> = { readonly [K in keyof F]: InputOf<F[K]> | OrNull<F[K]> }

/** The options a user passes for a table of fields. */
export type OptionsOf<F> = AllOf<Omit<F, OptionalKeys<F>>> & Partial<AllOf<Pick<F, OptionalKeys<F>>>>

/** A second base for interfaces that have but one and no member of their own: TypeScript's errors would show that one. */
// biome-ignore lint/suspicious/noEmptyInterface: it is there for its name
export interface Named {}

/** The options of a class: its own, and those of the class that it extends. */
export type OptionsWith<Inherited, F> = string extends keyof Inherited
  ? OptionsOf<F>
  : OptionsOf<F> & Omit<Inherited, keyof F>

/** What a class without options takes. */
export type NoOptions = Readonly<Record<string, never>>

/** The same after checks and defaults. */
export type ValuesOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> | OrNull<F[K]> }

/** What a method finds in its options: what was not given and has no default is undefined. */
export type SettledOf<F> = {
  readonly [K in keyof F]: Exclude<ValuesOf<F>[K], null> | (null extends ValuesOf<F>[K] ? undefined : never)
}

/** Constructor arguments: the options object may be left out where every option has a default. */
// biome-ignore lint/complexity/noBannedTypes: whether it has no required member
export type ArgumentsFor<O> = {} extends O ? [options?: O] : [options: O]

/** How values of one type are checked and written to a configuration. */
export interface Kind<T> {
  /** Returns the value as the class shall see it, or throws. */
  check(value: unknown, where: string, spec: FieldSpec): T
  toConfig?(value: T): Json
}

/** The kinds that a family of classes, or a method, knows. */
export type Kinds = { readonly [K in keyof FieldValues]?: Kind<FieldValues[K]> }

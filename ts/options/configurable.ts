/** The base of every class with declared options. */

import { inspectWith } from '../core/inspect.js'
import { fail, show } from '../errors.js'
import type { Config } from '../types.js'
import { configOf } from './config.js'
import { type Configured, classNameOf, fieldsOf } from './configured.js'
import type { ArgumentsFor, FieldTable, Kinds, OptionsWith, ValuesOf } from './fields.js'
import { primitiveKinds } from './kinds.js'
import { canonical } from './names.js'
import { resolveOptions } from './resolve.js'

/** What a class finds in its options: those of all its family, checked, with the defaults filled in. */
type Options = Readonly<Record<string, unknown>>

/** Base of every class with declared options. */
export abstract class Configurable<V = Options> {
  static readonly className?: string
  static readonly fields?: FieldTable
  /** The options given, checked, with the defaults filled in. */
  readonly options: V
  readonly #kinds: Kinds

  constructor(options: unknown, kinds: Kinds = primitiveKinds) {
    this.#kinds = kinds
    this.options = resolveOptions<V>(new.target, options, kinds)
  }

  static {
    inspectWith(Configurable, (object) => `${object.className}(${givenOptions(object)})`)
  }

  /** Refused: what is called is an object of the class. */
  static call(this: never, ..._given: unknown[]): never {
    // biome-ignore lint/complexity/noThisInStatic: the class that was called, whichever of the family
    return refuseCall(this, 'call')
  }

  /** Refused: what is applied is an object of the class. */
  static apply(this: never, ..._given: unknown[]): never {
    // biome-ignore lint/complexity/noThisInStatic: the class that was applied, whichever of the family
    return refuseCall(this, 'apply')
  }

  /**
   * The class with options of your own, to be extended: their types, checks, defaults and Keras's configuration follow from
   * the table.
   *
   * @example
   * import { Layer } from 'ferrograd/layers'
   * import { ops, type Tensor } from 'ferrograd'
   *
   * class Scaled extends Layer.with({ factor: { type: 'number', default: 2, above: 0 } }) {
   *   override call(x: Tensor): Tensor {
   *     return ops.multiply(x, this.options.factor)
   *   }
   * }
   * const layer = new Scaled({ factor: 0.5 })
   */
  static with<T extends Maker, const F extends FieldTable>(this: T, fields: F): With<T, F> {
    // biome-ignore lint/complexity/noThisInStatic: the class that is extended, whichever of the family
    const Base = this as unknown as typeof Configurable
    class WithFields extends Base {
      static override readonly fields: FieldTable = fields
    }
    return WithFields as unknown as With<T, F>
  }

  /** The name of this object's class in Keras. */
  get className(): string {
    return classNameOf(this.constructor as Configured)
  }

  /** Keras's configuration of this object: plain JSON with snake_case names. */
  getConfig(): Config {
    return configOf(this.constructor as Configured, this.options as Options, this.#kinds)
  }
}

/** Every function has a `call` and an `apply`, classes too; theirs would say that `new` is missing, and not where. */
function refuseCall(type: Configured, method: 'call' | 'apply'): never {
  return fail(
    'ERR_STATE',
    `${type.name}.${method}`,
    'an object',
    { text: 'the class' },
    `Make one: new ${type.name}(…)`,
  )
}

/** What makes objects of a class, also of one that is abstract. */
type Maker = abstract new (...options: never[]) => object
type Made<T> = T extends abstract new (...options: never[]) => infer I ? I : never
/** The same members, shown one by one. */
type Flat<T> = { [K in keyof T]: T[K] }
type OptionsTo<T> = T extends abstract new (...options: infer A) => unknown ? NonNullable<A[0]> : never

/**
 * The class `T` with more options, to be extended: what {@link Configurable.with} gives. `O` names what its constructor
 * takes.
 */
export type With<T, F extends FieldTable, O = Flat<OptionsWith<OptionsTo<T>, F>>> = Omit<T, 'prototype'> &
  (abstract new (
    ...options: ArgumentsFor<O>
  ) => Made<T> & { readonly options: ValuesOf<F> })

/** The options that are not the defaults, for people: `units: 3, activation: relu`. */
export function givenOptions(object: Configurable<unknown>): string {
  const options = object.options as Options
  const given = Object.entries(fieldsOf(object.constructor as Configured)).filter(
    ([key, spec]) => key !== 'name' && !isDefault(options[key], spec.default),
  )
  return given.map(([key]) => `${key}: ${nameOf(options[key])}`).join(', ')
}

/** A default is written as a user would: an activation or an initializer by its name, one number for all axes. */
function isDefault(value: unknown, written: unknown): boolean {
  if (value === written || (Array.isArray(value) && String(value) === String(written))) return true
  return typeof written === 'string' && canonical(nameOf(value)) === canonical(written)
}

function nameOf(value: unknown): string {
  if (typeof value === 'function') return value.name
  return value instanceof Configurable ? value.className : show(value)
}

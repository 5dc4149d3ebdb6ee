/** Families of classes by name, and what a user may write for an object of one. */

import { fail, hintFor } from '../errors.js'
import type { Config } from '../types.js'
import { type Inside, optionsFromConfig } from './config.js'
import { Configurable } from './configurable.js'
import type { Configured } from './configured.js'
import { canonical } from './names.js'
import { registeredClass } from './registry.js'
import { classNameIn, isSerialized } from './serialized.js'

/** A class of a family that can be made from options. */
export type ClassOf<T> = Configured & (new (options: never) => T)

/**
 * Makes an object of a family out of what a user or a configuration may write: an instance, a name in any spelling
 * (an alias too), or a serialized object. `inside` makes the objects of the family that this one holds, where they are
 * not made in the same way.
 */
export function resolveObject<T>(value: unknown, where: string, family: Family<T>, inside?: Inside): T {
  if (family.is(value)) return value
  if (typeof value === 'string') return construct(findClass(value, where, family), undefined)
  if (!isSerialized(value)) {
    const hint = isClass(value) ? `Make one: new ${value.name}(…)` : undefined
    return fail('ERR_CONFIG', where, expectedOf(family), value, hint)
  }
  const type = findClass(classNameIn(value), where, family, OWN_CLASS)
  const own: Inside = inside ?? ((object, at) => resolveObject(object, at, family))
  return fromConfig(type, value.config ?? {}, where, family, own)
}

/** Makes an object of a class out of its configuration: by the class's own `fromConfig`, where it is the user's and has one. */
function fromConfig<T>(type: ClassOf<T>, config: Config, where: string, family: Family<T>, inside: Inside): T {
  if (isOurs(type, family)) return construct(type, optionsFromConfig(type, config, inside))
  const { fromConfig: own } = type as { fromConfig?: unknown }
  if (typeof own !== 'function')
    return construct(type, optionsFromConfig(type, config, inside, writesOwn(type, family)))
  const made: unknown = own.call(type, config)
  return family.is(made) ? made : fail('ERR_CONFIG', `${where} ${type.name}.fromConfig`, family.noun, made)
}

/** Whether a class is one of the family's own. Only the class of that name is looked at: others need not have been read. */
export function isOurs(type: { readonly name: string }, { classes }: Family<unknown>): boolean {
  const key = Object.keys(classes).find((one) => canonical(one) === canonical(type.name))
  return key !== undefined && classes[key] === type
}

/** Whether a class of the user's has a `getConfig` that is the user's. */
function writesOwn(type: ClassOf<unknown>, { classes }: Family<unknown>): boolean {
  let owner: { readonly prototype: unknown } | null = type
  while (owner !== null && !Object.hasOwn(Object(owner.prototype) as object, 'getConfig'))
    owner = Object.getPrototypeOf(owner) as typeof owner
  return !Object.values(classes).some((one) => one === owner || one.prototype instanceof (owner as never))
}

const OWN_CLASS = 'A class of your own: registerClass it first, or give it to loadModel in customObjects. '

/** Whether a function is one of our classes, or of those that extend them, and not a plain function. */
export function isClass(value: unknown): value is ClassOf<object> & { readonly name: string } {
  return typeof value === 'function' && value.prototype instanceof Configurable
}

/** A hint that begins a sentence where another stands before it. */
function sentence(hint: string, before: string): string {
  return before === '' ? hint : hint.replace(/^d/, 'D')
}

function expectedOf({ noun }: Family<unknown>): string {
  return noun.includes(':') ? noun : `${noun}: a name or an instance`
}

/** A closed set of classes by name, with the other names they go by. */
export interface Family<T> {
  /** `'an initializer'` */
  readonly noun: string
  /** `'keras.initializers'` */
  readonly module: string
  readonly classes: Readonly<Record<string, ClassOf<T>>>
  readonly aliases?: Readonly<Record<string, string>>
  is(value: unknown): value is T
}

/** The class of a name: the family's own, else one of the user's that belongs to it; `Custom>Name` is the user's. */
export function findClass<T>(name: string, where: string, family: Family<T>, hint = ''): ClassOf<T> {
  const known = [...Object.keys(family.classes), ...Object.keys(family.aliases ?? {})]
  const key = known.find((candidate) => canonical(candidate) === canonical(name))
  const type = key === undefined ? ownClass(name, family) : family.classes[family.aliases?.[key] ?? key]
  return type ?? fail('ERR_CONFIG', where, family.noun, name, `${hint}${sentence(hintFor(name, known), hint)}`)
}

function ownClass<T>(name: string, family: Family<T>): ClassOf<T> | undefined {
  const type = registeredClass(name)
  const belongs = type !== undefined && family.is(type.prototype)
  return belongs ? (type as ClassOf<T>) : undefined
}

/** `new type(options)`; the options are checked at run time by the class itself. */
export function construct<T>(type: ClassOf<T>, options: unknown): T {
  return new type(options as never)
}

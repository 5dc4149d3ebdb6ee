/** Classes that declare fields. */

import type { FieldTable } from './fields.js'

/** A class that declares fields. */
export interface Configured {
  readonly name: string
  readonly className?: string
  /** Where Python has it, where that is not the module of the family. */
  readonly module?: string
  readonly fields?: FieldTable
  readonly prototype: unknown
}

/** The name of a class in Keras's configurations. */
export function classNameOf(type: Configured): string {
  return Object.hasOwn(type, 'className') && type.className !== undefined ? type.className : type.name
}

/** The fields of each class. An object that is spread from two gets a hidden class of its own, which V8 keeps for long. */
const tables = new WeakMap<Configured, FieldTable>()

/** All fields of a class, its ancestors' first. */
export function fieldsOf(type: Configured): FieldTable {
  const known = tables.get(type)
  if (known !== undefined) return known
  const parent = Object.getPrototypeOf(type) as Configured | null
  const inherited = typeof parent === 'function' ? fieldsOf(parent) : {}
  const table = Object.hasOwn(type, 'fields') ? { ...inherited, ...type.fields } : inherited
  tables.set(type, table)
  return table
}

/**
 * Structures: one thing, a list of things, or things by name, nested as deep as wanted. Inputs, outputs, masks and the
 * arguments of calls are structures of tensors.
 *
 * Names are visited in alphabetical order, as Keras visits them: the order in which they were written means nothing. It is
 * kept.
 */

/** One `T`, a list, or by name; what is optional may be undefined. */
export type Structure<T> = T | undefined | readonly Structure<T>[] | { readonly [name: string]: Structure<T> }

/** A thing by name, and not a class of its own. */
export function isNamed(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The same structure with everything that is neither a list nor named put through `change`. */
export function mapStructure(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => mapStructure(one, change))
  if (!isNamed(value)) return change(value)
  const mapped = new Map(namesOf(value).map((name) => [name, mapStructure(value[name], change)]))
  return Object.fromEntries(Object.keys(value).map((name) => [name, mapped.get(name)]))
}

/** All `T` in a structure, in order. */
export function leavesOf<T>(value: unknown, is: (leaf: unknown) => leaf is T): T[] {
  if (is(value)) return [value]
  if (Array.isArray(value)) return value.flatMap((one: unknown) => leavesOf(one, is))
  return isNamed(value) ? namesOf(value).flatMap((name) => leavesOf(value[name], is)) : []
}

/** Whether there is a `T`, an object, in a structure. Ends at the first; in lists only objects are asked. */
export function holds(value: unknown, is: (leaf: unknown) => boolean): boolean {
  if (is(value)) return true
  if (Array.isArray(value)) return value.some((one) => typeof one === 'object' && holds(one, is))
  return isNamed(value) && namesOf(value).some((name) => holds(value[name], is))
}

/** `leaves` in the places that the things of `structure` that pass `is` have. */
export function packAs(structure: unknown, is: (leaf: unknown) => boolean, leaves: readonly unknown[]): unknown {
  let next = 0
  return mapStructure(structure, (leaf) => {
    if (!is(leaf)) return leaf
    next += 1
    return leaves[next - 1]
  })
}

/** One thing as a list of it, several as they are, nothing as none. */
export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

/** The only thing alone, several in a list. */
export function alone<T>(things: readonly T[]): T | readonly T[] {
  return things.length < 2 ? things[0]! : things
}

function namesOf(value: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(value).sort()
}

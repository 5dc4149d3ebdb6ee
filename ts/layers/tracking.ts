/** What an object owns: layers, variables and seeds in its properties, and in lists, maps and plain objects there. */

import { isNamed } from '../core/structure.js'

/** `first`, then all other instances of a class that `owner` holds, each once, in the order of its properties. */
export function ownedBy<T extends object>(
  owner: object,
  is: (value: unknown) => value is T,
  first: readonly T[] = [],
): T[] {
  const found = [...first]
  const seen = new Set<unknown>(first)
  seen.add(owner)
  for (const key in owner) {
    // Options name what an object was made from; what it keeps of them is a property of its own.
    if (key !== 'options' && Object.hasOwn(owner, key))
      collect((owner as Record<string, unknown>)[key], is, found, seen)
  }
  return found
}

function collect<T extends object>(
  value: unknown,
  is: (value: unknown) => value is T,
  found: T[],
  seen: Set<unknown>,
): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  if (is(value)) {
    seen.add(value)
    found.push(value)
    return
  }
  const inside = contentsOf(value)
  if (inside === undefined) return
  seen.add(value)
  for (const one of inside) collect(one, is, found, seen)
}

/** What a container holds. Lists of numbers or words hold nothing, however long they are. */
function contentsOf(value: object): Iterable<unknown> | undefined {
  if (Array.isArray(value)) return typeof value[0] === 'object' || value[0] === undefined ? value : undefined
  if (value instanceof Map || value instanceof Set) return value.values()
  return isNamed(value) ? Object.values(value) : undefined
}

/** The user's own classes, by the names that files call them. */

import { fail } from '../errors.js'
import type { Configured } from './configured.js'

const own = new Map<string, Configured>()

/** What the calls in progress were given, the innermost last. */
const scopes: Readonly<Record<string, Configured>>[] = []

/**
 * Lets `deserialize` make objects of a class of your own: layer, loss, metric, optimizer, schedule, initializer,
 * regularizer or constraint. Files call it by its `className`, else by its JavaScript name.
 *
 * @example
 * import { Layer } from 'ferrograd/layers'
 * import { registerClass } from 'ferrograd/saving'
 * import { ops, type Tensor } from 'ferrograd'
 *
 * class Twice extends Layer {
 *   override call(x: Tensor): Tensor {
 *     return ops.multiply(x, 2)
 *   }
 * }
 * registerClass(Twice)
 */
export function registerClass(type: Configured): void {
  if (typeof type !== 'function') fail('ERR_CONFIG', 'registerClass', 'a class', type)
  own.set(registeredName(type), type)
}

/** Runs `fn` with classes of the user's known by the names given, besides those registered. */
export function withClasses<R>(where: string, classes: Readonly<Record<string, unknown>>, fn: () => R): R {
  for (const [name, type] of Object.entries(classes))
    if (typeof type !== 'function') fail('ERR_CONFIG', `${where}.customObjects.${name}`, 'a class', type)
  scopes.push(classes as Readonly<Record<string, Configured>>)
  try {
    return fn()
  } finally {
    scopes.pop()
  }
}

/** The registered class of a name, with or without a package in front (`Custom>Twice`). */
export function registeredClass(name: string): Configured | undefined {
  const plain = name.slice(name.lastIndexOf('>') + 1)
  const scope = scopes.findLast((classes) => Object.hasOwn(classes, plain))
  return scope?.[plain] ?? own.get(plain)
}

/** Whether a class is the user's. */
export function isRegistered(type: Configured): boolean {
  return own.get(registeredName(type)) === type
}

function registeredName(type: Configured): string {
  return Object.hasOwn(type, 'className') && type.className !== undefined ? type.className : type.name
}

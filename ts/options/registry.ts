/** The user's own classes and functions, by the names that files call them. */

import { fail } from '../errors.js'
import type { Configured } from './configured.js'

/** A function of the user's: a loss, a metric, an activation, a rate of the step. */
// biome-ignore lint/suspicious/noExplicitAny: whatever it takes and gives, a registry only keeps it
export type OwnFunction = (...given: any[]) => unknown

/** What may be passed as `customObjects`. */
export type CustomObjects = Readonly<Record<string, Configured | OwnFunction>>

const own = new Map<string, unknown>()

/** What each registered function was registered as. */
const names = new Map<unknown, string>()

/** What the calls in progress were given, the innermost last. */
const scopes: CustomObjects[] = []

/**
 * Lets `deserialize` make objects of a class of your own: model, layer, loss, metric, optimizer, schedule, initializer,
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

/**
 * Lets `loadModel` and `deserialize` find a function of your own that a file names: a loss, a metric, an activation or a rate of the
 * step. A file has its name alone, and never its code.
 *
 * @param name What files call it; the function's own name unless given.
 *
 * @example
 * import { registerFunction } from 'ferrograd/saving'
 * import { ops, type Tensor } from 'ferrograd'
 *
 * function cubed(yTrue: Tensor, yPred: Tensor): Tensor {
 *   return ops.mean(ops.power(ops.abs(ops.subtract(yTrue, yPred)), 3), { axis: -1 })
 * }
 * registerFunction(cubed)
 */
export function registerFunction(fn: OwnFunction, name: string = fn?.name): void {
  if (typeof fn !== 'function') fail('ERR_CONFIG', 'registerFunction', 'a function', fn)
  const hint = 'Give it one: registerFunction(fn, name)'
  if (typeof name !== 'string' || name === '') fail('ERR_CONFIG', 'registerFunction.name', 'a name', name, hint)
  own.set(name, fn)
  names.set(fn, name)
}

/** Runs `fn` with classes and functions of the user's known by the names given, besides those registered. */
export function withClasses<R>(where: string, objects: Readonly<Record<string, unknown>>, fn: () => R): R {
  for (const [name, object] of Object.entries(objects))
    if (typeof object !== 'function')
      fail('ERR_CONFIG', `${where}.customObjects.${name}`, 'a class or a function', object)
  scopes.push(objects as CustomObjects)
  try {
    return fn()
  } finally {
    scopes.pop()
  }
}

/** The registered class (or function) of a name, with or without a package in front (`Custom>Twice`). */
export function registeredClass(name: string): Configured | undefined {
  const plain = name.slice(name.lastIndexOf('>') + 1)
  const scope = scopes.findLast((objects) => Object.hasOwn(objects, plain))
  return (scope?.[plain] ?? own.get(plain)) as Configured | undefined
}

/** Whether a class is the user's. */
export function isRegistered(type: Configured): boolean {
  return own.get(registeredName(type)) === type
}

/** What a function was registered as. */
export function nameOfRegistered(fn: OwnFunction): string | undefined {
  const name = names.get(fn)
  return name !== undefined && own.get(name) === fn ? name : undefined
}

function registeredName(type: Configured): string {
  return Object.hasOwn(type, 'className') && type.className !== undefined ? type.className : type.name
}

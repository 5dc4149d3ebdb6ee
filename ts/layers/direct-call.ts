/**
 * `layer.call(x)` as Keras's documents name it. A bare `call` would find no weights, no masks and inputs that nobody
 * looked at, so from outside it does what `apply` does; inside the layer's own call it is the method as it was written.
 */

import { runningLayers } from './context.js'
import type { Layer } from './layer.js'

type Call = (this: Layer, x: unknown, context?: unknown) => unknown

/** The classes that were seen to. */
const seen = new WeakSet<object>()

/** Lets `call` of each class from `prototype` down to `base` go through the `apply` of `base` unless the layer runs already. */
export function guardCalls(prototype: object, base: { readonly apply: unknown }): void {
  let type: object | null = prototype
  while (type !== null && type !== base && !seen.has(type)) {
    seen.add(type)
    const own = Object.getOwnPropertyDescriptor(type, 'call')
    if (typeof own?.value === 'function')
      Object.defineProperty(type, 'call', { ...own, value: guarded(own.value as Call, base.apply as Call) })
    type = Object.getPrototypeOf(type) as object | null
  }
}

/** The methods as they were written, by those that stand for them. */
const methods = new WeakMap<object, Call>()

/** A `call` as its class wrote it. */
export function writtenCall<M extends object>(method: M): M | Call {
  return methods.get(method) ?? method
}

function guarded(written: Call, apply: Call): Call {
  const call: Call = function call(x, context) {
    return runningLayers().at(-1) === this ? written.call(this, x, context) : apply.call(this, x, context)
  }
  methods.set(call, written)
  return call
}

/** Results of layers on their way out: seen, or others put in their place. */

import type { Layer } from './layer.js'

/** What goes on in place of what a layer gave. */
export type Tap = (results: unknown) => unknown

// Calls are synchronous, so what is set here never reaches the call of another model.
let open: { readonly layer: Layer; readonly tap: Tap } | undefined

/** Runs `fn`, in which the results of `layer` go through `tap`. */
export function withTap<R>(layer: Layer, tap: Tap, fn: () => R): R {
  const before = open
  open = { layer, tap }
  try {
    return fn()
  } finally {
    open = before
  }
}

/** What the results of a layer are to whoever called it. */
export function tapped(layer: Layer, results: unknown): unknown {
  return open?.layer === layer ? open.tap(results) : results
}

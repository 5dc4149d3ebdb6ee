/**
 * How a call tells the layers inside it that it is a training call.
 *
 * Calls are synchronous, so the calls that are on the stack right now are all of one model: this stack never carries
 * anything from one model, or from one call, to another.
 */

import type { Tensor } from '../core/tensor.js'
import type { Layer } from './layer.js'

/** What a layer's `call` learns besides its input. A layer may declare more: they are the named arguments of its calls. */
export interface CallContext {
  /** Whether dropout drops, batch statistics are taken, and so on. */
  readonly training: boolean
  /**
   * Which entries count (1) and which are padding (0), where that is known. Of several inputs it has their structure: a
   * layer that wants it so declares it so.
   */
  readonly mask?: Tensor | undefined
}

/** One running call. */
export interface RunningCall {
  readonly layer: Layer
  readonly context: CallContext
}

const stack: RunningCall[] = []

/** The outermost call that is running, if any. */
export function rootCall(): RunningCall | undefined {
  return stack[0]
}

/** The layers whose calls are running, outermost first. */
export function runningLayers(): readonly Layer[] {
  return stack.map(({ layer }) => layer)
}

/** Runs a call with `given` over what the surrounding call says; not training where nobody says. */
export function withContext<R>(
  layer: Layer,
  given: Readonly<Record<string, unknown>>,
  run: (context: CallContext) => R,
): R {
  // A mask belongs to one input, and other arguments to one layer; only the mode is handed down.
  const training = (given.training as boolean | undefined) ?? stack.at(-1)?.context.training ?? false
  const context: CallContext = { ...given, training }
  stack.push({ layer, context })
  try {
    return run(context)
  } finally {
    stack.pop()
  }
}

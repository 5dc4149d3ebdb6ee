/**
 * How a call tells the layers inside it that it is a training call.
 *
 * Calls are synchronous, so the calls that are on the stack right now are all of one model: this stack never carries
 * anything from one model, or from one call, to another.
 */

import type { Tensor } from '../core/tensor.js'

/** What a layer's `call` learns besides its input. */
export interface CallContext {
  /** Whether dropout drops, batch statistics are taken, and so on. */
  readonly training: boolean
  /** Which entries count (1) and which are padding (0), where that is known. */
  readonly mask?: Tensor | undefined
}

/** One outermost call and all calls inside it. */
export interface RootCall {
  readonly context: CallContext
}

const stack: RootCall[] = []

/** The outermost call that is running, if any. */
export function rootCall(): RootCall | undefined {
  return stack[0]
}

/** Runs a call with `given` over what the surrounding call says; not training where nobody says. */
export function withContext<R>(given: Partial<CallContext> | undefined, run: (context: CallContext) => R): R {
  // A mask belongs to one input; only the mode is handed down.
  const context: CallContext = { training: stack.at(-1)?.context.training ?? false, ...given }
  stack.push({ context })
  try {
    return run(context)
  } finally {
    stack.pop()
  }
}

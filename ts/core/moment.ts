/** The values that variables held when a call was made: what it works on, whatever is assigned meanwhile. */

import { settleVariables } from './evaluation.js'
import { BindingMoment } from './native.js'
import { enqueue, isInFlight } from './run-queue.js'
import { native, runtime } from './runtime.js'
import { type Variable, variableHandle } from './variable.js'

/** Variables as they were. Nothing is copied until one of them is given another value. */
export interface Moment {
  readonly handle: BindingMoment
  /** Settles when the runs that come first have ended and it is there; nothing where it is there already. */
  readonly taken: Promise<void> | undefined
}

/** This moment of some variables, between the runs asked for before and whatever is asked for later. */
export function momentOf(variables: readonly Variable[]): Moment {
  settleVariables(variables)
  const handles = variables.map(variableHandle)
  const now = variables.some(isInFlight) ? null : native(() => BindingMoment.now(handles))
  return now == null ? later(variables) : { handle: now, taken: undefined }
}

/** Takes it when its turn comes: in flight until then, so that assignments wait behind it. */
function later(variables: readonly Variable[]): Moment {
  const owner = runtime()
  let handle: BindingMoment | undefined
  const taken = new Promise<void>((resolve, reject) => {
    const run = {
      owner,
      touched: new Set(variables),
      milliseconds: Number.POSITIVE_INFINITY,
      resolve: () => resolve(),
      reject,
    }
    enqueue(run, () => {
      handle = native(() => BindingMoment.later(owner, variables.map(variableHandle)))
    })
  })
  // Whoever made the call may fail before it gets to this.
  taken.catch(() => undefined)
  return { handle: handle!, taken }
}

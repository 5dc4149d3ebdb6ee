/** What a run found that was NaN or infinite, and would have changed something. */

import { FerrogradError } from '../errors.js'
import type { Variable } from './variable.js'

/** A run that was stopped before anything changed. */
export class NonFinite extends FerrogradError {
  /** The variable that it would have changed; none where it was the loss. */
  readonly variable: Variable | undefined

  constructor(variable: Variable | undefined, value: number) {
    const what = variable === undefined ? 'the loss' : `the gradient or the new value of '${variable.name}'`
    super('ERR_NON_FINITE', `${what} is ${value}; nothing has changed`)
    this.variable = variable
  }
}

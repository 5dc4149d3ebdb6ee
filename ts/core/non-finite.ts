/** What a run found that was NaN or infinite, and would have changed something. */

import { FerrogradError } from '../errors.js'
import type { Variable } from './variable.js'

/** A run that was stopped before anything changed. */
export class NonFinite extends FerrogradError {
  /** The variable that it would have changed; none where it was the loss. */
  readonly variable: Variable | undefined
  /** What of the variable it was. */
  readonly what: string

  constructor(variable: Variable | undefined, value: number, what?: string) {
    const of = what ?? (variable?.trainable === false ? 'the new value' : 'the gradient')
    super(
      'ERR_NON_FINITE',
      `${variable === undefined ? 'the loss' : `${of} of '${variable.name}'`} is ${value}; nothing has changed`,
    )
    this.variable = variable
    this.what = of
  }
}

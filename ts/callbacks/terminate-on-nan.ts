/** Ends a training quietly when its loss is lost. */
import { Callback, type Logs } from './callback.js'

/**
 * Stops, without an error, at a loss that is NaN or infinite. Without it `fit` rejects with ERR_NON_FINITE.
 *
 * @see keras.callbacks.TerminateOnNaN
 *
 * @example
 * ```ts
 * import { TerminateOnNaN } from 'ferrograd/callbacks'
 *
 * const quiet = new TerminateOnNaN()
 * ```
 */
export class TerminateOnNaN extends Callback {
  static override readonly className = 'TerminateOnNaN'
  override readonly stopsOnNonFinite = true

  override onEpochEnd(_epoch: number, logs: Logs): void {
    if (logs.loss !== undefined && !Number.isFinite(logs.loss)) this.model.stopTraining = true
  }
}

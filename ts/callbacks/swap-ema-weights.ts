/** Evaluates with the moving averages of the weights. */

import { type State, stateFields } from '../core/state.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { Callback } from './callback.js'

const fields = {
  /**
   * Whether the averages stay in place from the end of an epoch to the beginning of the next, so that later callbacks
   * see them. Default false.
   */
  swapOnEpoch: { type: 'boolean', default: false },
} as const

/** Options of {@link SwapEMAWeights}. */
export interface SwapEMAWeightsOptions extends OptionsOf<typeof fields>, Named {}

const SwapEMAWeightsBase: With<typeof Callback, typeof fields, SwapEMAWeightsOptions> = Callback.with(fields)

/**
 * Puts the optimizer's moving averages (`useEma: true`) in the place of the weights while the model is evaluated or
 * predicts, and the weights back afterwards.
 *
 * @see keras.callbacks.SwapEMAWeights
 *
 * @example
 * ```ts
 * import { SwapEMAWeights } from 'ferrograd/callbacks'
 *
 * const averaged = new SwapEMAWeights()
 * ```
 */
export class SwapEMAWeights extends SwapEMAWeightsBase {
  static override readonly className = 'SwapEMAWeights'
  /** The weights, while the averages are in their place. */
  #kept: Tensor[] | undefined

  override setModel(model: Model): void {
    super.setModel(model)
    const { useEma } = model.optimizer.options as { readonly useEma?: boolean }
    if (useEma !== true)
      fail('ERR_CONFIG', 'SwapEMAWeights', 'an optimizer with useEma: true', { text: model.optimizer.className })
  }

  override onTestBegin(): void {
    this.#putAverages()
  }

  override onTestEnd(): void {
    this.#putWeights()
  }

  override onPredictBegin(): void {
    this.#putAverages()
  }

  override onPredictEnd(): void {
    this.#putWeights()
  }

  override onEpochEnd(): void {
    if (this.options.swapOnEpoch) this.#putAverages()
  }

  override onEpochBegin(): void {
    this.#putWeights()
  }

  override onTrainEnd(): void {
    // The training is over: what is in place now is what stays.
    this.#kept = undefined
  }

  override getState(): State {
    return { kept: this.#kept }
  }

  override setState(state: State): void {
    this.#kept = stateFields('SwapEMAWeights', state).kept as Tensor[] | undefined
  }

  #putAverages(): void {
    if (this.#kept !== undefined) return
    this.#kept = this.model.getWeights()
    this.model.optimizer.finalizeVariableValues(this.model.trainableVariables)
  }

  #putWeights(): void {
    if (this.#kept !== undefined) this.model.setWeights(this.#kept)
    this.#kept = undefined
  }
}

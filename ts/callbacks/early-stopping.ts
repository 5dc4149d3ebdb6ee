/** Stops a training that no longer improves. */

import { type State, stateFields } from '../core/state.js'
import type { Tensor } from '../core/tensor.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { Callback, type Logs } from './callback.js'
import { improves, monitorFields, resolveMode, resolveMonitor } from './monitor.js'

const ownFields = {
  /** What counts as an improvement is larger than this (its sign does not matter, as in Keras). Default 0. */
  minDelta: { type: 'number', default: 0 },
  /** Epochs without improvement that are waited for. Default 0. */
  patience: { type: 'integer', default: 0, min: 0 },
  /** 1 says when it stops. Default 0. */
  verbose: { type: 'integer', default: 0, min: 0, max: 2 },
  /** A value that has to be beaten for the waiting to start anew. Default null. */
  baseline: { type: 'number', default: null },
  /** Whether the weights of the best epoch are set back at the end, stopped early or not. Default false. */
  restoreBestWeights: { type: 'boolean', default: false },
  /** Epochs before this one are not looked at. Default 0. */
  startFromEpoch: { type: 'integer', default: 0, min: 0 },
} as const

const fields: typeof monitorFields & typeof ownFields = { ...monitorFields, ...ownFields }

/** Options of {@link EarlyStopping}. */
export interface EarlyStoppingOptions extends OptionsOf<typeof fields>, Named {}

const EarlyStoppingBase: With<typeof Callback, typeof fields, EarlyStoppingOptions> = Callback.with(fields)

/**
 * Stops when the monitored log has not improved for `patience` epochs: `wait` grows by one an epoch, is set to zero by
 * an improvement, and ends the training when `wait ≥ patience`.
 *
 * @see keras.callbacks.EarlyStopping
 *
 * @example
 * ```ts
 * import { EarlyStopping } from 'ferrograd/callbacks'
 *
 * const stop = new EarlyStopping({ monitor: 'val_loss', patience: 3, restoreBestWeights: true })
 * ```
 */
export class EarlyStopping extends EarlyStoppingBase {
  static override readonly className = 'EarlyStopping'
  /** The best value so far. */
  best: number | undefined
  /** The epoch it is from. */
  bestEpoch = 0
  /** The epoch after which training was stopped; 0: it was not. */
  stoppedEpoch = 0
  /** Epochs since the last improvement. */
  wait = 0
  #log = ''
  #mode: 'min' | 'max' = 'min'
  #bestWeights: Tensor[] | undefined

  override onTrainBegin(): void {
    this.#log = resolveMonitor('EarlyStopping', this.options.monitor, this.params.logNames)
    this.#mode = resolveMode('EarlyStopping', this.options.mode, this.#log)
    this.best = undefined
    this.bestEpoch = 0
    this.stoppedEpoch = 0
    this.wait = 0
    this.#bestWeights = undefined
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    const value = logs[this.#log]
    // Validation may run every other epoch only.
    if (value === undefined || epoch < this.options.startFromEpoch) return
    if (this.options.restoreBestWeights && this.#bestWeights === undefined) this.#keep(epoch)
    this.wait += 1
    if (this.#improves(value, this.best)) this.#improved(epoch, value)
    else if (this.wait >= this.options.patience && epoch > 0) this.#stop(epoch)
  }

  override onTrainEnd(): void {
    if (this.#bestWeights === undefined) return
    this.model.setWeights(this.#bestWeights)
    if (this.options.verbose > 0) console.log(`EarlyStopping: weights set back to epoch ${this.bestEpoch + 1}`)
  }

  override getState(): State {
    const { best, bestEpoch, stoppedEpoch, wait } = this
    return { best, bestEpoch, stoppedEpoch, wait, bestWeights: this.#bestWeights }
  }

  override setState(state: State): void {
    const { best, bestEpoch, stoppedEpoch, wait, bestWeights } = stateFields('EarlyStopping', state)
    this.best = best as number | undefined
    this.bestEpoch = bestEpoch as number
    this.stoppedEpoch = stoppedEpoch as number
    this.wait = wait as number
    this.#bestWeights = bestWeights as Tensor[] | undefined
  }

  #improved(epoch: number, value: number): void {
    this.best = value
    this.#keep(epoch)
    const { baseline } = this.options
    if (baseline === null || this.#improves(value, baseline)) this.wait = 0
  }

  #improves(value: number, reference: number | undefined): boolean {
    return improves(value, reference, this.#mode, Math.abs(this.options.minDelta))
  }

  #keep(epoch: number): void {
    this.bestEpoch = epoch
    if (this.options.restoreBestWeights) this.#bestWeights = this.model.getWeights()
  }

  #stop(epoch: number): void {
    this.stoppedEpoch = epoch
    this.model.stopTraining = true
    if (this.options.verbose > 0) console.log(`EarlyStopping: stopped after epoch ${epoch + 1}`)
  }
}

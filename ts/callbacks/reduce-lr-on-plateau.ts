/** Turns the learning rate down when nothing improves any more. */
import { type State, stateFields } from '../core/state.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { Callback, type Logs } from './callback.js'
import { monitorFields, resolveMode, resolveMonitor } from './monitor.js'
import { rateOf, setRate } from './rate.js'

const ownFields = {
  /** The rate is multiplied by it. Default 0.1. */
  factor: { type: 'number', default: 0.1, min: 0, below: 1 },
  /** Epochs without improvement that are waited for. Default 10. */
  patience: { type: 'integer', default: 10, min: 0 },
  /** 1 says when it acts. Default 0. */
  verbose: { type: 'integer', default: 0, min: 0, max: 2 },
  /** What counts as an improvement is larger than this. Default 1e-4. */
  minDelta: { type: 'number', default: 1e-4 },
  /** Epochs after a reduction that are not counted. Default 0. */
  cooldown: { type: 'integer', default: 0, min: 0 },
  /** The rate never falls below it. Default 0. */
  minLr: { type: 'number', default: 0, min: 0 },
} as const

const fields: typeof monitorFields & typeof ownFields = { ...monitorFields, ...ownFields }

/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions extends OptionsOf<typeof fields>, Named {}

const ReduceLROnPlateauBase: With<typeof Callback, typeof fields, ReduceLROnPlateauOptions> = Callback.with(fields)

/**
 * `rate ← max(rate · factor, minLr)` after `patience` epochs without improvement.
 *
 * @see keras.callbacks.ReduceLROnPlateau
 *
 * @example
 * ```ts
 * import { ReduceLROnPlateau } from 'ferrograd/callbacks'
 *
 * const slower = new ReduceLROnPlateau({ monitor: 'val_loss', factor: 0.5, patience: 3 })
 * ```
 */
export class ReduceLROnPlateau extends ReduceLROnPlateauBase {
  static override readonly className = 'ReduceLROnPlateau'
  /** The best value so far. */
  best: number | undefined
  /** Epochs since the last improvement. */
  wait = 0
  #cooling = 0
  #log = ''
  #mode: 'min' | 'max' = 'min'

  override onTrainBegin(): void {
    this.#log = resolveMonitor('ReduceLROnPlateau', this.options.monitor, this.params.logNames)
    this.#mode = resolveMode('ReduceLROnPlateau', this.options.mode, this.#log)
    this.best = undefined
    this.wait = 0
    this.#cooling = 0
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    logs.learning_rate = rateOf(this.model)
    const value = logs[this.#log]
    if (value === undefined) return
    if (this.#cooling > 0) {
      this.#cooling -= 1
      this.wait = 0
    }
    if (this.#improves(value)) {
      this.best = value
      this.wait = 0
    } else if (this.#cooling === 0) {
      this.wait += 1
      if (this.wait >= this.options.patience) this.#reduce(epoch)
    }
  }

  override getState(): State {
    return { best: this.best, wait: this.wait, cooling: this.#cooling }
  }

  override setState(state: State): void {
    const { best, wait, cooling } = stateFields('ReduceLROnPlateau', state)
    this.best = best as number | undefined
    this.wait = wait as number
    this.#cooling = cooling as number
  }

  #improves(value: number): boolean {
    if (this.best === undefined) return Number.isFinite(value)
    const { minDelta } = this.options
    return this.#mode === 'min' ? value < this.best - minDelta : value > this.best + minDelta
  }

  #reduce(epoch: number): void {
    const { factor, minLr, cooldown, verbose } = this.options
    const rate = rateOf(this.model)
    if (rate <= minLr) return
    const reduced = Math.max(rate * factor, minLr)
    setRate(this.model, 'ReduceLROnPlateau', reduced)
    this.#cooling = cooldown
    this.wait = 0
    if (verbose > 0) console.log(`Epoch ${epoch + 1}: learning rate ${rate} → ${reduced}`)
  }
}

/** Keeps the weights of the best epoch, or hands weights on as they are made. */

import type { Tensor } from '../core/tensor.js'
import type { ArgumentsOf } from '../options/fields.js'
import { Callback, type HookResult, type Logs } from './callback.js'
import { improves, monitorFields, resolveMode, resolveMonitor } from './monitor.js'

const ownFields = {
  /** Whether only weights that are better than all before are kept. */
  saveBestOnly: { type: 'boolean', default: false },
  /** A value that has to be beaten for the first weights to be kept. */
  initialValueThreshold: { type: 'number', default: null },
  /** 1 says when it keeps weights. */
  verbose: { type: 'integer', default: 0, min: 0, max: 2 },
} as const

const fields: typeof monitorFields & typeof ownFields = { ...monitorFields, ...ownFields }

/** Called with weights to keep: write them wherever you like. */
export type OnSave = (weights: Tensor[], epoch: number, logs: Logs) => HookResult

type Options = ArgumentsOf<typeof fields>[0] & { readonly onSave?: OnSave }

/**
 * Keeps copies of the weights in memory after each epoch (the best only, with `saveBestOnly`).
 *
 * @see keras.callbacks.ModelCheckpoint
 *
 * @example
 * ```ts
 * import { ModelCheckpoint } from 'ferrograd/callbacks'
 *
 * const best = new ModelCheckpoint({ monitor: 'val_accuracy', saveBestOnly: true })
 * // after fit: best.restore(), best.weights, best.epoch
 * ```
 */
export class ModelCheckpoint extends Callback<typeof fields> {
  static override readonly className = 'ModelCheckpoint'
  static override readonly fields: typeof fields = fields
  /** The weights kept last. */
  weights: Tensor[] | undefined
  /** The epoch they are from. */
  epoch: number | undefined
  /** The best value so far. */
  best: number | undefined
  #log: string | undefined
  #mode: 'min' | 'max' = 'min'
  readonly #onSave: OnSave | undefined

  constructor({ onSave, ...options }: Options = {}) {
    super(options)
    this.#onSave = onSave
    this.best = this.options.initialValueThreshold ?? undefined
  }

  override onTrainBegin(): void {
    if (!this.options.saveBestOnly) return
    this.#log = resolveMonitor('ModelCheckpoint', this.options.monitor, this.params.logNames)
    this.#mode = resolveMode('ModelCheckpoint', this.options.mode, this.#log)
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    if (this.#log !== undefined && !this.#isBest(logs[this.#log])) return
    this.weights = this.model.getWeights()
    this.epoch = epoch
    if (this.options.verbose > 0) console.log(`ModelCheckpoint: kept the weights of epoch ${epoch + 1}`)
    await this.#onSave?.(this.weights, epoch, logs)
  }

  /** Sets the model's weights to those kept last. */
  restore(): void {
    if (this.weights !== undefined) this.model.setWeights(this.weights)
  }

  #isBest(value: number | undefined): boolean {
    if (value === undefined || !improves(value, this.best, this.#mode, 0)) return false
    this.best = value
    return true
  }
}

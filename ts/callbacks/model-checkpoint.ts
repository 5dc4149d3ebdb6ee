/** Keeps the model of the best epoch, or of every one, in memory or in files. */

import { type State, stateFields } from '../core/state.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { asRecord } from '../options/resolve.js'
import { makeFolder } from '../saving/paths.js'
import { weightEndings } from '../saving/weight-files.js'
import { Callback, type HookResult, type Logs } from './callback.js'
import { fillPattern } from './file-pattern.js'
import { improves, monitorFields, resolveMode, resolveMonitor } from './monitor.js'
import { checkSaveFreq, type SaveFreq } from './save-freq.js'

const ownFields = {
  /**
   * Where to write, with `{epoch:02d}`, `{batch}` (both from 1) and `{val_loss:.4f}` filled in; its folder is made
   * where it is not there. Weights stay in memory unless given.
   */
  filepath: { type: 'string', default: null },
  /** Whether weights alone are written: to `.weights.h5` or `.safetensors` instead of `.keras`. Default false. */
  saveWeightsOnly: { type: 'boolean', default: false },
  /** Whether only weights that are better than all before are kept. Default false. */
  saveBestOnly: { type: 'boolean', default: false },
  /** A value that has to be beaten for the first weights to be kept. Default null. */
  initialValueThreshold: { type: 'number', default: null },
  /** 1 says when it keeps weights. Default 0. */
  verbose: { type: 'integer', default: 0, min: 0, max: 2 },
} as const

const fields: typeof monitorFields & typeof ownFields = { ...monitorFields, ...ownFields }

/** Called with weights to keep: write them wherever you like. */
export type OnSave = (weights: Tensor[], epoch: number, logs: Logs) => HookResult

/** Options of {@link ModelCheckpoint}. */
export interface ModelCheckpointOptions extends OptionsOf<typeof fields> {
  /** Called with the weights that are kept. */
  readonly onSave?: OnSave
  /** After each epoch, or after every so many batches. Default 'epoch'. */
  readonly saveFreq?: SaveFreq
}

const WHERE = 'ModelCheckpoint.filepath'

const ModelCheckpointBase: With<typeof Callback, typeof fields, ModelCheckpointOptions> = Callback.with(fields)

/**
 * Keeps the weights after each epoch, or every `saveFreq` batches (the best only, with `saveBestOnly`): in memory, or with
 * `filepath` in files, written before training goes on.
 *
 * @see keras.callbacks.ModelCheckpoint
 *
 * @example
 * ```ts
 * import { ModelCheckpoint } from 'ferrograd/callbacks'
 *
 * const best = new ModelCheckpoint({ monitor: 'val_accuracy', saveBestOnly: true })
 * // after fit: best.restore(), best.weights, best.epoch
 * const files = new ModelCheckpoint({ filepath: 'model-{epoch:02d}-{val_loss:.4f}.keras' })
 * // after fit: files.path
 * ```
 */
export class ModelCheckpoint extends ModelCheckpointBase {
  static override readonly className = 'ModelCheckpoint'
  /** The file written last. */
  path: string | undefined
  /** The weights kept last, where they are kept in memory. */
  weights: Tensor[] | undefined
  /** The epoch they are from. */
  epoch: number | undefined
  /** The best value so far. */
  best: number | undefined
  #log: string | undefined
  #mode: 'min' | 'max' = 'min'
  readonly #onSave: OnSave | undefined

  /** Epochs that have begun, and batches since the last check. */
  #running = 0
  #batches = 0

  constructor(options?: ModelCheckpointOptions) {
    const { onSave, saveFreq = 'epoch', ...others }: ModelCheckpointOptions = asRecord(options, 'ModelCheckpoint')
    super(others)
    this.#onSave = onSave
    this.#checkPath()
    checkSaveFreq('ModelCheckpoint', saveFreq)
    // Only hooks that are there cost anything.
    if (saveFreq === 'epoch') this.onEpochEnd = (epoch, logs) => this.#look(epoch, logs)
    else this.onTrainBatchEnd = (batch, logs) => this.#countBatch(saveFreq, batch, logs)
    this.best = this.options.initialValueThreshold ?? undefined
  }

  override onTrainBegin(): void {
    if (!this.options.saveBestOnly) return
    this.#log = resolveMonitor('ModelCheckpoint', this.options.monitor, this.params.logNames)
    this.#mode = resolveMode('ModelCheckpoint', this.options.mode, this.#log)
  }

  override onEpochBegin(epoch: number): void {
    this.#running = epoch
  }

  override getState(): State {
    const { best, epoch, weights, path } = this
    return { best, epoch, weights, path, batches: this.#batches }
  }

  override setState(state: State): void {
    const { best, epoch, weights, path, batches } = stateFields('ModelCheckpoint', state)
    this.best = best as number | undefined
    this.epoch = epoch as number | undefined
    this.weights = weights as Tensor[] | undefined
    this.path = path as string | undefined
    this.#batches = batches as number
  }

  /** Sets the model's weights to those kept last, in memory. */
  restore(): void {
    if (this.path !== undefined)
      fail(
        'ERR_STATE',
        'ModelCheckpoint.restore',
        'weights in memory',
        { text: this.path },
        'Use loadModel or model.loadWeights',
      )
    if (this.weights !== undefined) this.model.setWeights(this.weights)
  }

  async #countBatch(every: number, batch: number, logs: Logs): Promise<void> {
    this.#batches += 1
    if (this.#batches < every) return
    this.#batches = 0
    await this.#look(this.#running, logs, { batch: batch + 1 })
  }

  async #look(epoch: number, logs: Logs, place: { readonly batch?: number } = {}): Promise<void> {
    if (this.#log !== undefined && !this.#isBest(logs[this.#log])) return
    this.epoch = epoch
    const { filepath } = this.options
    await (filepath === null ? this.#keep(epoch, logs) : this.#write(filepath, epoch, logs, place))
  }

  async #keep(epoch: number, logs: Logs): Promise<void> {
    this.weights = this.model.getWeights()
    if (this.options.verbose > 0) console.log(`ModelCheckpoint: kept the weights of epoch ${epoch + 1}`)
    await this.#onSave?.(this.weights, epoch, logs)
  }

  async #write(pattern: string, epoch: number, logs: Logs, place: { readonly batch?: number }): Promise<void> {
    const path = fillPattern(WHERE, pattern, { epoch: epoch + 1, ...place, ...logs })
    await makeFolder(path)
    await (this.options.saveWeightsOnly ? this.model.saveWeights(path) : this.model.save(path))
    this.path = path
    if (this.options.verbose > 0) console.log(`ModelCheckpoint: epoch ${epoch + 1} is in ${path}`)
    await this.#onSave?.(this.model.getWeights(), epoch, logs)
  }

  /** What cannot be written is refused before the training. */
  #checkPath(): void {
    const { filepath, saveWeightsOnly } = this.options
    if (filepath === null) return
    const endings = saveWeightsOnly ? weightEndings : ['.keras']
    if (!endings.some((ending) => filepath.endsWith(ending)))
      fail('ERR_CONFIG', WHERE, `a path that ends in ${endings.join(' or ')}`, filepath)
    // Which names there are is seen at the first file: any callback may add to the logs.
    fillPattern(WHERE, filepath, new Proxy({}, { get: () => 1 }))
  }

  #isBest(value: number | undefined): boolean {
    if (value === undefined || !improves(value, this.best, this.#mode, 0)) return false
    this.best = value
    return true
  }
}

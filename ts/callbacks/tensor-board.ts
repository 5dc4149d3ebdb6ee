/** Logs that TensorBoard shows. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { firstEvent, histogramEvent, scalarEvent } from '../core/native.js'
import { native } from '../core/runtime.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import type { TypedArray } from '../types.js'
import { Callback, type Logs } from './callback.js'

const fields = {
  /** The folder; `train` and `validation` are made in it. Default 'logs'. */
  logDir: { type: 'string', default: 'logs' },
  /** Every so many epochs the weights are written as histograms; 0: never. Default 0. */
  histogramFreq: { type: 'integer', default: 0, min: 0 },
} as const

/** Options of {@link TensorBoard}. */
export interface TensorBoardOptions extends OptionsOf<typeof fields>, Named {}

const TensorBoardBase: With<typeof Callback, typeof fields, TensorBoardOptions> = Callback.with(fields)

/**
 * Writes the logs of each epoch as scalars (`epoch_loss`, …) under `train` and `validation`, and weights as histograms:
 * event files as TensorFlow's, for `tensorboard --logdir`.
 *
 * @see keras.callbacks.TensorBoard
 *
 * @example
 * ```ts
 * import { TensorBoard } from 'ferrograd/callbacks'
 *
 * const board = new TensorBoard({ logDir: 'logs/first', histogramFreq: 1 })
 * ```
 */
export class TensorBoard extends TensorBoardBase {
  static override readonly className = 'TensorBoard'
  readonly #files = new Map<string, number>()

  override onEpochEnd(epoch: number, logs: Logs): void {
    for (const [name, value] of Object.entries(logs)) {
      const validation = name.startsWith('val_')
      const tag = `epoch_${validation ? name.slice(4) : name}`
      this.#write(validation ? 'validation' : 'train', () => scalarEvent(now(), epoch, tag, value))
    }
    const { histogramFreq } = this.options
    if (histogramFreq > 0 && epoch % histogramFreq === 0) this.#writeWeights(epoch)
  }

  override onTrainEnd(): void {
    this.onInterrupt()
  }

  /** Closes the files, also where a training fails. */
  override onInterrupt(): void {
    for (const file of this.#files.values()) closeSync(file)
    this.#files.clear()
  }

  #writeWeights(epoch: number): void {
    for (const layer of this.model.layers) {
      for (const weight of layer.weights) {
        const values = floats(weight.dataSync())
        this.#write('train', () => histogramEvent(now(), epoch, `${layer.name}/${weight.name}/histogram`, values))
      }
    }
  }

  #write(part: string, event: () => Uint8Array): void {
    writeSync(this.#fileOf(part), native(event))
  }

  /** Opened when there is something to write. */
  #fileOf(part: string): number {
    const open = this.#files.get(part)
    if (open !== undefined) return open
    const folder = join(this.options.logDir, part)
    mkdirSync(folder, { recursive: true })
    const name = `events.out.tfevents.${Math.floor(now())}.${hostname()}.${process.pid}.${opened++}.v2`
    const file = openSync(join(folder, name), 'a')
    this.#files.set(part, file)
    writeSync(
      file,
      native(() => firstEvent(now())),
    )
    return file
  }
}

/** Makes the names of two files of one second differ. */
let opened = 0

function floats(values: TypedArray): Float32Array | Float64Array {
  return values instanceof Float32Array || values instanceof Float64Array ? values : Float64Array.from(values)
}

function now(): number {
  return Date.now() / 1000
}

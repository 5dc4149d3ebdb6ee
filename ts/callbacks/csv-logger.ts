/** Writes the logs of each epoch as a line of a CSV file. */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs'
import { type State, stateFields } from '../core/state.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { Callback, type Logs } from './callback.js'

const fields = {
  /** The file. */
  filename: { type: 'string' },
  /** Between the cells. Default ','. */
  separator: { type: 'string', default: ',' },
  /** Whether lines are added to a file that is there. Default false. */
  append: { type: 'boolean', default: false },
} as const

/** Options of {@link CSVLogger}. */
export interface CSVLoggerOptions extends OptionsOf<typeof fields>, Named {}

const CSVLoggerBase: With<typeof Callback, typeof fields, CSVLoggerOptions> = Callback.with(fields)

/**
 * One line an epoch: `epoch`, then the logs in the order of their names, as Keras writes them; a log that an epoch does
 * not have is `NA`.
 *
 * @see keras.callbacks.CSVLogger
 *
 * @example
 * ```ts
 * import { CSVLogger } from 'ferrograd/callbacks'
 *
 * const log = new CSVLogger({ filename: 'training.csv' })
 * ```
 */
export class CSVLogger extends CSVLoggerBase {
  static override readonly className = 'CSVLogger'
  #file: number | undefined
  #names: readonly string[] | undefined
  #headed = false
  /** Whether what the file holds stays. */
  #keeps = false

  override onTrainBegin(): void {
    const { filename, append } = this.options
    this.#headed = append && existsSync(filename) && statSync(filename).size > 0
    this.#names = undefined
    this.#keeps = append
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.#names ??= [...new Set([...Object.keys(logs), ...this.params.logNames])].sort()
    if (!this.#headed) this.#write(['epoch', ...this.#names])
    this.#headed = true
    this.#write([String(epoch), ...this.#names.map((name) => (logs[name] === undefined ? 'NA' : String(logs[name])))])
  }

  override getState(): State {
    return { names: this.#names, headed: this.#headed, bytes: fstatSync(this.#opened()).size }
  }

  /** What was written after the state was taken is written again. */
  override setState(state: State): void {
    const { names, headed, bytes } = stateFields('CSVLogger', state)
    this.#names = names as string[] | undefined
    this.#headed = headed as boolean
    this.#keeps = true
    const file = this.#opened()
    ftruncateSync(file, Math.min(fstatSync(file).size, bytes as number))
  }

  override onTrainEnd(): void {
    this.onInterrupt()
  }

  /** Closes the file, also where a training fails. */
  override onInterrupt(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #write(cells: readonly string[]): void {
    const { separator } = this.options
    const quoted = cells.map((cell) =>
      cell.includes(separator) || /["\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
    )
    writeSync(this.#opened(), `${quoted.join(separator)}\n`)
  }

  #opened(): number {
    this.#file ??= openSync(this.options.filename, this.#keeps ? 'a' : 'w')
    return this.#file
  }
}

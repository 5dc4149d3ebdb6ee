/** Shows a training: a live bar on a terminal, a line an epoch elsewhere. */
import { checkNames, fail } from '../errors.js'
import { asRecord } from '../options/resolve.js'
import { Callback, type Logs, type Progress } from './callback.js'
import { coloured, type LineParts, liveLine, plain, plainLine } from './progress-line.js'

/** What is written to: `process.stdout`, or anything like it. */
export interface ProgressStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  hasColors?(): boolean
}

/** Options of {@link ProgbarLogger}. */
export interface ProgbarLoggerOptions {
  /** Where it is written to. Default `process.stdout`. */
  readonly stream?: ProgressStream
}

/**
 * Prints loss, metrics, time left and samples a second. `fit` adds one unless `verbose` is 0.
 *
 * @see keras.callbacks.ProgbarLogger
 *
 * @example
 * ```ts
 * import { ProgbarLogger } from 'ferrograd/callbacks'
 *
 * const toStderr = new ProgbarLogger({ stream: process.stderr })
 * ```
 */
export class ProgbarLogger extends Callback {
  static override readonly className = 'ProgbarLogger'
  readonly #stream: ProgressStream
  #epoch = 0
  #began = 0
  #last: Progress | undefined

  constructor(options?: ProgbarLoggerOptions) {
    super()
    const given = asRecord(options, 'ProgbarLogger')
    checkNames('ProgbarLogger', given, ['stream'])
    const { stream = process.stdout }: ProgbarLoggerOptions = given
    if (typeof stream?.write !== 'function') fail('ERR_CONFIG', 'ProgbarLogger.stream', 'a stream', stream)
    this.#stream = stream
  }

  get #live(): boolean {
    return this.params.verbose === 1 && this.#stream.isTTY === true
  }

  override onEpochBegin(epoch: number): void {
    this.#epoch = epoch
    this.#began = performance.now()
    this.#last = undefined
    if (this.#live) this.#draw({ epoch, step: 0, steps: this.params.steps, samples: 0, seconds: 0, waited: 0 }, {})
  }

  override onTrainProgress(progress: Progress, logs: Logs): void {
    this.#last = progress
    if (this.#live) this.#draw(progress, logs)
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    if (this.params.verbose === 0) return
    const parts = this.#finished(logs)
    this.#stream.write(this.#live ? `${this.#line(parts)}\n` : `${plainLine(parts)}\n`)
    this.#last = undefined
  }

  /** A training that ends inside an epoch leaves its bar as it is, on a line of its own. */
  override onInterrupt(): void {
    if (this.#live && this.#last !== undefined) this.#stream.write('\n')
    this.#last = undefined
  }

  #draw(progress: Progress, logs: Logs): void {
    this.#stream.write(this.#line({ ...this.#parts(progress, logs), done: false }))
  }

  /** The whole epoch, its time validation included. */
  #finished(logs: Logs): LineParts {
    const { steps = this.#last?.step ?? 0, samples = this.#last?.samples ?? 0 } = this.params
    const seconds = (performance.now() - this.#began) / 1000
    const waited = this.#last?.waited ?? 0
    return { ...this.#parts({ epoch: this.#epoch, step: steps, steps, samples, seconds, waited }, logs), done: true }
  }

  #parts({ epoch, ...progress }: Progress, logs: Logs): Omit<LineParts, 'done'> & { done: boolean } {
    return { ...progress, epoch: epoch + 1, epochs: this.params.epochs, logs, done: false }
  }

  /** Back to the start of the line, clear it, write it anew; the last column stays free, or terminals wrap. */
  #line(parts: LineParts): string {
    const paint = this.#stream.hasColors?.() === true ? coloured : plain
    return `\r\u001b[2K${liveLine(parts, (this.#stream.columns ?? 80) - 1, paint)}`
  }
}

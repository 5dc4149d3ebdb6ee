/** What `fit` returns: a promise of the history, and a stream of its epochs. */
import type { EpochLogs } from '../callbacks/callback.js'
import type { History } from '../callbacks/history.js'

/** One epoch, as it is reported to a loop over a fit. */
export interface EpochReport {
  /** Counted from 0. */
  readonly epoch: number
  readonly logs: EpochLogs
}

/** Tells the loop over a fit, if there is one, about an epoch; resolves when it wants the next. */
export type Report = (report: EpochReport) => Promise<void>

/**
 * A running training. Awaited, it is the history; iterated, it gives one report an epoch, and the training waits while
 * the loop's body runs. Leaving the loop early ends the training after the current step.
 *
 * @example
 * ```ts
 * import type { Sequential } from 'ferrograd'
 *
 * declare const model: Sequential
 * for await (const { epoch, logs } of model.fit([[0], [1]], [[1], [3]], { epochs: 100, verbose: 0 })) {
 *   if (logs.loss < 0.01) break
 *   console.log(epoch, logs.loss)
 * }
 * ```
 */
export class FitRun implements Promise<History>, AsyncIterable<EpochReport> {
  readonly [Symbol.toStringTag] = 'FitRun'
  readonly #done: Promise<History>
  readonly #stop: () => void
  #reports: EpochReport[] = []
  /** Wakes the loop's `next`. */
  #arrived: (() => void) | undefined
  /** Lets the training go on. */
  #resume: (() => void) | undefined
  #iterated = false
  #ended = false

  /** `start` runs the training at once; `stop` ends it after the current step. */
  constructor(start: (report: Report) => Promise<History>, stop: () => void) {
    this.#stop = stop
    // Nothing else is chained to it: a rejection that nobody handles must show as such.
    this.#done = start((report) => this.#report(report)).finally(() => this.#end())
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  then<A = History, B = never>(
    onFulfilled?: ((history: History) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#done.then(onFulfilled, onRejected)
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<History | B> {
    return this.#done.catch(onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<History> {
    return this.#done.finally(onFinally)
  }

  [Symbol.asyncIterator](): AsyncIterator<EpochReport, undefined> {
    this.#iterated = true
    // The loop gets the error when it asks for the next report, which may be later.
    this.#done.catch(() => undefined)
    return {
      next: () => this.#next(),
      return: async () => {
        this.#iterated = false
        this.#stop()
        this.#resume?.()
        await this.#done.catch(() => undefined)
        return { done: true, value: undefined }
      },
    }
  }

  async #next(): Promise<IteratorResult<EpochReport, undefined>> {
    this.#resume?.()
    if (this.#reports.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#arrived = resolve))
    const value = this.#reports.shift()
    if (value !== undefined) return { done: false, value }
    await this.#done
    return { done: true, value: undefined }
  }

  async #report(report: EpochReport): Promise<void> {
    if (!this.#iterated) return
    this.#reports.push(report)
    this.#arrived?.()
    await new Promise<void>((resolve) => (this.#resume = resolve))
  }

  #end(): void {
    this.#ended = true
    this.#arrived?.()
  }
}

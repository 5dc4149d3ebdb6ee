/** Records what each epoch reported. */
import { inspectWith } from '../core/inspect.js'
import { type State, stateFields } from '../core/state.js'
import type { Profile } from '../training/profile.js'
import { Callback, type Logs, type Progress } from './callback.js'

/**
 * The logs of all epochs: what `fit` resolves to.
 *
 * @see keras.callbacks.History
 *
 * @example
 * ```ts
 * import { Sequential } from 'ferrograd'
 *
 * declare const model: Sequential
 * const { history, epoch } = await model.fit([[0], [1]], [[1], [3]], { epochs: 2 })
 * console.log(epoch, history.loss)
 * ```
 */
export class History extends Callback {
  static override readonly className = 'History'
  /** One list a log name, one entry an epoch. */
  history: Record<string, number[]> = {}
  /** The epochs that ran, counted from 0. */
  epoch: number[] = []
  /** The share of each epoch's training in which no step ran for want of data, in [0, 1]; 0 over arrays. */
  data: number[] = []
  /** Where the time of a step went, if `fit` was asked to measure it by `profile: true`. */
  profile: Profile | undefined
  /** Of the epoch that runs. */
  #waited = 0

  static {
    inspectWith(History, (history) => history.toString())
  }

  /** `History(3 epochs; loss 0.52 → 0.11)`: each log from the first epoch to the last. */
  override toString(): string {
    const short = (value: number | undefined): string => String(Number((value ?? Number.NaN).toPrecision(4)))
    const logs = Object.entries(this.history).map(
      ([name, values]) => `${name} ${short(values[0])} → ${short(values.at(-1))}`,
    )
    return `History(${[`${this.epoch.length} epochs`, ...logs].join('; ')})`
  }

  override getState(): State {
    return { epoch: this.epoch, history: this.history, data: this.data }
  }

  override setState(state: State): void {
    const { epoch, history, data } = stateFields('History', state)
    this.epoch = [...(epoch as number[])]
    this.data = [...((data ?? []) as number[])]
    this.history = Object.fromEntries(
      Object.entries(history as Record<string, number[]>).map(([name, values]) => [name, [...values]]),
    )
  }

  override onTrainProgress({ waited, seconds }: Progress): void {
    this.#waited = seconds > 0 ? waited / seconds : 0
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch)
    this.data.push(this.#waited)
    this.#waited = 0
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= []
      this.history[name].push(value)
    }
  }
}

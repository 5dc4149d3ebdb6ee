/** Records what each epoch reported. */
import { inspectWith } from '../core/inspect.js'
import { type State, stateFields } from '../core/state.js'
import type { Profile } from '../training/profile.js'
import { Callback, type Logs } from './callback.js'

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
  /** Where the time of a step went, if `fit` was asked to measure it by `profile: true`. */
  profile: Profile | undefined

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
    return { epoch: this.epoch, history: this.history }
  }

  override setState(state: State): void {
    const { epoch, history } = stateFields('History', state)
    this.epoch = [...(epoch as number[])]
    this.history = Object.fromEntries(
      Object.entries(history as Record<string, number[]>).map(([name, values]) => [name, [...values]]),
    )
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch)
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= []
      this.history[name].push(value)
    }
  }
}

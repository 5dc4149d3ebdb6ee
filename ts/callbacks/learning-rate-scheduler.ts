/** Sets the learning rate before each epoch. */
import { checkNames, fail } from '../errors.js'
import { asRecord } from '../options/resolve.js'
import { Callback, type Logs } from './callback.js'
import { rateOf, setRate } from './rate.js'

/** The rate of an epoch (counted from 0), from the rate so far. */
export type RateOfEpoch = (epoch: number, rate: number) => number

/** Options of {@link LearningRateScheduler}. */
export interface LearningRateSchedulerOptions {
  /** The rate of an epoch. */
  readonly schedule: RateOfEpoch
  /** 1 prints the rate of each epoch. Default 0. */
  readonly verbose?: 0 | 1
}

/**
 * `rate ← schedule(epoch, rate)`, a plain function of JavaScript numbers, once an epoch.
 *
 * @see keras.callbacks.LearningRateScheduler
 *
 * @example
 * ```ts
 * import { LearningRateScheduler } from 'ferrograd/callbacks'
 *
 * const decay = new LearningRateScheduler({ schedule: (epoch, rate) => (epoch < 10 ? rate : rate * 0.9) })
 * ```
 */
export class LearningRateScheduler extends Callback {
  static override readonly className = 'LearningRateScheduler'
  readonly #schedule: RateOfEpoch
  readonly #verbose: 0 | 1

  constructor(options: LearningRateSchedulerOptions) {
    super()
    const given = asRecord(options, 'LearningRateScheduler')
    checkNames('LearningRateScheduler', given, ['schedule', 'verbose'])
    const { schedule, verbose = 0 } = given as unknown as LearningRateSchedulerOptions
    if (typeof schedule !== 'function')
      fail('ERR_CONFIG', 'LearningRateScheduler.schedule', 'a function of the epoch and the rate', schedule)
    this.#schedule = schedule
    this.#verbose = verbose
  }

  override onEpochBegin(epoch: number): void {
    const rate = this.#schedule(epoch, rateOf(this.model))
    if (typeof rate !== 'number' || !Number.isFinite(rate))
      fail('ERR_CONFIG', 'LearningRateScheduler.schedule', 'a function that returns a finite number', rate)
    setRate(this.model, 'LearningRateScheduler', rate)
    if (this.#verbose > 0) console.log(`Epoch ${epoch + 1}: learning rate ${rate}`)
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    logs.learning_rate = rateOf(this.model)
  }
}

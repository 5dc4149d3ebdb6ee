/** The base of callbacks: what runs between the steps of a training. */
import type { State } from '../core/state.js'
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import { Configurable } from '../options/configurable.js'
import type { NoOptions } from '../options/fields.js'

/** Numbers by name: the loss and the metrics so far. */
export type Logs = Record<string, number>

/** The logs of a whole epoch: the loss is always among them. */
export type EpochLogs = Logs & { readonly loss: number }

/** A hook may be asynchronous: training waits for it. */
export type HookResult = void | Promise<void>

/** What a callback knows of the run it belongs to. */
export interface RunParams {
  readonly epochs: number
  readonly initialEpoch: number
  /** Steps of one epoch; undefined for a stream whose length is not known. */
  readonly steps: number | undefined
  /** Training samples of one epoch, where known. */
  readonly samples: number | undefined
  /** 0 silent, 1 live bar or line, 2 a line an epoch. */
  readonly verbose: 0 | 1 | 2
  /** The names that the logs of an epoch will have. */
  readonly logNames: readonly string[]
}

/** How far an epoch is, told at most a few tens of times a second. */
export interface Progress {
  readonly epoch: number
  /** Steps done. */
  readonly step: number
  readonly steps: number | undefined
  /** Samples done. */
  readonly samples: number
  /** Since the epoch began. */
  readonly seconds: number
  /** How many of these seconds no step ran, for want of data; 0 over arrays. */
  readonly waited: number
}

/** All hooks, in the order of a training. */
export interface Hooks {
  setModel?(model: Model): void
  setParams?(params: RunParams): void
  onTrainBegin?(logs: Logs): HookResult
  onEpochBegin?(epoch: number, logs: Logs): HookResult
  onTrainBatchBegin?(batch: number, logs: Logs): HookResult
  onTrainBatchEnd?(batch: number, logs: Logs): HookResult
  /** Like `onTrainBatchEnd`, but at leisure: steps may be skipped, and training does not wait. */
  onTrainProgress?(progress: Progress, logs: Logs): void
  onEpochEnd?(epoch: number, logs: Logs): HookResult
  onTrainEnd?(logs: Logs): HookResult
  onTestBegin?(logs: Logs): HookResult
  onTestBatchBegin?(batch: number, logs: Logs): HookResult
  onTestBatchEnd?(batch: number, logs: Logs): HookResult
  onTestEnd?(logs: Logs): HookResult
  onPredictBegin?(logs: Logs): HookResult
  onPredictBatchBegin?(batch: number, logs: Logs): HookResult
  onPredictBatchEnd?(batch: number, logs: Logs): HookResult
  onPredictEnd?(logs: Logs): HookResult
  /** The training ended by an error, or was aborted: close what is open. */
  onInterrupt?(): void
  /** Whether a loss that is not finite ends the epoch quietly, with the weights as before that step, in place of an error. */
  readonly stopsOnNonFinite?: boolean
  /** What the callback has to remember, for a training that goes on in another process. */
  getState?(): State
  /** Goes on from what `getState` gave; called after `onTrainBegin`. */
  setState?(state: State): void
}

/** The names of the hooks, so that a misspelt one is noticed. */
export const hookNames: readonly Exclude<keyof Hooks, 'stopsOnNonFinite'>[] = [
  'setModel',
  'setParams',
  'onTrainBegin',
  'onEpochBegin',
  'onTrainBatchBegin',
  'onTrainBatchEnd',
  'onTrainProgress',
  'onEpochEnd',
  'onTrainEnd',
  'onTestBegin',
  'onTestBatchBegin',
  'onTestBatchEnd',
  'onTestEnd',
  'onPredictBegin',
  'onPredictBatchBegin',
  'onPredictBatchEnd',
  'onPredictEnd',
  'onInterrupt',
  'getState',
  'setState',
]

/** A callback, or a plain object with some of the hooks. */
export type CallbackLike = Callback | Hooks

// The hooks are declared and not defined: what a subclass defines is what it wants to hear.
export interface Callback extends Hooks {}

/**
 * Base of callbacks: define the hooks you need. Logs are running means, under Keras's names.
 *
 * @see keras.callbacks.Callback
 *
 * @example
 * ```ts
 * import { Callback, type Logs } from 'ferrograd/callbacks'
 *
 * class StopAt extends Callback {
 *   override onEpochEnd(_epoch: number, logs: Logs): void {
 *     if ((logs.accuracy ?? 0) > 0.99) this.model.stopTraining = true
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: every member the interface adds is optional, or inherited
export abstract class Callback extends Configurable {
  static override readonly className?: string
  #model: Model | undefined
  #params: RunParams | undefined

  constructor(options?: NoOptions) {
    super(options)
  }

  /** The model being trained. */
  get model(): Model {
    return this.#model ?? fail('ERR_STATE', `${this.className}.model`, 'a training that has begun', { text: 'none' })
  }

  /** The run this callback takes part in. */
  get params(): RunParams {
    return this.#params ?? fail('ERR_STATE', `${this.className}.params`, 'a training that has begun', { text: 'none' })
  }

  setModel(model: Model): void {
    this.#model = model
  }

  setParams(params: RunParams): void {
    this.#params = params
  }
}

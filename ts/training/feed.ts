/** Where the batches of a pass come from: arrays, run by one native call, or a stream. */
import type { Logs } from '../callbacks/callback.js'
import { Columns } from '../core/columns.js'
import { type Moment, momentOf } from '../core/moment.js'
import type { NonFinite } from '../core/non-finite.js'
import type { State } from '../core/state.js'
import type { Variable } from '../core/variable.js'
import { checksumOf } from '../data/identity.js'
import type { Model } from '../model/model.js'
import type { Json } from '../types.js'
import { type BatchData, columnsOf } from './batch-data.js'
import type { Profiling } from './profile.js'
import { type CompiledStep, type StepKind, stepFor } from './programs.js'
import { onlyRead, type RowsOf, readLogs, runStretch, type Steps, type Stretch, stepsOf } from './stretch.js'

/** How a pass is run. */
export interface PassOptions {
  readonly kind: Exclude<StepKind, 'predict'>
  readonly batchSize: number
  /** Another number of steps than the data has. */
  readonly maxSteps?: number | undefined
  /** Which pass over this feed it is, from 0. */
  readonly pass?: number | undefined
  readonly shuffle?: { readonly seed: number; readonly epoch: number } | undefined
  readonly signal?: AbortSignal | undefined
  /** Whether a loss that is not finite stops the pass. */
  readonly guarded: boolean
  /** Measures the kernels of the steps. */
  readonly profiling?: Profiling | undefined
  /** What an evaluation is of, where it was called before this pass begins. */
  readonly moment?: Moment | undefined
  /** Steps of the pass that are done: it goes on behind them. */
  readonly from?: number | undefined
  /** Stops the pass now and then between two steps, for what must see them whole. */
  readonly stops?: Stops | undefined
  /** Told now and then. */
  readonly onProgress?: ((progress: StepProgress) => void) | undefined
  /** Told before and after each step; the pass waits. */
  readonly onBatchBegin?: ((batch: number, logs: Logs) => Promise<void>) | undefined
  readonly onBatchEnd?: ((batch: number, logs: Logs) => Promise<void>) | undefined
}

/** What looks at a training between two of its steps. */
export interface Stops {
  /** After how many more steps it wants to be told. */
  readonly stride: number
  /** Told of so many more steps, which took so many milliseconds; `step` are done in all. */
  reached(steps: number, milliseconds: number, step: number): Promise<void>
}

/** What has to be known before a pass. */
export type Preparation = Pick<PassOptions, 'kind' | 'batchSize' | 'guarded' | 'signal'>

/** Steps and samples done, and the logs so far. */
export interface StepProgress {
  readonly step: number
  readonly samples: number
  readonly seconds: number
  /** How many of these seconds no step ran, for want of data. */
  readonly waited: number
  readonly logs: Logs
}

/** How a pass ended. */
export interface PassResult {
  readonly steps: number
  readonly samples: number
  readonly seconds: number
  /** How many of these seconds no step ran, for want of data. */
  readonly waited: number
  readonly logs: Logs
  /** What was not finite in the step after these; the weights are as before it. */
  readonly nonFinite: NonFinite | undefined
  readonly aborted: boolean
}

/** A pass before its first step. */
export const nothingYet: PassResult = {
  steps: 0,
  samples: 0,
  seconds: 0,
  waited: 0,
  logs: {},
  nonFinite: undefined,
  aborted: false,
}

/** A source of batches. */
export interface Feed {
  /** Samples of a pass, where known. */
  readonly samples: number | undefined
  /** Steps of a pass, where known. */
  steps(options: { readonly batchSize: number; readonly maxSteps?: number | undefined }): number | undefined
  /** Traces the steps, so that the names of the logs are known and mistakes show before anything changes. */
  prepare(model: Model, options: Preparation): readonly string[] | Promise<readonly string[]>
  /** The variables that the prepared steps read or change. */
  readonly variables: readonly Variable[]
  run(model: Model, options: PassOptions): Promise<PassResult>
  /** What tells its data from others. */
  identity(): Promise<Json>
  /** Where it is, beyond the epoch and the step. */
  getState(): State
  /** Goes on from what {@link getState} gave, before the first pass. */
  setState(state: State): Promise<void>
  /** Lets go of what is open. */
  close(): void
}

/** Rows `[first, first + count)` of arrays that Rust owns. */
export class ArrayFeed implements Feed {
  readonly data: BatchData
  readonly #columns: Columns
  readonly #first: number
  readonly samples: number
  variables: readonly Variable[] = []

  constructor(data: BatchData, columns: Columns = nativeColumns(data), first = 0, count: number = data.rows) {
    this.data = data
    this.#columns = columns
    this.#first = first
    this.samples = count
  }

  /** The rows before `at`, and the rest. */
  split(at: number): readonly [ArrayFeed, ArrayFeed] {
    return [
      new ArrayFeed(this.data, this.#columns, this.#first, at),
      new ArrayFeed(this.data, this.#columns, this.#first + at, this.samples - at),
    ]
  }

  steps({ batchSize, maxSteps }: { readonly batchSize: number; readonly maxSteps?: number | undefined }): number {
    return maxSteps ?? Math.ceil(this.samples / batchSize)
  }

  prepare(model: Model, options: Preparation): readonly string[] {
    const { whole, tail } = this.#programs(model, options)
    this.variables = [...new Set([...whole.program.touched, ...(tail?.program.touched ?? [])])]
    return whole.logNames
  }

  async run(model: Model, options: PassOptions): Promise<PassResult> {
    const size = Math.min(options.batchSize, this.samples)
    let result: PassResult = nothingYet
    // Training goes on from whatever is assigned; an evaluation is of the weights that it was called for.
    const moment = options.kind === 'test' ? momentOf(onlyRead(this.#programs(model, options))) : undefined
    let done = options.from ?? 0
    const end = this.steps(options)
    if (options.onBatchBegin) await options.onBatchBegin(done, {})
    const rows: RowsOf = { columns: this.#columns, size, programs: () => this.#programs(model, options), end }
    for (const stretch of this.#stretches(size, options)) {
      const steps = stepsOf(stretch, size)
      // Those before where it goes on from count as done.
      if (done >= steps) {
        done -= steps
        result = {
          ...result,
          steps: result.steps + steps,
          samples: result.samples + Math.min(steps * size, stretch.count),
        }
        continue
      }
      result = await runStretch(rows, stretch, options, result, moment, done)
      if (result.aborted || result.nonFinite !== undefined || result.steps >= end) return result
      done = 0
    }
    // All of it was done before: the logs are those that the state of the metrics says.
    return { ...result, logs: await readLogs(this.#programs(model, options).whole) }
  }

  /**
   * The rows of one pass. A number of steps makes the passes portions of one endless round over the data: in order, the
   * next begins where the last ended; shuffled, each takes the beginning of an order of its own.
   */
  #stretches(size: number, { maxSteps, pass = 0, shuffle }: PassOptions): Stretch[] {
    if (maxSteps === undefined) return [{ first: this.#first, count: this.samples, shuffle }]
    const all = Math.ceil(this.samples / size)
    const rounds = Math.ceil(maxSteps / all)
    const stretches: Stretch[] = []
    let at = shuffle === undefined ? (pass * maxSteps) % all : 0
    for (let left = maxSteps; left > 0; ) {
      const steps = Math.min(left, all - at)
      const count = Math.min(steps * size, this.samples - at * size)
      const order = shuffle && { seed: shuffle.seed, epoch: shuffle.epoch * rounds + stretches.length }
      stretches.push(
        order === undefined
          ? { first: this.#first + at * size, count }
          : { first: this.#first, count: this.samples, shuffle: order, maxSteps: steps },
      )
      left -= steps
      at = 0
    }
    return stretches
  }

  /** Halves have the same arrays: how they are split, the training says. */
  async identity(): Promise<Json> {
    return await Promise.all(
      columnsOf(this.data).map(async ({ values, shape, dtype }) => ({
        dtype,
        shape: [...shape],
        checksum: await checksumOf(values),
      })),
    )
  }

  /** The epoch and the step say all. */
  getState(): State {
    return null
  }

  async setState(): Promise<void> {}

  /** Halves share their memory: whoever split a feed closes both. */
  close(): void {
    this.#columns.release()
  }

  #programs(model: Model, { kind, batchSize, guarded }: Preparation): Steps {
    const size = Math.min(batchSize, this.samples)
    const rest = this.samples % size
    const step = (rows: number): CompiledStep => stepFor(model, kind, this.data, rows, guarded)
    return { whole: step(size), tail: rest === 0 ? undefined : step(rest) }
  }
}

/** Copies columns to where Rust can read them from any thread. */
export function nativeColumns(data: BatchData): Columns {
  return new Columns(columnsOf(data).map(({ values, shape, dtype }) => ({ values, rowShape: shape.slice(1), dtype })))
}

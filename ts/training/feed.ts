/** Where the batches of a pass come from: arrays, run by one native call, or a stream, run batch by batch. */
import type { Logs } from '../callbacks/callback.js'
import type { Model } from '../model/model.js'
import { Columns, runEpoch } from '../program.js'
import { type BatchData, columnsOf } from './batch-data.js'
import { type CompiledStep, type StepKind, stepFor } from './programs.js'

/** How a pass is run. */
export interface PassOptions {
  readonly kind: Exclude<StepKind, 'predict'>
  readonly batchSize: number
  /** Fewer steps than the data has. */
  readonly maxSteps?: number | undefined
  readonly shuffle?: { readonly seed: number; readonly epoch: number } | undefined
  readonly signal?: AbortSignal | undefined
  /** Whether a loss that is not finite stops the pass. */
  readonly guarded: boolean
  /** Told now and then. */
  readonly onProgress?: ((progress: StepProgress) => void) | undefined
  /** Told before and after each step; the pass waits. */
  readonly onBatchBegin?: ((batch: number, logs: Logs) => Promise<void>) | undefined
  readonly onBatchEnd?: ((batch: number, logs: Logs) => Promise<void>) | undefined
}

/** Steps and samples done, and the logs so far. */
export interface StepProgress {
  readonly step: number
  readonly samples: number
  readonly seconds: number
  readonly logs: Logs
}

/** How a pass ended. */
export interface PassResult {
  readonly steps: number
  readonly samples: number
  readonly seconds: number
  readonly logs: Logs
  /** The step whose loss was not finite; the weights are as before it. */
  readonly nonFiniteAt: number | undefined
  readonly aborted: boolean
}

/** A source of batches. */
export interface Feed {
  /** Samples of a pass, where known. */
  readonly samples: number | undefined
  /** Steps of a pass, where known. */
  steps(options: { readonly batchSize: number; readonly maxSteps?: number | undefined }): number | undefined
  /** Traces the steps, so that the names of the logs are known and mistakes show before anything changes. */
  prepare(model: Model, kind: PassOptions['kind'], batchSize: number, guarded: boolean): Promise<readonly string[]>
  run(model: Model, options: PassOptions): Promise<PassResult>
  /** Lets go of what is open. */
  close(): void
}

/** Rows `[first, first + count)` of arrays that Rust owns. */
export class ArrayFeed implements Feed {
  readonly data: BatchData
  readonly #columns: Columns
  readonly #first: number
  readonly samples: number

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
    const all = Math.ceil(this.samples / batchSize)
    return maxSteps === undefined ? all : Math.min(all, maxSteps)
  }

  async prepare(
    model: Model,
    kind: PassOptions['kind'],
    batchSize: number,
    guarded: boolean,
  ): Promise<readonly string[]> {
    return this.#programs(model, kind, batchSize, guarded).whole.logNames
  }

  async run(model: Model, options: PassOptions): Promise<PassResult> {
    const { kind, batchSize, maxSteps, shuffle, signal, guarded, onProgress, onBatchBegin, onBatchEnd } = options
    const size = Math.min(batchSize, this.samples)
    const { whole, tail } = this.#programs(model, kind, batchSize, guarded)
    const began = performance.now()
    const done = (step: number): number => Math.min(step * size, this.samples)
    const everyStep = onBatchBegin !== undefined || onBatchEnd !== undefined
    const total = this.steps(options)
    await onBatchBegin?.(0, {})
    const result = await runEpoch({
      program: whole.program,
      ...(tail === undefined ? {} : { tail: tail.program }),
      columns: this.#columns,
      first: this.#first,
      count: this.samples,
      batchSize: size,
      ...(shuffle === undefined ? {} : { shuffle }),
      ...(maxSteps === undefined ? {} : { maxSteps: Math.min(maxSteps, total) }),
      ...(whole.watch === undefined ? {} : { watch: whole.watch }),
      ...(signal === undefined ? {} : { signal }),
      everyStep,
      onProgress: async ({ step, values }) => {
        const logs = logsOf(whole.logNames, values)
        if (step > 0) await onBatchEnd?.(step - 1, logs)
        onProgress?.({ step, samples: done(step), seconds: (performance.now() - began) / 1000, logs })
        if (step < total && signal?.aborted !== true) await onBatchBegin?.(step, logs)
      },
    })
    return {
      steps: result.steps,
      samples: done(result.steps),
      seconds: result.seconds,
      logs: logsOf(whole.logNames, result.values),
      nonFiniteAt: result.nonFiniteAt,
      aborted: result.aborted,
    }
  }

  close(): void {}

  #programs(
    model: Model,
    kind: PassOptions['kind'],
    batchSize: number,
    guarded: boolean,
  ): { whole: CompiledStep; tail: CompiledStep | undefined } {
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

/** Names and values, paired. */
export function logsOf(names: readonly string[], values: readonly number[]): Logs {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? Number.NaN]))
}

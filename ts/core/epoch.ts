/** Epochs: programs run over the rows of some columns. */

import { type Columns, nativeColumnsOf } from './columns.js'
import { settleVariables, whileRunning } from './evaluation.js'
import type { Moment } from './moment.js'
import { BindingEpoch, BindingProfile, type EpochEnd } from './native.js'
import type { NonFinite } from './non-finite.js'
import { nativeProgram, type Program } from './program.js'
import { queueEnd, queueIsEmpty } from './run-queue.js'
import { job, native, runtime } from './runtime.js'
import { Tensor } from './tensor.js'
import { onSetting } from './trace-stack.js'
import type { Variable } from './variable.js'

/** Takes the times of a program's kernels inside epochs. */
export class Profiler {
  readonly handle: BindingProfile

  constructor(program: Program) {
    this.handle = native(() => new BindingProfile(nativeProgram(program)))
  }
}

/** Progress of an epoch. */
export interface Progress {
  /** Steps done. */
  readonly step: number
  /** Steps in all. */
  readonly steps: number
  /** The scalars of the watch program. */
  readonly values: number[]
}

/** What to run over which rows. */
export interface EpochOptions {
  /** The step for whole batches. */
  readonly program: Program
  /** The step for the last, smaller batch. */
  readonly tail?: Program | undefined
  readonly columns: Columns
  /** First row. */
  readonly first: number
  /** How many rows. */
  readonly count: number
  readonly batchSize: number
  /** A permutation that depends on these two numbers alone; rows in order without it. */
  readonly shuffle?: { readonly seed: number; readonly epoch: number } | undefined
  /** The rows in order, counted from the first; `count` of them, instead of `shuffle`. */
  readonly order?: Uint32Array | undefined
  /** The step of that order to begin with, 0 by default: those before it are taken for done. Not with `collect`. */
  readonly firstStep?: number | undefined
  /** What it reads, as it was when it was asked for; without it, each step reads what holds then. */
  readonly moment?: Moment | undefined
  /** Asked between steps when some setting has been set; true ends the pass after the step that it is in. */
  readonly isOutdated?: (() => boolean) | undefined
  /** Stops after so many steps, those before the first one counted. */
  readonly maxSteps?: number | undefined
  /** A program without inputs whose scalar outputs come with the progress. */
  readonly watch?: Program | undefined
  readonly onProgress?: ((progress: Progress) => void | Promise<void>) | undefined
  /** Reports every step and waits until `onProgress` has settled. */
  readonly everyStep?: boolean | undefined
  /** Least milliseconds between two reports, 50 by default. */
  readonly progressMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Gathers the outputs of all steps, in row order. */
  readonly collect?: boolean | undefined
  /** Takes the times of the program's kernels in whole batches. */
  readonly profiler?: Profiler | undefined
}

/** How an epoch ended. */
export interface EpochResult {
  /** The step that it came to: those before it are done. */
  readonly steps: number
  readonly seconds: number
  readonly values: number[]
  readonly collected?: Tensor[]
  /** The step whose guard was not finite; nothing changed in it. */
  readonly nonFiniteAt?: number
  /** What was not finite there. */
  readonly nonFinite?: NonFinite
  /** It ended early: by its signal, or because it was outdated. */
  readonly aborted: boolean
}

/** Runs a program over the rows of some columns: one native call, off the event loop. */
export async function runEpoch(options: EpochOptions): Promise<EpochResult> {
  const { signal, moment, collect = false } = options
  if (signal?.aborted) return { steps: options.firstStep ?? 0, seconds: 0, values: [], aborted: true }
  const touched = touchedBy(options)
  settleVariables(touched)
  if (moment !== undefined) await moment.taken
  else if (!queueIsEmpty()) await queueEnd()
  const request = nativeOptions(options)
  let failure: { readonly error: unknown } | undefined
  let epoch: BindingEpoch | undefined
  const cancel = (): void => epoch?.cancel()
  const cancelOutdated = (): void => {
    if (options.isOutdated?.()) cancel()
  }
  // What a callback sets counts once it has come to its end.
  let listening = true
  const reports: Reports = { hear: undefined }
  reports.hear = reporter(options.onProgress, touched, {
    begin: () => {
      listening = false
    },
    fail: (error) => {
      failure ??= { error }
      cancel()
    },
    end: () => {
      listening = true
      cancelOutdated()
      epoch?.acknowledge()
    },
  })
  signal?.addEventListener('abort', cancel, { once: true })
  const done = whileRunning(touched)
  const unheard = onSetting(() => {
    if (listening) cancelOutdated()
  })
  try {
    settleVariables(touched)
    epoch = await job((ticket) => {
      epoch = BindingEpoch.start(runtime(), request, reports.hear === undefined ? null : passOn(reports), ticket)
      return epoch
    })
  } finally {
    signal?.removeEventListener('abort', cancel)
    unheard()
    done()
    reports.hear = undefined
  }
  if (failure !== undefined) throw failure.error
  return result(epoch, options, collect)
}

function touchedBy({ program, tail, watch }: EpochOptions): Set<Variable> {
  return new Set([program, tail, watch].flatMap((one) => (one === undefined ? [] : [...one.touched])))
}

function nativeOptions(options: EpochOptions): Parameters<typeof BindingEpoch.start>[1] {
  const { program, tail, columns, first, count, batchSize, shuffle, order, firstStep, moment, maxSteps, watch } =
    options
  const tailProgram = tail && nativeProgram(tail)
  const watchProgram = watch && nativeProgram(watch)
  return {
    program: nativeProgram(program),
    ...(tailProgram && { tail: tailProgram }),
    columns: nativeColumnsOf(columns),
    first,
    count,
    batch: batchSize,
    ...(shuffle && { seed: [shuffle.seed >>> 0, Math.floor(shuffle.seed / 0x1_0000_0000) >>> 0] }),
    ...(order !== undefined && { listed: order }),
    epoch: shuffle?.epoch ?? 0,
    ...(firstStep !== undefined && { firstStep }),
    ...(moment && { moment: moment.handle }),
    ...(maxSteps !== undefined && { maxSteps }),
    ...(watchProgram && { watch: watchProgram }),
    collect: options.collect ?? false,
    everyStep: options.everyStep ?? false,
    reportEvery: options.progressMs ?? 50,
    ...(options.profiler && { profile: options.profiler.handle }),
  }
}

type Report = (step: number, steps: number, values: number[]) => void

/** Who hears of an epoch, as long as it runs. */
interface Reports {
  hear: Report | undefined
}

/** What Node keeps for some turns after the end of an epoch: nothing of that hangs on it any more. */
function passOn(reports: Reports): Report {
  return (step, steps, values) => reports.hear?.(step, steps, values)
}

/** Hands reports to the user one at a time; an error of the user's ends the epoch and becomes its rejection. */
function reporter(
  onProgress: EpochOptions['onProgress'],
  touched: ReadonlySet<Variable>,
  hear: { begin(): void; fail(error: unknown): void; end(): void },
): Report | undefined {
  if (onProgress === undefined) return undefined
  return (step, steps, values) => {
    const end = (): void => {
      try {
        // What a callback has assigned holds at the next step.
        settleVariables(touched)
      } catch (error) {
        hear.fail(error)
      }
      hear.end()
    }
    hear.begin()
    try {
      const waits = onProgress({ step, steps, values })
      if (waits instanceof Promise) waits.catch(hear.fail).then(end)
      else end()
    } catch (error) {
      hear.fail(error)
      end()
    }
  }
}

function result(epoch: BindingEpoch, options: EpochOptions, collect: boolean): EpochResult {
  const end = native(() => epoch.end())
  const rows = Math.min(options.count, end.steps * options.batchSize)
  return {
    steps: end.steps,
    seconds: end.seconds,
    values: end.values,
    ...(collect && { collected: native(() => epoch.takeCollected(rows)).map((handle) => Tensor.of(handle)) }),
    ...(end.nonFiniteAt != null && { nonFiniteAt: end.nonFiniteAt, nonFinite: stoppedBy(options, end) }),
    aborted: end.cancelled,
  }
}

/** The guard of the step that an epoch ended in: that of the last, smaller batch has guards of its own. */
function stoppedBy({ program, tail, count, batchSize }: EpochOptions, end: EpochEnd): NonFinite {
  const last = (end.steps + 1) * batchSize > count
  return ((last && tail) || program).nonFinite(end.guard ?? 0, end.nonFinite ?? Number.NaN)
}

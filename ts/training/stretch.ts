/** Steps over rows that Rust owns: as many native calls as checkpoints and changed settings ask for. */

import type { Logs } from '../callbacks/callback.js'
import type { Columns } from '../core/columns.js'
import { type Progress, runEpoch } from '../core/epoch.js'
import type { Moment } from '../core/moment.js'
import type { Variable } from '../core/variable.js'
import type { PassOptions, PassResult } from './feed.js'
import type { CompiledStep } from './programs.js'

/** Rows that one native call goes over. */
export interface Stretch {
  readonly first: number
  readonly count: number
  readonly shuffle?: PassOptions['shuffle']
  /** The rows in order, instead. */
  readonly order?: Uint32Array | undefined
  readonly maxSteps?: number
}

/** The steps for whole batches and for a shorter last one. */
export interface Steps {
  readonly whole: CompiledStep
  readonly tail: CompiledStep | undefined
}

/** What a stretch is of. */
export interface RowsOf {
  readonly columns: Columns
  /** Rows of a whole batch. */
  readonly size: number
  /** The steps for the settings that hold now. */
  readonly programs: () => Steps
  /** The step of the pass that has no successor here: no hook is told that one begins. */
  readonly end: number
}

/** How many steps go over a stretch. */
export function stepsOf({ count, maxSteps }: Stretch, size: number): number {
  return maxSteps ?? Math.ceil(count / size)
}

/** What the rest of a stretch after `done` steps adds to the pass so far; where settings change amid it, it goes on with steps for the new ones. */
export async function runStretch(
  rows: RowsOf,
  stretch: Stretch,
  options: PassOptions,
  before: PassResult,
  moment: Moment | undefined,
  done = 0,
): Promise<PassResult> {
  const { stops, signal } = options
  const { size } = rows
  const steps = stepsOf(stretch, size)
  let result = before
  for (let step = done; ; step = result.steps - before.steps) {
    const began = performance.now()
    const maxSteps = Math.min(steps, step + (stops?.stride ?? steps))
    const part = { stretch, maxSteps, firstStep: step, moment, before, seconds: result.seconds }
    result = await runPart(part, rows, options)
    if (result.nonFinite !== undefined || signal?.aborted === true) return result
    const now = result.steps - before.steps
    await stops?.reached(now - step, performance.now() - began, result.steps)
    result = { ...result, aborted: false }
    if (now >= steps) return result
  }
}

/** One native call. */
async function runPart(
  part: Part,
  { columns, size, programs, end }: RowsOf,
  options: PassOptions,
): Promise<PassResult> {
  const { stretch, maxSteps, firstStep, moment, before, seconds } = part
  const { first, count, shuffle, order } = stretch
  const { whole, tail } = programs()
  const { signal, onProgress, onBatchBegin, onBatchEnd } = options
  const began = performance.now()
  const hears = [onProgress, onBatchBegin, onBatchEnd].some((hook) => hook !== undefined)
  const samplesAt = (step: number): number => before.samples + Math.min(step * size, count)
  const told = async ({ step: own, values: scalars }: Progress): Promise<void> => {
    const step = before.steps + own
    const logs = logsOf(whole.logNames, scalars)
    if (own > 0) await onBatchEnd?.(step - 1, logs)
    onProgress?.({
      step,
      samples: samplesAt(own),
      seconds: seconds + (performance.now() - began) / 1000,
      waited: before.waited,
      logs,
    })
    if (step < end && signal?.aborted !== true) await onBatchBegin?.(step, logs)
  }
  const { values, ...result } = await runEpoch({
    program: whole.program,
    tail: count % size === 0 ? undefined : tail?.program,
    columns,
    watch: whole.watch,
    signal,
    batchSize: size,
    first,
    count,
    shuffle,
    order,
    firstStep,
    moment,
    maxSteps,
    isOutdated: () => !(whole.settings.areCurrent && tail?.settings.areCurrent !== false),
    profiler: options.profiling?.of(whole.program),
    everyStep: onBatchBegin !== undefined || onBatchEnd !== undefined,
    onProgress: hears ? told : undefined,
  })
  return {
    steps: before.steps + result.steps,
    samples: samplesAt(result.steps),
    seconds: seconds + result.seconds,
    waited: before.waited,
    logs: logsOf(whole.logNames, values),
    nonFinite: result.nonFinite,
    aborted: result.aborted,
  }
}

/** What is left of a stretch. */
interface Part {
  readonly stretch: Stretch
  readonly maxSteps: number
  readonly firstStep: number
  readonly moment: Moment | undefined
  /** The pass before the stretch. */
  readonly before: PassResult
  /** What the pass has taken so far. */
  readonly seconds: number
}

/** What the steps read and do not change. */
export function onlyRead({ whole, tail }: Steps): Variable[] {
  return [...new Set([...whole.program.onlyRead, ...(tail?.program.onlyRead ?? [])])]
}

/** The loss and metrics so far. Read here and now where that is possible: it costs less than a visit to another thread. */
export async function readLogs({ watch, logNames }: CompiledStep): Promise<Record<string, number>> {
  if (watch === undefined) return {}
  const values = watch.runSync([]) ?? (await watch.run([]))
  return logsOf(
    logNames,
    values.map((value) => value.itemSync()),
  )
}

/** Names and values, paired. */
export function logsOf(names: readonly string[], values: readonly number[]): Logs {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? Number.NaN]))
}

/** Compiled programs and the epochs that run them over data. */

import { FerrogradError, fail } from '../errors.js'
import type { DType, TypedArray } from '../types.js'
import { block, leftNumbers } from './bridge.js'
import { bytesOf, dtypeCode } from './dtype.js'
import { settleVariables } from './evaluation.js'
import {
  BindingColumns,
  BindingEpoch,
  BindingProfile,
  BindingProgram,
  type BindingRuntime,
  type BindingTensor,
  type Runs,
} from './native.js'
import { type Precision, precision, precisionCode } from './precision.js'
import { enqueue, queueEnd, queueIsEmpty } from './run-queue.js'
import { job, native, runtime, unwrap } from './runtime.js'
import { sizeOf } from './shapes.js'
import { handleOf, inputOf, Tensor } from './tensor.js'
import { type Variable, variableHandle } from './variable.js'

/** What a program is compiled from. */
export interface ProgramOptions {
  /** Placeholders, in the order of feeding. */
  readonly inputs: readonly Tensor[]
  /** What a run gives back. */
  readonly outputs: readonly Tensor[]
  /** The new values of variables. */
  readonly updates?: ReadonlyMap<Variable, Tensor>
  /** The variables whose values it reads, beside those that it changes. */
  readonly reads?: readonly Variable[]
  /** A scalar that stops a run, before any variable changes, where it is NaN or infinite. */
  readonly guard?: Tensor | undefined
  /** How exact products of float32 are; by default what is configured when this is compiled. */
  readonly precision?: Precision | undefined
}

/** A program in Rust, and the functions that run it. */
interface Compiled {
  readonly program: BindingProgram
  readonly runtime: BindingRuntime
  readonly runs: Runs
}

/** More inputs than this cross in a list. */
const ARGUMENTS = 16

/** The native program, compiled when it is first needed. */
let compiled: (program: Program) => BindingProgram

/** A compiled function of tensors and variables. */
export class Program {
  readonly #options: ProgramOptions
  readonly #touched: ReadonlySet<object>
  #compiled: Compiled | undefined
  /** Milliseconds that a run takes, as far as is known (`inline-runs.ts`). */
  estimate: number | undefined

  static {
    compiled = (program) => program.#native().program
  }

  constructor(options: ProgramOptions) {
    this.#options = options
    this.#touched = new Set([...(options.updates?.keys() ?? []), ...(options.reads ?? [])])
  }

  /** Runs it off the event loop, after the runs that were asked for before. */
  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const { outputs } = await this.runLater(inputs, Number.POSITIVE_INFINITY)
    return outputs
  }

  /**
   * As {@link run}, together with other runs of this moment: it will take about so many milliseconds. Tells how many it
   * took, waiting for others included.
   */
  runLater(inputs: readonly Tensor[], milliseconds: number): Promise<{ outputs: Tensor[]; took: number }> {
    return new Promise((resolve, reject) => {
      const compiled = this.#native()
      settleVariables()
      const run = {
        program: compiled.program,
        touched: this.#touched,
        milliseconds,
        resolve: (outputs: BindingTensor[], took: number) => resolve({ outputs: this.#outputs(outputs), took }),
        reject,
      }
      enqueue(run, () => leave(compiled, inputs.map(handleOf)))
    })
  }

  /** Runs it now: for small programs. Nothing where a run elsewhere, such as a `fit`, holds a variable of its. */
  runSync(inputs: readonly Tensor[]): Tensor[] | undefined {
    const compiled = this.#native()
    settleVariables()
    const outputs = runNow(compiled, inputs)
    if (outputs == null) return undefined
    if (outputs === true) return this.#options.outputs.map(leftOutput)
    return this.#outputs(Array.isArray(outputs) ? outputs : [outputs])
  }

  #outputs(handles: readonly BindingTensor[]): Tensor[] {
    const { outputs } = this.#options
    return handles.map((handle, index) => {
      const output = outputs[index]
      return output === undefined ? Tensor.of(handle) : Tensor.given(handle, output.dtype, output.shape)
    })
  }

  /** Bytes that a run works in, for choices by size. */
  get arenaBytes(): number {
    return this.#native().program.arenaBytes
  }

  /** The kernels that a run calls, in order, for profiles and tests. */
  get steps(): readonly string[] {
    return this.#native().program.steps
  }

  #native(): Compiled {
    // Another number of threads has a queue of its own: a program moves along, so that runs stay in one queue.
    if (this.#compiled?.runtime !== runtime()) this.#compiled = build(this.#options)
    return this.#compiled
  }
}

/** Compiles outputs and updates into a program. */
export function compile(options: ProgramOptions): Program {
  return new Program({ ...options, precision: options.precision ?? precision() })
}

function build(options: ProgramOptions): Compiled {
  const { inputs, outputs, updates = new Map<Variable, Tensor>(), guard } = options
  const variables = [...updates.keys()].map(variableHandle)
  const values = [...updates.values()].map(handleOf)
  const stop = guard && handleOf(guard)
  const level = precisionCode(options.precision ?? precision())
  const owner = runtime()
  return native(() => {
    const [from, to] = [inputs.map(handleOf), outputs.map(handleOf)]
    const program = BindingProgram.compile(owner, from, to, variables, values, stop, level)
    return { program, runtime: owner, runs: program.runs(block) }
  })
}

function runNow({ program, runs: { run } }: Compiled, inputs: readonly Tensor[]): ReturnType<Runs['run']> | null {
  const [a, b] = inputs
  try {
    if (a !== undefined && inputs.length === 1) return run(inputOf(a))
    if (a !== undefined && b !== undefined && inputs.length === 2) return run(inputOf(a), inputOf(b))
    return inputs.length > ARGUMENTS ? program.runSync(inputs.map(handleOf)) : run(...inputs.map(inputOf))
  } catch (error) {
    throw unwrap(error)
  }
}

/** A lone output whose numbers Rust left. */
function leftOutput({ dtype, shape }: Tensor): Tensor {
  return Tensor.holding(leftNumbers(dtype, sizeOf(shape)), dtype, shape)
}

function leave({ program, runs }: Compiled, inputs: BindingTensor[]): void {
  native(() => (inputs.length > ARGUMENTS ? program.enqueue(inputs) : runs.enqueue(...inputs)))
}

/** One array of {@link Columns}. */
export interface Column {
  readonly values: TypedArray
  /** Shape of a row; `[]` where a row is one number. */
  readonly rowShape: readonly number[]
  readonly dtype: DType
}

let columnsHandle: (columns: Columns) => BindingColumns

/** Row-aligned arrays in Rust, copied once. */
export class Columns {
  readonly rows: number
  readonly #handle: BindingColumns

  static {
    columnsHandle = (columns) => columns.#handle
  }

  constructor(columns: readonly Column[]) {
    const sizes = columns.map(({ values, rowShape }) => values.length / sizeOf(rowShape))
    this.rows = sizes[0] ?? 0
    if (sizes.some((size) => size !== this.rows)) fail('ERR_INTERNAL', 'columns', 'equal row counts', sizes)
    this.#handle = new BindingColumns(this.rows)
    for (const { values, rowShape, dtype } of columns) {
      native(() => this.#handle.add(sizeOf(rowShape), dtypeCode(dtype), bytesOf(values)))
    }
  }

  /** Frees the memory now and not when it is collected; a run that goes on keeps it until it ends. */
  release(): void {
    native(() => this.#handle.release())
  }
}

/** Takes the times of a program's kernels inside epochs. */
export class Profiler {
  readonly handle: BindingProfile

  constructor(program: Program) {
    this.handle = native(() => new BindingProfile(compiled(program)))
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
  /** The step of that order to begin with, 0 by default: those before it are taken for done. Not with `collect`. */
  readonly firstStep?: number | undefined
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
  /** The guard's value there. */
  readonly nonFinite?: number
  readonly aborted: boolean
}

/** Runs a program over the rows of some columns: one native call, off the event loop. */
export async function runEpoch(options: EpochOptions): Promise<EpochResult> {
  const { signal, collect = false } = options
  if (signal?.aborted) return { steps: 0, seconds: 0, values: [], aborted: true }
  const request = nativeOptions(options)
  settleVariables()
  if (!queueIsEmpty()) await queueEnd()
  let failure: { readonly error: unknown } | undefined
  let epoch: BindingEpoch | undefined
  const cancel = (): void => epoch?.cancel()
  const report = reporter(
    options.onProgress,
    () => epoch,
    (error) => {
      failure ??= { error }
      cancel()
    },
  )
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    epoch = await job((ticket) => {
      epoch = BindingEpoch.start(runtime(), request, report, ticket)
      return epoch
    })
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
  if (failure !== undefined) throw failure.error
  return result(epoch, options, collect)
}

function nativeOptions(options: EpochOptions): Parameters<typeof BindingEpoch.start>[1] {
  const { program, tail, columns, first, count, batchSize, shuffle, firstStep, maxSteps, watch } = options
  const tailProgram = tail && compiled(tail)
  const watchProgram = watch && compiled(watch)
  return {
    program: compiled(program),
    ...(tailProgram && { tail: tailProgram }),
    columns: columnsHandle(columns),
    first,
    count,
    batch: batchSize,
    ...(shuffle && { seed: [shuffle.seed >>> 0, Math.floor(shuffle.seed / 0x1_0000_0000) >>> 0] }),
    epoch: shuffle?.epoch ?? 0,
    ...(firstStep !== undefined && { firstStep }),
    ...(maxSteps !== undefined && { maxSteps }),
    ...(watchProgram && { watch: watchProgram }),
    collect: options.collect ?? false,
    everyStep: options.everyStep ?? false,
    reportEvery: options.progressMs ?? 50,
    ...(options.profiler && { profile: options.profiler.handle }),
  }
}

/** Hands reports to the user one at a time; an error of the user's ends the epoch and becomes its rejection. */
function reporter(
  onProgress: EpochOptions['onProgress'],
  epoch: () => BindingEpoch | undefined,
  fail: (error: unknown) => void,
): ((step: number, steps: number, values: number[]) => void) | null {
  if (onProgress === undefined) return null
  return (step, steps, values) => {
    const acknowledge = (): void => epoch()?.acknowledge()
    try {
      const waits = onProgress({ step, steps, values })
      if (waits instanceof Promise) waits.catch(fail).then(acknowledge)
      else acknowledge()
    } catch (error) {
      fail(error)
      acknowledge()
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
    ...(end.nonFiniteAt != null && { nonFiniteAt: end.nonFiniteAt, nonFinite: end.nonFinite ?? Number.NaN }),
    aborted: end.cancelled,
  }
}

/** Thrown where a caller cancelled. */
export function aborted(where: string): FerrogradError {
  return new FerrogradError('ERR_ABORTED', `${where}: aborted by its signal`)
}

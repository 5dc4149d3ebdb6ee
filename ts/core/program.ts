/** Compiled programs and the epochs that run them over data. */

import { FerrogradError, fail } from '../errors.js'
import type { DType, TypedArray } from '../types.js'
import { block, leftNumbers } from './bridge.js'
import { bytesOf, dtypeCode } from './dtype.js'
import { settleVariables, whileRunning } from './evaluation.js'
import type { Moment } from './moment.js'
import {
  BindingColumns,
  BindingEpoch,
  BindingProfile,
  BindingProgram,
  type BindingRuntime,
  type BindingTensor,
  type EpochEnd,
  type Runs,
} from './native.js'
import { NonFinite } from './non-finite.js'
import { type Precision, precision, precisionCode } from './precision.js'
import { enqueue, queueEnd, queueIsEmpty } from './run-queue.js'
import { job, native, runtime, unwrap } from './runtime.js'
import { sizeOf } from './shapes.js'
import { handleOf, inputOf, Tensor } from './tensor.js'
import { onSetting } from './trace-stack.js'
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
  /** What stops a run, before any variable changes, where it is NaN or infinite. */
  readonly guards?: readonly Guard[] | undefined
  /** How exact products of float32 are; by default what is configured when this is compiled. */
  readonly precision?: Precision | undefined
  /** True where a run may go on without an end: it is never done on the event loop. */
  readonly endless?: boolean | undefined
}

/** Something that has to be finite. */
export interface Guard {
  readonly tensor: Tensor
  /** The variable that it would change; of none it is the loss. */
  readonly of: Variable | undefined
  /** What it is of the variable; by default the gradient where it is trained, else the new value. */
  readonly what?: 'the new value' | 'the learning rate' | undefined
}

/** A program in Rust. */
interface Compiled {
  readonly program: BindingProgram
  readonly runtime: BindingRuntime
  /**
   * The functions that run it, from its first run on: what hangs on a function waits for V8 to look through the whole heap,
   * and the steps of a `fit` need none.
   */
  runs: Runs | undefined
}

/** More inputs than this cross in a list. */
const ARGUMENTS = 16

/** The native program, compiled when it is first needed. */
let compiled: (program: Program) => BindingProgram

/** A compiled function of tensors and variables. */
export class Program {
  readonly #options: ProgramOptions
  readonly #precision: Precision
  /** The variables that it reads or changes. */
  readonly touched: ReadonlySet<Variable>
  #compiled: Compiled | undefined
  /** Milliseconds that a run takes, as far as is known (`inline-runs.ts`). */
  estimate: number | undefined

  static {
    compiled = (program) => program.#native().program
  }

  constructor(options: ProgramOptions) {
    this.#options = options
    this.#precision = options.precision ?? precision()
    this.touched = new Set([...(options.updates?.keys() ?? []), ...(options.reads ?? [])])
  }

  /** Runs it off the event loop, after the runs that were asked for before. */
  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const { outputs } = await this.runLater(inputs, Number.POSITIVE_INFINITY)
    return outputs
  }

  /** As {@link run}, on the values of a moment where there is one. */
  async runAt(moment: Moment | undefined, inputs: readonly Tensor[]): Promise<Tensor[]> {
    if (moment === undefined) return this.run(inputs)
    const handles = inputs.map(handleOf)
    await moment.taken
    const leave = ({ program }: Compiled): void => native(() => program.enqueueAt(moment.handle, handles))
    return (await this.#enqueue(Number.POSITIVE_INFINITY, leave)).outputs
  }

  /**
   * As {@link run}, together with other runs of this moment: it will take about so many milliseconds. Tells how many it
   * took, waiting for others included.
   */
  runLater(inputs: readonly Tensor[], milliseconds: number): Promise<{ outputs: Tensor[]; took: number }> {
    return this.#enqueue(milliseconds, (compiled) => leave(compiled, inputs.map(handleOf)))
  }

  #enqueue(milliseconds: number, leave: (compiled: Compiled) => void): Promise<{ outputs: Tensor[]; took: number }> {
    return new Promise((resolve, reject) => {
      const compiled = this.#native()
      settleVariables()
      const run = {
        owner: compiled.program,
        touched: this.touched,
        milliseconds,
        resolve: (outputs: BindingTensor[], took: number) => resolve({ outputs: this.#outputs(outputs), took }),
        reject: (error: unknown) => reject(this.#told(error)),
      }
      enqueue(run, () => leave(compiled))
    })
  }

  /** Runs it now: for small programs. Nothing where a run elsewhere, such as a `fit`, holds a variable of its. */
  runSync(inputs: readonly Tensor[]): Tensor[] | undefined {
    const compiled = this.#native()
    settleVariables()
    const outputs = this.#now(compiled, inputs)
    if (outputs == null) return undefined
    if (outputs === true) return this.#options.outputs.map(leftOutput)
    return this.#outputs(Array.isArray(outputs) ? outputs : [outputs])
  }

  #now(compiled: Compiled, inputs: readonly Tensor[]): ReturnType<typeof runNow> {
    try {
      return runNow(compiled, inputs)
    } catch (error) {
      throw this.#told(error)
    }
  }

  #outputs(handles: readonly BindingTensor[]): Tensor[] {
    const { outputs } = this.#options
    return handles.map((handle, index) => {
      const output = outputs[index]
      return output === undefined ? Tensor.of(handle) : Tensor.given(handle, output.dtype, output.shape)
    })
  }

  /** The variables that it reads and does not change. */
  get onlyRead(): Variable[] {
    return [...this.touched].filter((variable) => this.#options.updates?.has(variable) !== true)
  }

  /** What a guard of this program found. */
  nonFinite(guard: number, value: number): NonFinite {
    const { of, what } = this.#options.guards?.[guard] ?? {}
    return new NonFinite(of, value, what)
  }

  /** An error of a run, with the variable's name where a guard stopped it. */
  #told(error: unknown): unknown {
    if (!(error instanceof FerrogradError) || error.code !== 'ERR_NON_FINITE') return error
    const [, guard, value] = /^guard (\d+) is (.+)$/.exec(error.message) ?? []
    if (guard === undefined) return error
    return this.nonFinite(Number(guard), Number(value?.replace('inf', 'Infinity')))
  }

  /** Ends its runs where they go on without an end, those to come too: they reject with ERR_ABORTED. */
  stop(): void {
    const { program } = this.#native()
    native(() => program.stop())
  }

  /** True where a run may go on without an end. */
  get endless(): boolean {
    return this.#options.endless === true
  }

  /** Frees the memory that its runs have worked in, now; for programs that are kept no longer. */
  release(): void {
    this.#compiled?.program.freeArenas()
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
    if (this.#compiled?.runtime !== runtime()) this.#compiled = build(this.#options, this.#precision)
    return this.#compiled
  }
}

/** Compiles outputs and updates into a program. */
export function compile(options: ProgramOptions): Program {
  return new Program(options)
}

function build(options: ProgramOptions, precision: Precision): Compiled {
  const { inputs, outputs, updates = new Map<Variable, Tensor>(), guards = [] } = options
  const variables = [...updates.keys()].map(variableHandle)
  const values = [...updates.values()].map(handleOf)
  const stops = guards.map(({ tensor }) => handleOf(tensor))
  const level = precisionCode(precision)
  const owner = runtime()
  return native(() => {
    const [from, to] = [inputs.map(handleOf), outputs.map(handleOf)]
    const program = BindingProgram.compile(owner, from, to, variables, values, undefined, stops, level)
    return { program, runtime: owner, runs: undefined }
  })
}

function runsOf(compiled: Compiled): Runs {
  compiled.runs ??= native(() => compiled.program.runs(block))
  return compiled.runs
}

function runNow(compiled: Compiled, inputs: readonly Tensor[]): ReturnType<Runs['run']> | null {
  const { run } = runsOf(compiled)
  const [a, b] = inputs
  try {
    if (a !== undefined && inputs.length === 1) return run(inputOf(a))
    if (a !== undefined && b !== undefined && inputs.length === 2) return run(inputOf(a), inputOf(b))
    return inputs.length > ARGUMENTS ? compiled.program.runSync(inputs.map(handleOf)) : run(...inputs.map(inputOf))
  } catch (error) {
    throw unwrap(error)
  }
}

/** A lone output whose numbers Rust left. */
function leftOutput({ dtype, shape }: Tensor): Tensor {
  return Tensor.holding(leftNumbers(dtype, sizeOf(shape)), dtype, shape)
}

function leave(compiled: Compiled, inputs: BindingTensor[]): void {
  if (inputs.length > ARGUMENTS) native(() => compiled.program.enqueue(inputs))
  else native(() => runsOf(compiled).enqueue(...inputs))
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
  settleVariables()
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
  reports.hear = reporter(options.onProgress, {
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
  const done = whileRunning(touchedBy(options))
  const unheard = onSetting(() => {
    if (listening) cancelOutdated()
  })
  try {
    settleVariables()
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
  hear: { begin(): void; fail(error: unknown): void; end(): void },
): Report | undefined {
  if (onProgress === undefined) return undefined
  return (step, steps, values) => {
    const end = (): void => {
      try {
        // What a callback has assigned holds at the next step.
        settleVariables()
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

/** Thrown where a caller cancelled. */
export function aborted(where: string, signal?: AbortSignal): FerrogradError {
  const cause: unknown = signal?.reason
  return new FerrogradError(
    'ERR_ABORTED',
    `${where}: aborted by its signal`,
    cause === undefined ? undefined : { cause },
  )
}

/** Compiled programs. */

import { FerrogradError } from '../errors.js'
import type { Shape } from '../types.js'
import { block, leftNumbers } from './bridge.js'
import { settleVariables } from './evaluation.js'
import type { Moment } from './moment.js'
import { BindingProgram, type BindingRuntime, type BindingTensor, type Runs } from './native.js'
import { NonFinite } from './non-finite.js'
import { type Precision, precision, precisionCode } from './precision.js'
import { enqueue } from './run-queue.js'
import { native, runtime, unwrap } from './runtime.js'
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
export let nativeProgram: (program: Program) => BindingProgram

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
    nativeProgram = (program) => program.#native().program
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
      settleVariables(this.touched)
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
    settleVariables(this.touched)
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

  /** The shapes of what a run gives back. */
  get outputShapes(): Shape[] {
    return this.#options.outputs.map(({ shape }) => shape)
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

/** Thrown where a caller cancelled. */
export function aborted(where: string, signal?: AbortSignal): FerrogradError {
  const cause: unknown = signal?.reason
  return new FerrogradError(
    'ERR_ABORTED',
    `${where}: aborted by its signal`,
    cause === undefined ? undefined : { cause },
  )
}

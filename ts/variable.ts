/** Variables: state with a name that lives in Rust and that programs change. */

import type { Constraint } from './constraints.js'
import { fail } from './errors.js'
import { add } from './generated/ops.js'
import { inspectWith } from './inspect.js'
import { BindingVariable } from './native.js'
import { isRecording, recordRead } from './recording.js'
import { native, runtime } from './runtime.js'
import { handleOf, Tensor, tensor } from './tensor.js'
import { currentTrace } from './trace.js'
import type { DType, Shape, TensorLike, TypedArray } from './types.js'

/** The native handle of a variable, for the modules that talk to the addon. */
export let variableHandle: (variable: Variable) => BindingVariable

/** Options of {@link variable}. */
export interface VariableOptions {
  /** For messages, summaries and checkpoints. Default `'variable'`. */
  readonly name?: string
  /** False keeps it out of `trainableVariables`. Default true. */
  readonly trainable?: boolean
  /** Default: that of the initial value. */
  readonly dtype?: DType
}

/** Variables whose assigned value is not yet in Rust. */
const unsettled = new Set<Variable>()

/** So many assignments may wait: a loop that only assigns must not grow its graph without end. */
const WAITING = 64
let waiting = 0

/** Hands every assigned value to Rust; before a program runs, since it may read any of them. */
export function settleVariables(): void {
  if (unsettled.size === 0) return
  const variables = [...unsettled]
  unsettled.clear()
  waiting = 0
  settle(variables)
}

let settle: (variables: readonly Variable[]) => void

/**
 * A tensor that can be assigned to. Reads after an assignment see it; tensors read before do not.
 *
 * @example
 * import { variable } from 'ferrograd'
 *
 * const step = variable(0, { name: 'step' })
 * step.assignAdd(1)
 * console.log(step.read().itemSync()) // 1
 */
export class Variable {
  readonly name: string
  readonly shape: Shape
  readonly dtype: DType
  /** False keeps it out of `trainableVariables`; may change at any time. */
  trainable: boolean
  /** Applied to the value after each optimizer step. */
  constraint?: Constraint | undefined
  readonly #handle: BindingVariable
  /** A value that was assigned and is not yet in Rust. */
  #assigned: Tensor | undefined

  static {
    inspectWith(Variable, (variable) => variable.#describe())
    variableHandle = (variable) => variable.#handle
    settle = (variables) => {
      const values = variables.map((variable) => variable.#assigned).filter((value) => value !== undefined)
      native(() => runtime().evaluateSync(values.map(handleOf), isRecording()))
      for (const variable of variables) variable.#store()
    }
  }

  constructor(initial: Tensor, name: string, trainable: boolean) {
    this.name = name
    this.shape = initial.shape
    this.dtype = initial.dtype
    this.trainable = trainable
    native(() => runtime().evaluateSync([handleOf(initial)], isRecording()))
    this.#handle = native(() => BindingVariable.of(name, handleOf(initial)))
  }

  /** The present value; inside a traced function, the value that it will have at the run. */
  read(): Tensor {
    const frame = currentTrace()
    if (frame === undefined) return this.#readNow()
    const known = frame.updates.get(this) ?? frame.symbols.get(this)
    if (known !== undefined) return known
    const symbol = Tensor.of(this.#handle.symbol())
    frame.symbols.set(this, symbol)
    return symbol
  }

  /** The present value; a tape remembers the first one it sees, be it stored or assigned just before. */
  #readNow(): Tensor {
    const recorded = recordRead(this, () => this.#assigned ?? Tensor.of(this.#handle.snapshot()))
    return this.#assigned ?? recorded
  }

  /** Gives it another value of the same shape and dtype. */
  assign(value: TensorLike): void {
    const next = this.#checked(value)
    const frame = currentTrace()
    if (frame !== undefined) {
      frame.updates.set(this, next)
      return
    }
    this.#assigned = next
    unsettled.add(this)
    waiting += 1
    if (waiting >= WAITING && !isRecording()) settleVariables()
  }

  /** Adds to the value. */
  assignAdd(value: TensorLike): void {
    const present = this.read()
    this.assign(add(present, value instanceof Tensor ? value : tensor(value, undefined, this.dtype)))
  }

  /** Copies numbers in, row-major, as many as the shape has. */
  set(values: TypedArray): void {
    this.assign(tensor(values, this.shape, this.dtype))
  }

  /** The numbers, row-major, computed off the event loop. */
  async data(): Promise<TypedArray> {
    return await (this.#assigned ?? Tensor.of(this.#handle.snapshot())).data()
  }

  /** The numbers, row-major, now. */
  dataSync(): TypedArray {
    return (this.#assigned ?? Tensor.of(this.#handle.snapshot())).dataSync()
  }

  #describe(): string {
    return `Variable(${this.name}: ${this.dtype}[${this.shape.join(', ')}])`
  }

  #store(): void {
    const value = this.#assigned
    if (value === undefined) return
    native(() => this.#handle.assign(handleOf(value)))
    this.#assigned = undefined
  }

  #checked(value: TensorLike): Tensor {
    const next = value instanceof Tensor ? value : tensor(value, undefined, this.dtype)
    if (next.dtype !== this.dtype) fail('ERR_DTYPE', `assign to '${this.name}'`, this.dtype, { text: next.dtype })
    if (String(next.shape) !== String(this.shape)) {
      const shapes = [this.shape, next.shape].map((shape) => `[${shape.join(', ')}]`)
      fail('ERR_SHAPE', `assign to '${this.name}'`, `shape ${shapes[0]}`, { text: `${shapes[1]}` })
    }
    return next
  }
}

/**
 * A variable with an initial value.
 *
 * @example
 * import { variable } from 'ferrograd'
 *
 * const weights = variable([[0.1, 0.2], [0.3, 0.4]], { name: 'weights' })
 */
export function variable(initial: TensorLike, options: VariableOptions = {}): Variable {
  const { name = 'variable', trainable = true, dtype } = options
  return new Variable(tensor(initial, undefined, dtype), name, trainable)
}

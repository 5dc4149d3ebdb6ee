/** Variables: state with a name that lives in Rust and that programs change. */

import type { Constraint } from '../constraints.js'
import { fail } from '../errors.js'
import { add, subtract } from '../generated/ops.js'
import type { Regularizer } from '../regularizers.js'
import type { ArrayOf, DType, NestedArray, Shape, TensorData, TensorLike, TypedArray } from '../types.js'
import { Attached } from './attached.js'
import {
  assigned,
  currentGroup,
  evaluateNow,
  type Holder,
  settleUnrecorded,
  settleVariables,
  tellFailures,
} from './evaluation.js'
import { inspectWith } from './inspect.js'
import { BindingVariable, snapshots } from './native.js'
import { compile, type Program } from './program.js'
import { isRecording, noteRead, recordRead } from './recording.js'
import { drainQueue, isInFlight } from './run-queue.js'
import { native } from './runtime.js'
import { checkShape } from './shapes.js'
import { depthOf, handleOf, refuseOperator, Tensor, tensor } from './tensor.js'
import { placeholder, trace } from './trace.js'
import { currentTrace, type Frame, noteFlag, noteFlagChange } from './trace-stack.js'

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

/** Which variable of all it is, in the order of making. */
export let orderOf: (variable: Variable) => number
let made = 0

/** How many variables have been made. */
export function variablesMade(): number {
  return made
}

/** Told of every read while {@link hearing} runs. */
let hear: ((variable: Variable) => void) | undefined

/** Runs `fn` while `listener` is told of every variable that is read, and nobody else is. */
export function hearing<R>(listener: (variable: Variable) => void, fn: () => R): R {
  const outer = hear
  hear = listener
  try {
    return fn()
  } finally {
    hear = outer
  }
}

/** How assignments count and do not. */
let holder: Holder

/** What the console shows of a variable. */
let describe: (variable: Variable) => string

/**
 * A tensor that can be assigned to. Reads after an assignment see it; tensors read before do not.
 *
 * Compiled functions, assignments and reads take effect in the order of calls, also where nothing is awaited:
 * `data()` and assignments take their turn behind runs in flight; `read()`, `dataSync()` and what is made of them
 * (`assignAdd`) wait for the runs in flight that read or change this variable. While a `fit` runs, each of them happens
 * between two of its steps.
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
  #constraint: Constraint | undefined
  #regularizer: Regularizer | undefined
  #trainable: boolean
  readonly #order: number = made++
  readonly #handle: BindingVariable
  /** A value that was assigned and is not yet in Rust. */
  #assigned: Tensor | undefined
  /** Whether a tape was recording when it was. */
  #recorded = false
  /** Whether somebody has read it since. */
  #read = false

  static {
    describe = (variable) => variable.#describe()
    variableHandle = (variable) => variable.#handle
    orderOf = (variable) => variable.#order
    holder = {
      wasRead: (variable) => (variable as Variable).#read,
      undo: (variable, { tensor }) => (variable as Variable).#undo(tensor),
      redo: (variable, { tensor, recorded }) => (variable as Variable).#hold(tensor, recorded),
      leave: (variable, { tensor }) => (variable as Variable).#leave(tensor),
    }
  }

  constructor(initial: Tensor, name: string, trainable: boolean) {
    if (!(initial instanceof Tensor)) fail('ERR_DATA', 'new Variable', 'a tensor', initial, 'Or call variable(…)')
    this.name = name
    this.shape = initial.shape
    this.dtype = initial.dtype
    this.#trainable = trainable
    if (Number.isNaN(depthOf(initial))) {
      const hint = 'Make variables outside, or in the build method of a layer'
      fail('ERR_STATE', `variable '${name}'`, 'an initial value of numbers', { text: 'a traced tensor' }, hint)
    }
    evaluateNow([handleOf(initial)], isRecording())
    this.#handle = native(() => BindingVariable.of(name, handleOf(initial)))
  }

  /** False keeps it out of `trainableVariables`; may change at any time. */
  get trainable(): boolean {
    return noteFlag(this, this.#trainable)
  }

  set trainable(value: boolean) {
    noteFlagChange(this)
    this.#trainable = value
  }

  /** Applied to the value after each optimizer step; may change at any time. */
  get constraint(): Constraint | undefined {
    return noteFlag(this, this.#constraint, 'constraint')
  }

  set constraint(constraint: Constraint | undefined) {
    noteFlagChange(this, 'constraint')
    this.#constraint = constraint
  }

  /** The penalty on it while it is trained, part of the loss of the layer that it is a weight of; may change at any time. */
  get regularizer(): Regularizer | undefined {
    return noteFlag(this, this.#regularizer, 'regularizer')
  }

  set regularizer(regularizer: Regularizer | undefined) {
    noteFlagChange(this, 'regularizer')
    this.#regularizer = regularizer
  }

  /** The present value; inside a traced function, the value that it will have at the run. */
  read(): Tensor {
    hear?.(this)
    const frame = currentTrace()
    if (frame !== undefined) return this.#readTraced(frame)
    if (!isRecording()) return this.#present()
    // What was assigned before the tape began is a number to it: computed once, and not along with each read.
    if (this.#assigned !== undefined && !this.#recorded) settleUnrecorded(this)
    if (this.#assigned === undefined) return recordRead(this, () => this.#present())
    this.#read = true
    noteRead(this, this.#assigned)
    return this.#assigned
  }

  /** Gives it another value of the same shape and dtype. */
  assign(value: TensorLike | Variable): void {
    const next = this.#checked(value)
    const frame = currentTrace()
    if (frame !== undefined) {
      frame.updates.set(this, next)
      return
    }
    if (Number.isNaN(depthOf(next))) {
      fail('ERR_STATE', `assign to '${this.name}'`, 'numbers', { text: 'a tensor inside a traced function' })
    }
    const recorded = isRecording()
    this.#hold(next, recorded)
    assigned(this, {
      variable: this.#handle,
      value: handleOf(next),
      tensor: next,
      computed: depthOf(next) === 0,
      recorded,
      together: currentGroup(),
      earlier: undefined,
      holder,
    })
  }

  /** Adds to the value. */
  assignAdd(value: TensorLike | Variable): void {
    this.assign(add(this.read(), this.#operand(value)))
  }

  /** Subtracts from the value. */
  assignSub(value: TensorLike | Variable): void {
    this.assign(subtract(this.read(), this.#operand(value)))
  }

  /** Copies numbers in, row-major, as many as the shape has. */
  set(values: TypedArray): void {
    this.assign(tensor(values, this.shape, this.dtype))
  }

  /** The numbers, row-major, computed off the event loop; of the type that is named, where one is. */
  data(): Promise<TensorData>
  data<D extends DType>(dtype: D): Promise<ArrayOf[D]>
  async data(dtype: DType = this.dtype): Promise<TensorData> {
    if (this.#assigned === undefined && isInFlight(this)) return await (await atItsTurn(this)).data(dtype)
    return await this.#numbers().data(dtype)
  }

  /** The numbers, row-major, now; of the type that is named, where one is. */
  dataSync(): TensorData
  dataSync<D extends DType>(dtype: D): ArrayOf[D]
  dataSync(dtype: DType = this.dtype): TensorData {
    return this.#numbers().dataSync(dtype)
  }

  /** The numbers as NumPy prints them, with shape and dtype. */
  toString(): string {
    return this.#present().toString()
  }

  /** The numbers in nested arrays, computed now, so that `JSON.stringify` writes them. */
  toJSON(): NestedArray | number | boolean {
    return this.#present().toJSON()
  }

  /** Text where text is asked for; an error where JavaScript computes with it. */
  [Symbol.toPrimitive](hint: string): string {
    return hint === 'string' ? this.toString() : refuseOperator('variable')
  }

  #describe(): string {
    return `Variable(${this.name}: ${this.dtype}[${this.shape.join(', ')}])`
  }

  /** The value for whoever wants numbers: none inside a traced function, where they would be those of the tracing. */
  #numbers(): Tensor {
    if (currentTrace() !== undefined) {
      const hint = 'Compute with read(), and read the numbers after the call'
      fail('ERR_STATE', `variable '${this.name}'`, 'a read outside', { text: 'one inside a traced function' }, hint)
    }
    return this.#present()
  }

  #present(): Tensor {
    if (this.#assigned !== undefined) {
      this.#read = true
      return this.#assigned
    }
    tellFailures([this])
    if (isInFlight(this)) drainQueue()
    return Tensor.of(native(() => this.#handle.snapshot()))
  }

  #readTraced(frame: Frame): Tensor {
    let tensor = frame.updates.get(this) ?? frame.symbols.get(this)
    if (tensor === undefined) {
      tensor = Tensor.traced(this.#handle.symbol())
      frame.symbols.set(this, tensor)
    }
    noteRead(this, tensor)
    return tensor
  }

  #hold(value: Tensor, recorded: boolean): void {
    this.#assigned = value
    this.#recorded = recorded
    this.#read = false
  }

  /** A value that was assigned does not count. */
  #undo(value: Tensor): void {
    if (this.#assigned === value) this.#assigned = undefined
  }

  /** A computed value is about to be in Rust; true where that is left to a run behind those in flight. */
  #leave(value: Tensor): boolean {
    this.#undo(value)
    if (!isInFlight(this)) return false
    storeAtItsTurn(this, value)
    return true
  }

  #operand(value: TensorLike | Variable): Tensor {
    if (value instanceof Variable) return value.read()
    return value instanceof Tensor ? value : tensor(value, undefined, this.dtype)
  }

  #checked(value: TensorLike | Variable): Tensor {
    const next = this.#operand(value)
    if (next.dtype !== this.dtype) fail('ERR_DTYPE', `assign to '${this.name}'`, this.dtype, { text: next.dtype })
    checkShape(`assign to '${this.name}'`, next.shape, this.shape)
    return next
  }
}

/**
 * What several variables hold at one moment. While a `fit` runs, that is between two of its steps, the same for all: what
 * a checkpoint needs. Nothing is copied before a later step changes them.
 *
 * @returns A tensor for each of `variables`, in their order.
 * @throws `ERR_STATE` inside a traced function, and where a bug stopped a step while it wrote one of them.
 * @example
 * import { snapshot, variable } from 'ferrograd'
 *
 * const [weights, steps] = [variable([0.5, 0.25]), variable(0)]
 * const saved = snapshot([weights, steps])
 * weights.assign([0, 0])
 * console.log(saved[0]?.dataSync()) // Float32Array(2) [ 0.5, 0.25 ]
 */
export function snapshot(variables: readonly Variable[]): Tensor[] {
  if (currentTrace() !== undefined) {
    const hint = 'Compute with read(), and take the snapshot after the call'
    fail('ERR_STATE', 'snapshot', 'a call outside', { text: 'one inside a traced function' }, hint)
  }
  settleVariables(variables)
  if (variables.some(isInFlight)) drainQueue()
  return native(() => snapshots(variables.map(variableHandle))).map((handle) => Tensor.of(handle))
}

/** Programs that only read, or only change, one variable: how it is read and changed behind runs in flight. */
const readers = new Attached<Variable, Program>('reader')
const writers = new Attached<Variable, Program>('writer')

/** The value when the runs that are in flight now have ended. */
async function atItsTurn(variable: Variable): Promise<Tensor> {
  let reader = readers.get(variable)
  if (reader === undefined) {
    const { result, reads } = trace(() => variable.read())
    reader = compile({ inputs: [], outputs: [result], reads })
    readers.set(variable, reader)
  }
  const [value] = await reader.run([])
  return value!
}

/** Puts a value in when the runs that are in flight now have ended. */
function storeAtItsTurn(variable: Variable, value: Tensor): void {
  let writer = writers.get(variable)
  if (writer === undefined) {
    const next = placeholder(variable.shape, variable.dtype)
    writer = compile({ inputs: [next], outputs: [], updates: new Map([[variable, next]]) })
    writers.set(variable, writer)
  }
  void writer.run([value])
}

// Not in the class's static block: the compiler may name the class there before it has that name.
inspectWith(Variable, (variable) => describe(variable))

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

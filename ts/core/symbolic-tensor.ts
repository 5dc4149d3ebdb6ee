/** Tensors without numbers, for wiring calls of layers and ops into a graph. */

import { checkMaker } from '../errors.js'
import type { DType, PartialShape } from '../types.js'
import { inspectWith } from './inspect.js'
// First of all, since both kinds of tensors have their methods from one class (see there).
import './tensor.js'
import { Methods } from './methods.js'

/** What is called in a functional graph: a layer, or an operation. */
export interface Target {
  name: string
  /** Whether the name was given by the user. */
  readonly named: boolean
  readonly className: string
  /** Whether what it gives is text. */
  readonly givesText?: boolean
  /** Whether what it takes is text. */
  readonly takesText?: boolean
}

/** One call in a functional graph. Its arguments are structures of symbolic tensors, tensors and plain values. */
export interface GraphCall {
  readonly target: Target
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  /** The symbolic tensors among the arguments, in order. */
  readonly sources: readonly SymbolicTensor[]
  /** What it gives, in order. */
  readonly outputs: readonly SymbolicTensor[]
}

/** Where a symbolic tensor comes from: output `index` of a call. */
export interface History {
  readonly call: GraphCall
  readonly index: number
}

/**
 * A shape, an element type, and the call that will make the numbers. Lengths that are not known yet are null.
 *
 * It goes wherever tensors go: into layers, into `ops`, and it has the methods of tensors.
 *
 * @example
 * import { input, Model, ops } from 'ferrograd'
 * import { Dense } from 'ferrograd/layers'
 *
 * const x = input({ shape: [4] })
 * const y = x.pipe(new Dense({ units: 4 }), ops.relu).add(x).mul(0.5)
 * const model = new Model({ inputs: x, outputs: y })
 */
export class SymbolicTensor extends Methods<SymbolicTensor> {
  readonly shape: PartialShape
  readonly dtype: DType
  readonly history: History

  static {
    inspectWith(SymbolicTensor, (symbol) => symbol.toString())
  }

  constructor(shape: PartialShape, dtype: DType, history: History) {
    checkMaker('SymbolicTensor', Array.isArray(shape) && history !== undefined, 'input')
    super()
    this.shape = shape
    this.dtype = dtype
    this.history = history
  }

  /** Whether it stands for text: a layer looks it up before anything is computed, and only what that gives are numbers. */
  get isText(): boolean {
    return this.history.call.target.givesText === true
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length
  }

  /** `SymbolicTensor(float32[batch, 10], output of dense)` */
  override toString(): string {
    const lengths = this.shape.map((length, axis) => length ?? (axis === 0 ? 'batch' : '?'))
    return `SymbolicTensor(${this.isText ? 'string' : this.dtype}[${lengths.join(', ')}], output of ${this.history.call.target.name})`
  }
}

/** Whether a value is a symbolic tensor. */
export function isSymbolic(value: unknown): value is SymbolicTensor {
  return value instanceof SymbolicTensor
}

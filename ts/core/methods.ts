/** The methods that tensors and symbolic tensors have: each is the op of its name. */

import type { MatmulOptions } from '../ops/linear.js'
import type { Operand } from '../ops/operand.js'

import type { SliceOptions } from '../ops/shape.js'
import type { FirstAxisOptions, LastAxisOptions, ReduceOptions, RowAxisOptions } from '../ops/tables.js'
// The methods call the functions, which call back: both sides meet only once every module is there. `tensor.ts` has to
// be the first module to ask for this one.
import * as ops from '../ops.js'
import type { DType, Shape } from '../types.js'
import type { Tensor } from './tensor.js'

/** A step of a chain: a layer, or a function. */
export type Step<T> = { apply(x: T): T } | ((x: T) => T)

/** Methods of tensors; `T` is the class that has them. */
export abstract class Methods<T> {
  /** `x + other` */
  add(other: Operand | T): T {
    return ops.add(drawn(this), drawn(other)) as T
  }
  /** `x − other` */
  sub(other: Operand | T): T {
    return ops.subtract(drawn(this), drawn(other)) as T
  }
  /** `x · other`, element by element */
  mul(other: Operand | T): T {
    return ops.multiply(drawn(this), drawn(other)) as T
  }
  /** `x / other`, in floats */
  div(other: Operand | T): T {
    return ops.divide(drawn(this), drawn(other)) as T
  }
  /** `x^other` */
  pow(other: Operand | T): T {
    return ops.power(drawn(this), drawn(other)) as T
  }
  /** `−x` */
  neg(): T {
    return ops.negative(drawn(this)) as T
  }
  /** `|x|` */
  abs(): T {
    return ops.abs(drawn(this)) as T
  }
  /** `x²` */
  square(): T {
    return ops.square(drawn(this)) as T
  }
  /** `√x` */
  sqrt(): T {
    return ops.sqrt(drawn(this)) as T
  }
  /** `eˣ` */
  exp(): T {
    return ops.exp(drawn(this)) as T
  }
  /** The natural logarithm. */
  log(): T {
    return ops.log(drawn(this)) as T
  }
  /** `1/(1 + e⁻ˣ)` */
  sigmoid(): T {
    return ops.sigmoid(drawn(this)) as T
  }
  /** The hyperbolic tangent. */
  tanh(): T {
    return ops.tanh(drawn(this)) as T
  }
  /** `max(x, 0)` */
  relu(): T {
    return ops.relu(drawn(this)) as T
  }
  /** `eˣⁱ / Σⱼ eˣʲ` along an axis, the last by default. */
  softmax(options?: LastAxisOptions): T {
    return ops.softmax(drawn(this), options) as T
  }
  /** `(…, m, k) · (…, k, n) → (…, m, n)` */
  matmul(other: Operand | T, options?: MatmulOptions): T {
    return ops.matmul(drawn(this), drawn(other), options) as T
  }
  /** NumPy's `dot`. */
  dot(other: Operand | T): T {
    return ops.dot(drawn(this), drawn(other)) as T
  }
  /** `Σ x` over axes, all by default. */
  sum(options?: ReduceOptions): T {
    return ops.sum(drawn(this), options) as T
  }
  /** `Σ x / n` over axes, all by default. */
  mean(options?: ReduceOptions): T {
    return ops.mean(drawn(this), options) as T
  }
  /** The largest, over axes, all by default. */
  max(options?: ReduceOptions): T {
    return ops.max(drawn(this), options) as T
  }
  /** The smallest, over axes, all by default. */
  min(options?: ReduceOptions): T {
    return ops.min(drawn(this), options) as T
  }
  /** The index of the largest along an axis, over all elements without one. */
  argmax(options?: RowAxisOptions): T {
    return ops.argmax(drawn(this), options) as T
  }
  /** The index of the smallest along an axis, over all elements without one. */
  argmin(options?: RowAxisOptions): T {
    return ops.argmin(drawn(this), options) as T
  }
  /** The same numbers in another shape; one length may be −1. */
  reshape(shape: Shape): T {
    return ops.reshape(drawn(this), shape) as T
  }
  /** All elements along one axis. */
  flatten(): T {
    return ops.reshape(drawn(this), [-1]) as T
  }
  /** The axes in another order, reversed by default. */
  transpose(perm?: readonly number[]): T {
    return ops.transpose(drawn(this), perm) as T
  }
  /** A new axis of length 1. */
  expandDims(axis: number): T {
    return ops.expandDims(drawn(this), axis) as T
  }
  /** Axes of length 1 taken away: the given ones, or all. */
  squeeze(axis?: number | readonly number[]): T {
    return ops.squeeze(drawn(this), axis) as T
  }
  /** A part: where it begins along each axis, and how long it is. */
  slice(begin: readonly number[], options: Omit<SliceOptions, 'begin'> = {}): T {
    return ops.slice(drawn(this), { begin, ...options }) as T
  }
  /** The slices that `indices` name along an axis, the first by default. */
  gather(indices: Operand | T, options?: FirstAxisOptions): T {
    return ops.gather(drawn(this), drawn(indices), options) as T
  }
  /** As another element type. */
  cast(dtype: DType): T {
    return ops.cast(drawn(this), dtype) as T
  }
  /** `x = other` */
  equal(other: Operand | T): T {
    return ops.equal(drawn(this), drawn(other)) as T
  }
  /** `x < other` */
  less(other: Operand | T): T {
    return ops.less(drawn(this), drawn(other)) as T
  }
  /** `x > other` */
  greater(other: Operand | T): T {
    return ops.greater(drawn(this), drawn(other)) as T
  }
  /**
   * The result of one step after another: layers, functions, models.
   *
   * @example
   * import { input, ops } from 'ferrograd'
   * import { Dense, Dropout } from 'ferrograd/layers'
   *
   * const y = input({ shape: [8] }).pipe(new Dense({ units: 64 }), ops.relu, new Dropout({ rate: 0.2 }))
   */
  pipe(...steps: readonly Step<T>[]): T {
    return steps.reduce<T>((x, step) => (typeof step === 'function' ? step(x) : step.apply(x)), this as unknown as T)
  }
}

/** What a method is given, for the functions: they tell tensors from symbolic ones themselves. */
function drawn(one: unknown): Tensor {
  return one as Tensor
}

/** The merging layers as functions, for layers without options of their own. */

import type { SymbolicTensor } from '../../core/symbolic-tensor.js'
import type { Tensor } from '../../core/tensor.js'
import type { Layer } from '../layer.js'
import { Concatenate } from './concatenate.js'
import { Dot } from './dot.js'
import { Add, Average, Maximum, Minimum, Multiply, Subtract } from './elementwise.js'

/** What a merging call takes, and gives: symbolic tensors in a functional graph, else tensors. */
type Merged<T> = T extends SymbolicTensor ? SymbolicTensor : Tensor

function merge<T extends Tensor | SymbolicTensor>(layer: Layer, xs: readonly T[]): Merged<T> {
  return layer.apply(xs as never) as Merged<T>
}

/**
 * `a + b + …`, as {@link Add}.
 *
 * @example
 * import { add } from 'ferrograd/layers'
 * import { input } from 'ferrograd'
 *
 * const sum = add([input({ shape: [2] }), input({ shape: [2] })])
 */
export function add<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Add(), xs)
}

/** `a − b`, as {@link Subtract}. */
export function subtract<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Subtract(), xs)
}

/** `a · b · …`, as {@link Multiply}. */
export function multiply<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Multiply(), xs)
}

/** The mean, as {@link Average}. */
export function average<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Average(), xs)
}

/** The largest, as {@link Maximum}. */
export function maximum<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Maximum(), xs)
}

/** The smallest, as {@link Minimum}. */
export function minimum<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Minimum(), xs)
}

/** One after another, as {@link Concatenate}. */
export function concatenate<T extends Tensor | SymbolicTensor>(xs: readonly T[], axis = -1): Merged<T> {
  return merge(new Concatenate({ axis }), xs)
}

/** Products summed over an axis, as {@link Dot}. */
export function dot<T extends Tensor | SymbolicTensor>(
  xs: readonly T[],
  axes: number | readonly number[],
  normalized = false,
): Merged<T> {
  return merge(new Dot({ axes, normalize: normalized }), xs)
}

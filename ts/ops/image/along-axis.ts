/** Linear maps along one axis of a tensor: what averaging over uneven windows and interpolation are. */

import { sizeOf } from '../../core/shapes.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { matmul } from '../linear.js'
import { reshape } from '../shape.js'

/** The weights by which each number of an axis is made of those there were: rows of a matrix (after, before). */
export type Weights = readonly (readonly number[])[]

/** `y[…, o, …] = Σ weights[o][i] · x[…, i, …]` along an axis. */
export function mapAlong(x: Tensor, axis: number, weights: Weights): Tensor {
  const [outer, length, inner] = [x.shape.slice(0, axis), x.shape[axis]!, x.shape.slice(axis + 1)]
  const matrix = tensor(Float64Array.from(weights.flat()), [weights.length, length], x.dtype)
  const rows = reshape(x, [sizeOf(outer), length, sizeOf(inner)])
  return reshape(matmul(matrix, rows), [...outer, weights.length, ...inner])
}

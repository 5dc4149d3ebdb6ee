/** The three ways to keep gradients short. */

import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'

/** At most one of the limits is given. */
export interface ClipLimits {
  readonly clipnorm: number | null
  readonly globalClipnorm: number | null
  readonly clipvalue: number | null
}

/** Gradients within the limit that is given. */
export function clip(
  gradients: readonly Tensor[],
  { clipnorm, globalClipnorm, clipvalue }: ClipLimits,
): readonly Tensor[] {
  if (clipnorm !== null) return gradients.map((gradient) => byNorm(gradient, clipnorm))
  if (globalClipnorm !== null) return byGlobalNorm(gradients, globalClipnorm)
  if (clipvalue !== null) return gradients.map((gradient) => ops.clip(gradient, -clipvalue, clipvalue))
  return gradients
}

/** `g · c / max(‖g‖, c)`. */
function byNorm(gradient: Tensor, limit: number): Tensor {
  const norm = ops.sqrt(ops.sum(ops.square(gradient)))
  return ops.divide(ops.multiply(gradient, limit), ops.maximum(norm, limit))
}

/** `g · c · min(1/‖G‖, 1/c)` with G all gradients together; NaN where the norm is not finite. */
function byGlobalNorm(gradients: readonly Tensor[], limit: number): readonly Tensor[] {
  const dtype = gradients[0]!.dtype
  const squares = gradients.map((gradient) => ops.cast(ops.sum(ops.square(gradient)), dtype))
  const norm = ops.sqrt(squares.reduce((sum, square) => ops.add(sum, square)))
  const scale = ops.multiply(ops.minimum(ops.reciprocal(norm), 1 / limit), limit)
  const poisoned = ops.add(scale, ops.subtract(norm, norm))
  return gradients.map((gradient) => ops.multiply(gradient, ops.cast(poisoned, gradient.dtype)))
}

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
  return ops.multiply(gradient, ops.divide(limit, ops.maximum(length(gradient), limit)))
}

/** `g · c · min(1/‖G‖, 1/c)` with G all gradients together; NaN where the norm is not finite. */
function byGlobalNorm(gradients: readonly Tensor[], limit: number): readonly Tensor[] {
  const dtype = gradients[0]!.dtype
  const norm = length(ops.stack(gradients.map((gradient) => ops.cast(length(gradient), dtype))))
  const scale = ops.multiply(ops.minimum(ops.reciprocal(norm), 1 / limit), limit)
  const poisoned = ops.add(scale, ops.subtract(norm, norm))
  return gradients.map((gradient) => ops.multiply(gradient, ops.cast(poisoned, gradient.dtype)))
}

/** `√Σ g²`; where that overflows, of g made smaller by a power of two. Both sums are one pass over g. */
function length(g: Tensor): Tensor {
  const factor = 2 ** (g.dtype === 'float64' ? 600 : 80)
  const plain = ops.sum(ops.square(g))
  const small = ops.sum(ops.square(ops.multiply(g, 1 / factor)))
  return ops.where(ops.isFinite(plain), ops.sqrt(plain), ops.multiply(ops.sqrt(small), factor))
}

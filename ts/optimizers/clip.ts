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
  const squares = squaresOf(gradient)
  return scaled(gradient, squares, ops.divide(limit, ops.maximum(ops.sqrt(squares.plain), limit)), limit)
}

/** `g · c · min(1/‖G‖, 1/c)` with G all gradients together; NaN where one of them is not finite. */
function byGlobalNorm(gradients: readonly Tensor[], limit: number): readonly Tensor[] {
  const wide = gradients.some((gradient) => gradient.dtype === 'float64')
  const all = gradients.map((gradient) => squaresOf(wide ? ops.cast(gradient, 'float64') : gradient))
  const summed = (part: 'plain' | 'small'): Tensor => ops.sum(ops.stack(all.map((squares) => squares[part])))
  const squares = { plain: summed('plain'), small: summed('small'), factor: all[0]!.factor }
  const scale = ops.multiply(ops.minimum(ops.reciprocal(ops.sqrt(squares.plain)), 1 / limit), limit)
  const poisoned = ops.add(scale, ops.subtract(squares.small, squares.small))
  return gradients.map((gradient) => scaled(gradient, squares, poisoned, limit))
}

/** Sums of squares: of numbers as they are, and of those made smaller by a power of two. */
interface Squares {
  readonly plain: Tensor
  readonly small: Tensor
  readonly factor: number
}

/** `Σ g²` and `Σ (g/f)²`: the second is finite where g is. Both are one pass over g. */
function squaresOf(g: Tensor): Squares {
  const factor = 2 ** (g.dtype === 'float64' ? 600 : 80)
  return { plain: ops.sum(ops.square(g)), small: ops.sum(ops.square(ops.multiply(g, 1 / factor))), factor }
}

/**
 * `g · scale`; where the sum of squares overflows, `g/f · c / max(‖g/f‖, c/f)`: the norm itself may be infinite then, and
 * the scale too small a number.
 */
function scaled(g: Tensor, { plain, small, factor }: Squares, scale: Tensor, limit: number): Tensor {
  const fits = ops.isFinite(plain)
  const shrunk = ops.divide(limit, ops.maximum(ops.sqrt(small), limit / factor))
  const [first, second] = [ops.where(fits, 1, 1 / factor), ops.where(fits, scale, shrunk)]
  return ops.multiply(ops.multiply(g, ops.cast(first, g.dtype)), ops.cast(second, g.dtype))
}

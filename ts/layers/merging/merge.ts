/** What layers that make one tensor out of several share. */

import { listOf } from '../../core/structure.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { Shape } from '../../types.js'
import { Layer } from '../layer.js'

/** The masks of several inputs: of each, or one that stands for all. */
export type MaskList = Tensor | readonly (Tensor | undefined)[]

/** Element by element over inputs of equal rank, or made so: missing axes come after the batch. */
export abstract class Merge extends Layer {
  protected override readonly takes = 'several' as const
  /** What two of the inputs make. */
  protected abstract pair(a: Tensor, b: Tensor): Tensor

  override build(inputShapes: Shape | readonly Shape[]): void {
    checkSeveral(inputShapes, this.className)
  }

  /** What counts in any input counts; no mask where an input has none. */
  protected override computeMask(_xs: readonly Tensor[], masks: MaskList): Tensor | undefined {
    const all = listOf(masks)
    if (all.some((mask) => mask === undefined)) return undefined
    return (all as readonly Tensor[]).reduce((either, mask) => ops.logicalOr(either, mask))
  }

  override call(xs: readonly Tensor[]): Tensor {
    const rank = Math.max(...xs.map((x) => x.rank))
    const aligned = xs.map((x) => withRank(x, rank))
    return aligned.slice(1).reduce((merged, x) => this.pair(merged, x), aligned[0]!)
  }
}

export function checkSeveral(shapes: Shape | readonly Shape[], where: string): void {
  const several = Array.isArray(shapes[0]) && shapes.length >= 2
  if (!several) fail('ERR_SHAPE', `${where} input`, 'a list of at least two tensors', shapes)
}

function withRank(x: Tensor, rank: number): Tensor {
  return x.rank === rank
    ? x
    : ops.reshape(x, [x.shape[0]!, ...new Array<number>(rank - x.rank).fill(1), ...x.shape.slice(1)])
}

/** Lengths of a sample but for one axis. */
export function without(shape: Shape, axis: number): number[] {
  return shape.filter((_, i) => i !== 0 && i !== axis)
}

/** The layer that puts its inputs side by side. */

import { listOf } from '../../core/structure.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import { type InputKind, Layer, type LayerOptions } from '../layer.js'
import { checkSeveral, type MaskList } from './merge.js'

const concatenateFields = {
  /** The axis along which the inputs follow each other. Default -1. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

/** Options of {@link Concatenate}. */
export interface ConcatenateOptions extends OptionsOf<typeof concatenateFields>, LayerOptions {}

const ConcatenateBase: With<typeof Layer, typeof concatenateFields, ConcatenateOptions> = Layer.with(concatenateFields)

/**
 * The inputs one after another along `axis`; all other lengths are equal.
 *
 * `y = [x₁ | … | xₙ]`: (batch, a), (batch, b) → (batch, a + b).
 *
 * @see keras.layers.Concatenate
 *
 * @example
 * import { Concatenate } from 'ferrograd/layers'
 *
 * const layer = new Concatenate({ axis: 1 })
 */
export class Concatenate extends ConcatenateBase {
  static override readonly className = 'Concatenate'
  protected override readonly takes = 'several' as const

  override inputKind(): InputKind {
    return 'any'
  }

  override build(inputShapes: Shape | readonly Shape[]): void {
    checkSeveral(inputShapes, 'Concatenate')
    const shapes = inputShapes as readonly Shape[]
    const rest = shapes.map((shape) =>
      shape.filter((_, i) => i !== (this.options.axis + shape.length) % shape.length).join(),
    )
    if (new Set(rest).size > 1)
      fail('ERR_SHAPE', 'Concatenate input', `shapes equal but for axis ${this.options.axis}`, shapes)
  }

  override call(xs: readonly Tensor[]): Tensor {
    return ops.concatenate(xs, { axis: this.options.axis })
  }

  /** A step counts where any of the features that meet there does; an input without a mask counts whole. */
  protected override computeMask(xs: readonly Tensor[], masks: MaskList): Tensor | undefined {
    const all = listOf(masks)
    if (all.every((mask) => mask === undefined)) return undefined
    const wide = xs.map((x, i) => overFeatures(all.length === 1 ? all[0] : all[i], x))
    return ops.any(ops.concatenate(wide, { axis: this.options.axis }), { axis: -1 })
  }
}

/** A mask over the steps, over all that is in them. */
function overFeatures(mask: Tensor | undefined, x: Tensor): Tensor {
  const all = ops.cast(ops.onesLike(x), 'bool')
  if (mask === undefined) return all
  return ops.logicalAnd(mask.rank < x.rank ? ops.expandDims(mask, -1) : mask, all)
}

/** The layer that gives each sample another shape. */

import { sizeOf } from '../core/shapes.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Shape } from '../types.js'
import { type InputKind, Layer, type LayerOptions } from './layer.js'

const reshapeFields = {
  /** The shape of one sample; at most one length may be −1, whatever is left. */
  targetShape: { type: 'integers' },
} as const

/** Options of {@link Reshape}. */
export interface ReshapeOptions extends OptionsOf<typeof reshapeFields>, LayerOptions {}

const ReshapeBase: With<typeof Layer, typeof reshapeFields, ReshapeOptions> = Layer.with(reshapeFields)

/**
 * Samples in another shape, (batch, …) → (batch, …targetShape).
 *
 * `y[b] = x[b]` read row by row; a length of −1 is the one that is left.
 *
 * @see keras.layers.Reshape
 *
 * @example
 * import { Reshape } from 'ferrograd/layers'
 *
 * const layer = new Reshape({ targetShape: [28, 28, 1], inputShape: [784] })
 */
export class Reshape extends ReshapeBase {
  static override readonly className = 'Reshape'
  protected override readonly takes = 'one' as const

  override inputKind(): InputKind {
    return 'any'
  }

  override call(x: Tensor): Tensor {
    return ops.reshape(x, [x.shape[0]!, ...this.#resolve(x.shape.slice(1))])
  }

  #resolve(sample: Shape): number[] {
    const { targetShape } = this.options
    const known = sizeOf(targetShape.filter((length) => length !== -1))
    const free = targetShape.filter((length) => length === -1).length
    const size = sizeOf(sample)
    const bad =
      targetShape.some((length) => length < -1) ||
      free > 1 ||
      (free === 1 ? known === 0 || size % known !== 0 : known !== size)
    if (bad)
      fail(
        'ERR_SHAPE',
        'Reshape.targetShape',
        `a shape of ${size} elements, as [${sample.join(', ')}] has`,
        targetShape,
      )
    return targetShape.map((length) => (length === -1 ? size / known : length))
  }
}

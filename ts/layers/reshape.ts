/** The layer that gives each sample another shape. */

import { sizeOf } from '../core/shapes.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { Shape } from '../types.js'
import { type InputKind, Layer } from './layer.js'

const reshapeFields = {
  /** The shape of one sample; at most one length may be −1, whatever is left. */
  targetShape: { type: 'integers' },
} as const

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
export class Reshape extends Layer<typeof reshapeFields> {
  static override readonly className = 'Reshape'
  static override readonly fields: typeof reshapeFields = reshapeFields

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

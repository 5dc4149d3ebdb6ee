/** The layer that applies an activation. */

import type { Tensor } from '../core/tensor.js'
import { Layer } from './layer.js'

const activationFields = {
  /** The function. */
  activation: { type: 'activation' },
} as const

/**
 * Applies an activation, `y = activation(x)`, shapes as they are.
 *
 * @see keras.layers.Activation
 *
 * @example
 * import { Activation } from 'ferrograd/layers'
 *
 * const layer = new Activation({ activation: 'relu' })
 */
export class Activation extends Layer<typeof activationFields> {
  static override readonly className = 'Activation'
  static override readonly fields: typeof activationFields = activationFields
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor): Tensor {
    return this.options.activation(x)
  }
}

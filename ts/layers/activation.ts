/** The layer that applies an activation. */

import type { Tensor } from '../core/tensor.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { Layer, type LayerOptions } from './layer.js'

const activationFields = {
  /** The function. */
  activation: { type: 'activation' },
} as const

/** Options of {@link Activation}. */
export interface ActivationOptions extends OptionsOf<typeof activationFields>, LayerOptions {}

const ActivationBase: With<typeof Layer, typeof activationFields, ActivationOptions> = Layer.with(activationFields)

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
export class Activation extends ActivationBase {
  static override readonly className = 'Activation'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor): Tensor {
    return this.options.activation(x)
  }
}

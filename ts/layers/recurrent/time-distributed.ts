/** The same layer at every step. */

import { mapStructure } from '../../core/structure.js'
import { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import type { CallContext } from '../context.js'
import { Layer, type LayerOptions, type Masks, type Tensors } from '../layer.js'
import { maskFor } from './recurrent.js'

const fields = {
  /** What every step goes through. */
  layer: { type: 'layer' },
} as const

/** Options of {@link TimeDistributed}. */
export interface TimeDistributedOptions extends OptionsOf<typeof fields>, LayerOptions {}

const TimeDistributedBase: With<typeof Layer, typeof fields, TimeDistributedOptions> = Layer.with(fields)

/**
 * Puts every step through the same layer, `y[b, t] = layer(x[b, t])`: (batch, steps, …) → (batch, steps, …).
 *
 * All steps of a batch are computed at once, as (batch · steps, …): statistics that the layer takes of a batch, as those of
 * `BatchNormalization`, are of all of them.
 *
 * @see keras.layers.TimeDistributed
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { Conv2D, TimeDistributed } from 'ferrograd/layers'
 *
 * const layer = new TimeDistributed({ layer: new Conv2D({ filters: 8, kernelSize: 3 }) })
 * const y = layer.apply(ops.ones([2, 5, 28, 28, 1])) // (2, 5, 26, 26, 8)
 */
export class TimeDistributed extends TimeDistributedBase {
  static override readonly className = 'TimeDistributed'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  readonly layer: Layer = this.options.layer as Layer

  override build(inputShape: Shape): void {
    if (inputShape.length < 3) fail('ERR_SHAPE', 'TimeDistributed input', '[batch, steps, …]', inputShape)
    const [batch, , ...rest] = inputShape
    this.layer.ensureBuilt([batch!, ...rest])
    this.inputSpec = { minRank: 3 }
  }

  protected override computeMask(_x: Tensors | object, mask: Masks): Masks {
    return mask instanceof Tensor ? mask : undefined
  }

  override call(x: Tensor, { mask, training }: CallContext): Tensor {
    const [batch = 0, steps = 0, ...rest] = x.shape
    const keep = maskFor(this.className, x, mask)
    const flat = ops.reshape(x, [batch * steps, ...rest])
    const context = keep === undefined ? { training } : { training, mask: ops.reshape(keep, [batch * steps]) }
    const results: unknown = this.layer.apply(flat as never, context as never)
    return mapStructure(results, (one) => apart(one as Tensor, batch, steps)) as Tensor
  }
}

/** (batch · steps, …) → (batch, steps, …). */
function apart(y: Tensor, batch: number, steps: number): Tensor {
  return ops.reshape(y, [batch, steps, ...y.shape.slice(1)])
}

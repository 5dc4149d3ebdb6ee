/** The same layer at every step. */

import { maskOn, setMask } from '../../core/mask.js'
import { mapStructure } from '../../core/structure.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import type { CallContext } from '../context.js'
import { Layer, type LayerOptions } from '../layer.js'
import { maskOf } from './recurrent.js'

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
 * A mask is (batch, steps), or (batch, steps, …) where there are sequences in each step: the layer gets that of its step. What the
 * layer hands on belongs to its results; else a step counts where anything in it does.
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
  readonly layer: Layer = this.options.layer as Layer

  override build(inputShape: Shape): void {
    if (inputShape.length < 3) fail('ERR_SHAPE', 'TimeDistributed input', '[batch, steps, …]', inputShape)
    const [batch, , ...rest] = inputShape
    this.layer.ensureBuilt([batch!, ...rest])
    this.inputSpec = { minRank: 3 }
  }

  override call(x: Tensor, { mask, training }: CallContext): Tensor {
    const [batch = 0, steps = 0] = x.shape
    const keep = maskOfSteps(this.className, x, mask)
    const context = keep === undefined ? { training } : { training, mask: together(keep) }
    const results: unknown = this.layer.apply(together(x) as never, context as never)
    return mapStructure(results, (one) => {
      const y = apart(one as Tensor, batch, steps)
      const inside = maskOn(one as Tensor)
      const own = inside === undefined ? keep && anyOf(keep) : apart(inside, batch, steps)
      if (own !== undefined) setMask(y, own)
      return y
    }) as Tensor
  }
}

/** A mask (batch, steps, …): of the steps, or of what is in each of them. */
function maskOfSteps(where: string, x: Tensor, given: unknown): Tensor | undefined {
  const mask = maskOf(given)
  if (mask === undefined) return undefined
  const [batch, steps] = x.shape
  if (mask.rank < 2 || mask.shape[0] !== batch || mask.shape[1] !== steps)
    fail('ERR_SHAPE', `${where} mask`, `[${batch}, ${steps}, …], as the input`, mask.shape)
  return mask
}

/** (batch, steps, …) → (batch · steps, …). */
function together(x: Tensor): Tensor {
  const [batch = 0, steps = 0, ...rest] = x.shape
  return ops.reshape(x, [batch * steps, ...rest])
}

/** (batch · steps, …) → (batch, steps, …). */
function apart(y: Tensor, batch: number, steps: number): Tensor {
  return ops.reshape(y, [batch, steps, ...y.shape.slice(1)])
}

/** Whether anything in a step counts. */
function anyOf(mask: Tensor): Tensor {
  return mask.rank === 2 ? mask : ops.any(mask, { axis: Array.from({ length: mask.rank - 2 }, (_, i) => i + 2) })
}

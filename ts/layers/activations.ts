/** Activations as layers, where they have options or weights. */

import { elu, leakyRelu, relu, softmax } from '../activations.js'
import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Shape } from '../types.js'
import { type CallContext, Layer, type LayerOptions } from './layer.js'

const reluFields = {
  /** The largest result. Default null. */
  maxValue: { type: 'number', default: null, min: 0 },
  /** The slope below the threshold. Default 0. */
  negativeSlope: { type: 'number', default: 0, min: 0 },
  /** Where the rectifier begins. Default 0. */
  threshold: { type: 'number', default: 0, min: 0 },
} as const

/** Options of {@link ReLU}. */
export interface ReLUOptions extends OptionsOf<typeof reluFields>, LayerOptions {}

const ReLUBase: With<typeof Layer, typeof reluFields, ReLUOptions> = Layer.with(reluFields)

/**
 * `y = min(x, maxValue)` where `x > threshold`, else `negativeSlope · (x − threshold)`.
 *
 * @see keras.layers.ReLU
 *
 * @example
 * import { ReLU } from 'ferrograd/layers'
 *
 * const layer = new ReLU({ maxValue: 6 })
 */
export class ReLU extends ReLUBase {
  static override readonly className = 'ReLU'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor): Tensor {
    return relu(x, this.options)
  }
}

const leakyFields = {
  /** The slope below 0. Default 0.3. */
  negativeSlope: { type: 'number', default: 0.3, min: 0 },
} as const

/** Options of {@link LeakyReLU}. */
export interface LeakyReLUOptions extends OptionsOf<typeof leakyFields>, LayerOptions {}

const LeakyReLUBase: With<typeof Layer, typeof leakyFields, LeakyReLUOptions> = Layer.with(leakyFields)

/**
 * `y = x` where `x > 0`, else `negativeSlope · x` (0.3; the activation function has 0.2).
 *
 * @see keras.layers.LeakyReLU
 *
 * @example
 * import { LeakyReLU } from 'ferrograd/layers'
 *
 * const layer = new LeakyReLU({ negativeSlope: 0.1 })
 */
export class LeakyReLU extends LeakyReLUBase {
  static override readonly className = 'LeakyReLU'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor): Tensor {
    return leakyRelu(x, this.options.negativeSlope)
  }
}

const eluFields = {
  /** The scale below 0. Default 1. */
  alpha: { type: 'number', default: 1 },
} as const

/** Options of {@link ELU}. */
export interface ELUOptions extends OptionsOf<typeof eluFields>, LayerOptions {}

const ELUBase: With<typeof Layer, typeof eluFields, ELUOptions> = Layer.with(eluFields)

/**
 * `y = x` where `x > 0`, else `alpha · (eˣ − 1)`.
 *
 * @see keras.layers.ELU
 *
 * @example
 * import { ELU } from 'ferrograd/layers'
 *
 * const layer = new ELU({ alpha: 0.5 })
 */
export class ELU extends ELUBase {
  static override readonly className = 'ELU'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor): Tensor {
    return elu(x, this.options.alpha)
  }
}

const preluFields = {
  /** First value of the slopes. Default 'zeros'. */
  alphaInitializer: { type: 'initializer', default: 'zeros' },
  /** Penalty on the slopes. Default null. */
  alphaRegularizer: { type: 'regularizer', default: null },
  /** What the slopes are set back to after each step. Default null. */
  alphaConstraint: { type: 'constraint', default: null },
  /** Axes (from 1) along which one slope serves all. Default null. */
  sharedAxes: { type: 'axis', default: null },
} as const

/** Options of {@link PReLU}. */
export interface PReLUOptions extends OptionsOf<typeof preluFields>, LayerOptions {}

const PReLUBase: With<typeof Layer, typeof preluFields, PReLUOptions> = Layer.with(preluFields)

/**
 * `y = max(x, 0) − alpha · max(−x, 0)` with a learnt slope per entry (He et al., 2015).
 *
 * @see keras.layers.PReLU
 *
 * @example
 * import { PReLU } from 'ferrograd/layers'
 *
 * const layer = new PReLU({ sharedAxes: [1] })
 */
export class PReLU extends PReLUBase {
  static override readonly className = 'PReLU'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  alpha!: Variable

  override build(inputShape: Shape): void {
    const { alphaInitializer, alphaRegularizer, alphaConstraint, sharedAxes } = this.options
    const shared = [sharedAxes ?? []].flat()
    const shape = inputShape.slice(1).map((length, i) => (shared.includes(i + 1) ? 1 : length))
    this.alpha = this.addWeight({
      name: 'alpha',
      shape,
      initializer: alphaInitializer,
      regularizer: alphaRegularizer,
      constraint: alphaConstraint,
    })
    this.inputSpec = { rank: inputShape.length }
  }

  override call(x: Tensor): Tensor {
    return ops.subtract(ops.relu(x), ops.multiply(this.alpha, ops.relu(ops.negative(x))))
  }
}

const softmaxFields = {
  /** The axis, or axes, along which results sum to 1. Default -1. */
  axis: { type: 'axis', default: -1 },
} as const

/** Below any logit that matters. */
const masked = -1e9

/** Options of {@link Softmax}. */
export interface SoftmaxOptions extends OptionsOf<typeof softmaxFields>, LayerOptions {}

const SoftmaxBase: With<typeof Layer, typeof softmaxFields, SoftmaxOptions> = Layer.with(softmaxFields)

/**
 * `yᵢ = e^(xᵢ) / Σ e^(xⱼ)` along `axis`; entries that the mask leaves out are 0.
 *
 * @see keras.layers.Softmax
 *
 * @example
 * import { Softmax } from 'ferrograd/layers'
 *
 * const layer = new Softmax()
 */
export class Softmax extends SoftmaxBase {
  static override readonly className = 'Softmax'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor, { mask }: CallContext): Tensor {
    const { axis } = this.options
    if (mask === undefined) return softmax(x, axis)
    const whole = [...mask.shape, ...new Array<number>(x.rank - mask.rank).fill(1)]
    const kept = ops.broadcastTo(ops.reshape(ops.cast(mask, 'bool'), whole), x.shape)
    return ops.where(kept, softmax(ops.where(kept, x, masked), axis), 0)
  }
}

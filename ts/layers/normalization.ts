/** Layers that give each sample mean 0 and variance 1, or length 1, along some axes. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Shape } from '../types.js'
import {
  affineFields,
  along,
  inverseRoot,
  others,
  positive,
  positives,
  scaleAndShift,
  standardisedAlong,
} from './affine.js'
import { Layer, type LayerOptions } from './layer.js'

const ownLayerFields = {
  /** The axis, or axes, that are normalised together. Default -1. */
  axis: { type: 'axis', default: -1 },
} as const
const layerFields: typeof ownLayerFields & typeof affineFields = { ...ownLayerFields, ...affineFields }

/** Options of {@link LayerNormalization}. */
export interface LayerNormalizationOptions extends OptionsOf<typeof layerFields>, LayerOptions {}

const LayerNormalizationBase: With<typeof Layer, typeof layerFields, LayerNormalizationOptions> =
  Layer.with(layerFields)

/**
 * `y = (x − mean) / √(variance + ε) · gamma + beta`, by the statistics of each sample along `axis` (Ba et al., 2016).
 *
 * @see keras.layers.LayerNormalization
 *
 * @example
 * import { LayerNormalization } from 'ferrograd/layers'
 *
 * const layer = new LayerNormalization({ epsilon: 1e-6 })
 */
export class LayerNormalization extends LayerNormalizationBase {
  static override readonly className = 'LayerNormalization'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  gamma: Variable | undefined
  beta: Variable | undefined

  override build(inputShape: Shape): void {
    const { options } = this
    const shape = positives(options.axis, inputShape.length, 'LayerNormalization').map((axis) => inputShape[axis]!)
    const { gamma, beta } = scaleAndShift(options, shape, (weight) => this.addWeight(weight))
    this.gamma = gamma
    this.beta = beta
  }

  override call(input: Tensor): Tensor {
    const x = this.cast(input)
    const axes = positives(this.options.axis, x.rank, 'LayerNormalization')
    const over = { axis: axes, keepdims: true }
    const lay = (weight: Variable): Tensor => along(weight, axes, x.shape)
    return standardisedAlong(x, over, this.options.epsilon, this.gamma && lay(this.gamma), this.beta && lay(this.beta))
  }
}

const ownGroupFields = {
  /** How many groups the channels are in; −1: each its own. Default 32. */
  groups: { type: 'integer', default: 32, min: -1 },
  /** The axis of the channels. Default -1. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const
const groupFields: typeof ownGroupFields & typeof affineFields = { ...ownGroupFields, ...affineFields }

/** Options of {@link GroupNormalization}. */
export interface GroupNormalizationOptions extends OptionsOf<typeof groupFields>, LayerOptions {}

const GroupNormalizationBase: With<typeof Layer, typeof groupFields, GroupNormalizationOptions> =
  Layer.with(groupFields)

/**
 * As LayerNormalization, over all axes of a sample with the channels in `groups` (32) (Wu & He, 2018).
 *
 * `y = gamma · (x − mean) / √(variance + epsilon) + beta`, mean and variance of each sample and group.
 *
 * @see keras.layers.GroupNormalization
 *
 * @example
 * import { GroupNormalization } from 'ferrograd/layers'
 *
 * const layer = new GroupNormalization({ groups: 4 })
 */
export class GroupNormalization extends GroupNormalizationBase {
  static override readonly className = 'GroupNormalization'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  gamma: Variable | undefined
  beta: Variable | undefined

  override build(inputShape: Shape): void {
    const { options } = this
    const axis = positive(options.axis, inputShape.length, 'GroupNormalization')
    const channels = inputShape[axis]!
    const groups = this.#groups(channels)
    if (groups === 0 || channels % groups !== 0)
      fail('ERR_CONFIG', 'GroupNormalization.groups', `a divisor of ${channels} channels`, options.groups)
    const shape = [channels]
    const { gamma, beta } = scaleAndShift(options, shape, (weight) => this.addWeight(weight))
    this.gamma = gamma
    this.beta = beta
    this.inputSpec = { rank: inputShape.length, axes: { [axis]: channels } }
  }

  override call(input: Tensor): Tensor {
    const axis = positive(this.options.axis, input.rank, 'GroupNormalization')
    const groups = this.#groups(input.shape[axis]!)
    const split = [...input.shape.slice(0, axis), groups, input.shape[axis]! / groups, ...input.shape.slice(axis + 1)]
    const x = ops.reshape(this.cast(input), split)
    const over = { axis: others([0, axis], split.length), keepdims: true }
    const lay = (weight: Variable): Tensor => along(weight, [axis, axis + 1], split)
    const [gamma, beta] = [this.gamma && lay(this.gamma), this.beta && lay(this.beta)]
    const y = standardisedAlong(x, over, this.options.epsilon, gamma, beta)
    return ops.reshape(y, input.shape)
  }

  #groups(channels: number): number {
    return this.options.groups === -1 ? channels : this.options.groups
  }
}

const rmsFields = {
  /** The axis, or axes, that are normalised together. Default -1. */
  axis: { type: 'axis', default: -1 },
  /** Keeps the divisor from 0. Default 1e-6. */
  epsilon: { type: 'number', default: 1e-6, min: 0 },
} as const

/** Options of {@link RMSNormalization}. */
export interface RMSNormalizationOptions extends OptionsOf<typeof rmsFields>, LayerOptions {}

const RMSNormalizationBase: With<typeof Layer, typeof rmsFields, RMSNormalizationOptions> = Layer.with(rmsFields)

/**
 * `y = x / √(mean(x²) + ε) · scale` along `axis` (Zhang & Sennrich, 2019).
 *
 * @see keras.layers.RMSNormalization
 *
 * @example
 * import { RMSNormalization } from 'ferrograd/layers'
 *
 * const layer = new RMSNormalization()
 */
export class RMSNormalization extends RMSNormalizationBase {
  static override readonly className = 'RMSNormalization'
  protected override readonly takes = 'one' as const
  scale!: Variable

  override build(inputShape: Shape): void {
    const axes = positives(this.options.axis, inputShape.length, 'RMSNormalization')
    this.scale = this.addWeight({ name: 'scale', shape: axes.map((axis) => inputShape[axis]!), initializer: 'ones' })
  }

  override call(input: Tensor): Tensor {
    const x = this.cast(input)
    const axes = positives(this.options.axis, x.rank, 'RMSNormalization')
    const root = inverseRoot(x, { axis: axes, keepdims: true }, this.options.epsilon)
    return ops.multiply(ops.multiply(x, root), along(this.scale, axes, x.shape))
  }
}

const unitFields = {
  /** The axis, or axes, of the vectors. Default -1. */
  axis: { type: 'axis', default: -1 },
} as const

/** Options of {@link UnitNormalization}. */
export interface UnitNormalizationOptions extends OptionsOf<typeof unitFields>, LayerOptions {}

const UnitNormalizationBase: With<typeof Layer, typeof unitFields, UnitNormalizationOptions> = Layer.with(unitFields)

/**
 * `y = x / ‖x‖` along `axis`; 0 stays 0.
 *
 * @see keras.layers.UnitNormalization
 *
 * @example
 * import { UnitNormalization } from 'ferrograd/layers'
 *
 * const layer = new UnitNormalization()
 */
export class UnitNormalization extends UnitNormalizationBase {
  static override readonly className = 'UnitNormalization'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor): Tensor {
    return ops.normalize(this.cast(x), { axis: this.options.axis, epsilon: 1e-12 })
  }
}

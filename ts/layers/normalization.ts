/** Layers that give their input mean 0 and variance 1, or length 1, along some axes. */

import { fail } from '../errors.js'
import { normalize } from '../losses/regression.js'
import * as ops from '../ops.js'
import type { Tensor } from '../tensor.js'
import type { Shape } from '../types.js'
import type { Variable } from '../variable.js'
import { type CallContext, Layer } from './layer.js'

/** An axis counted from the front. */
function positive(axis: number, rank: number, where: string): number {
  const at = axis < 0 ? axis + rank : axis
  return at >= 0 && at < rank ? at : fail('ERR_CONFIG', `${where}.axis`, `an axis of ${rank}`, axis)
}

/** Axes counted from the front, ascending. */
function positives(axis: number | readonly number[], rank: number, where: string): number[] {
  return [axis]
    .flat()
    .map((one) => positive(one, rank, where))
    .sort((a, b) => a - b)
}

/** A weight of the lengths of `axes`, laid along them for an input of a shape. */
function along(weight: Tensor | Variable, axes: readonly number[], shape: Shape): Tensor {
  return ops.reshape(
    weight,
    shape.map((length, axis) => (axes.includes(axis) ? length : 1)),
  )
}

const others = (axes: readonly number[], rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((axis) => !axes.includes(axis))

/** `(x − mean) / √(variance + epsilon) · gamma + beta`. */
function standardised(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  epsilon: number,
  gamma?: Tensor,
  beta?: Tensor,
): Tensor {
  const root = ops.rsqrt(ops.add(variance, epsilon))
  const scale = gamma === undefined ? root : ops.multiply(root, gamma)
  const scaled = ops.multiply(ops.subtract(x, mean), scale)
  return beta === undefined ? scaled : ops.add(scaled, beta)
}

const batchFields = {
  /** The axis of the features; statistics are taken over all others. */
  axis: { type: 'integer', default: -1, min: -32 },
  /** How much of the moving statistics stays at each batch. */
  momentum: { type: 'number', default: 0.99, min: 0, max: 1 },
  /** Keeps the divisor from 0. */
  epsilon: { type: 'number', default: 1e-3, min: 0 },
  /** Whether beta is added. */
  center: { type: 'boolean', default: true },
  /** Whether gamma is multiplied. */
  scale: { type: 'boolean', default: true },
  /** First value of beta. */
  betaInitializer: { type: 'initializer', default: 'zeros' },
  /** First value of gamma. */
  gammaInitializer: { type: 'initializer', default: 'ones' },
  /** First value of the moving mean. */
  movingMeanInitializer: { type: 'initializer', default: 'zeros' },
  /** First value of the moving variance. */
  movingVarianceInitializer: { type: 'initializer', default: 'ones' },
  /** Penalty on beta. */
  betaRegularizer: { type: 'regularizer', default: null },
  /** Penalty on gamma. */
  gammaRegularizer: { type: 'regularizer', default: null },
  /** What beta is set back to after each step. */
  betaConstraint: { type: 'constraint', default: null },
  /** What gamma is set back to after each step. */
  gammaConstraint: { type: 'constraint', default: null },
} as const

/**
 * `y = (x − mean) / √(variance + ε) · gamma + beta`, by the (biased) statistics of the batch in training, by their
 * moving averages else, and while `trainable` is false (Ioffe & Szegedy, 2015).
 *
 * Shapes as they are; weights (features).
 *
 * @example
 * import { BatchNormalization } from 'ferrograd/layers'
 *
 * const layer = new BatchNormalization({ momentum: 0.9 })
 */
export class BatchNormalization extends Layer<typeof batchFields> {
  static override readonly className = 'BatchNormalization'
  static override readonly fields: typeof batchFields = batchFields
  protected override readonly keepsMask: boolean = true
  gamma: Variable | undefined
  beta: Variable | undefined
  movingMean!: Variable
  movingVariance!: Variable

  override build(inputShape: Shape): void {
    const { options } = this
    const axis = positive(options.axis, inputShape.length, 'BatchNormalization')
    const shape = [inputShape[axis]!]
    if (options.scale) {
      const { gammaInitializer: initializer, gammaRegularizer: regularizer, gammaConstraint: constraint } = options
      this.gamma = this.addWeight({ name: 'gamma', shape, initializer, regularizer, constraint })
    }
    if (options.center) {
      const { betaInitializer: initializer, betaRegularizer: regularizer, betaConstraint: constraint } = options
      this.beta = this.addWeight({ name: 'beta', shape, initializer, regularizer, constraint })
    }
    const { movingMeanInitializer, movingVarianceInitializer } = options
    this.movingMean = this.addWeight({
      name: 'moving_mean',
      shape,
      initializer: movingMeanInitializer,
      trainable: false,
    })
    this.movingVariance = this.addWeight({
      name: 'moving_variance',
      shape,
      initializer: movingVarianceInitializer,
      trainable: false,
    })
    this.inputSpec = { rank: inputShape.length, axes: { [axis]: inputShape[axis]! } }
  }

  override call(input: Tensor, { training, mask }: CallContext): Tensor {
    const x = this.cast(input)
    const axis = positive(this.options.axis, x.rank, 'BatchNormalization')
    const lay = (weight: Tensor | Variable): Tensor => along(weight, [axis], x.shape)
    const { mean, variance } = training && this.trainable ? this.#fromBatch(x, axis, mask) : this.#moving(lay)
    return standardised(
      x,
      mean,
      variance,
      this.options.epsilon,
      this.gamma && lay(this.gamma),
      this.beta && lay(this.beta),
    )
  }

  #moving(lay: (weight: Variable) => Tensor): { mean: Tensor; variance: Tensor } {
    return { mean: lay(this.movingMean), variance: lay(this.movingVariance) }
  }

  /** The batch's own statistics; the moving ones follow them. */
  #fromBatch(x: Tensor, axis: number, mask: Tensor | undefined): { mean: Tensor; variance: Tensor } {
    const over = { axis: others([axis], x.rank), keepdims: true }
    const statistics =
      mask === undefined ? { mean: ops.mean(x, over), variance: ops.variance(x, over) } : masked(x, mask, over)
    this.#follow(this.movingMean, statistics.mean)
    this.#follow(this.movingVariance, statistics.variance)
    return statistics
  }

  #follow(moving: Variable, seen: Tensor): void {
    const { momentum } = this.options
    const now = ops.stopGradient(ops.reshape(seen, moving.shape))
    moving.assign(ops.add(ops.multiply(moving, momentum), ops.multiply(now, 1 - momentum)))
  }
}

type Over = { readonly axis: readonly number[]; readonly keepdims: boolean }

/** Mean and variance over the entries whose mask (one axis less) is set. */
function masked(x: Tensor, mask: Tensor, over: Over): { mean: Tensor; variance: Tensor } {
  const weight = ops.broadcastTo(ops.expandDims(ops.cast(mask, x.dtype), -1), x.shape)
  const count = ops.add(ops.sum(weight, over), 1e-7)
  const mean = ops.divide(ops.sum(ops.multiply(x, weight), over), count)
  const squares = ops.multiply(ops.square(ops.subtract(x, mean)), weight)
  return { mean, variance: ops.divide(ops.sum(squares, over), count) }
}

const layerFields = {
  /** The axis, or axes, that are normalised together. */
  axis: { type: 'axis', default: -1 },
  /** Keeps the divisor from 0. */
  epsilon: { type: 'number', default: 1e-3, min: 0 },
  /** Whether beta is added. */
  center: { type: 'boolean', default: true },
  /** Whether gamma is multiplied. */
  scale: { type: 'boolean', default: true },
  /** First value of beta. */
  betaInitializer: { type: 'initializer', default: 'zeros' },
  /** First value of gamma. */
  gammaInitializer: { type: 'initializer', default: 'ones' },
  /** Penalty on beta. */
  betaRegularizer: { type: 'regularizer', default: null },
  /** Penalty on gamma. */
  gammaRegularizer: { type: 'regularizer', default: null },
  /** What beta is set back to after each step. */
  betaConstraint: { type: 'constraint', default: null },
  /** What gamma is set back to after each step. */
  gammaConstraint: { type: 'constraint', default: null },
} as const

/**
 * `y = (x − mean) / √(variance + ε) · gamma + beta`, by the statistics of each sample along `axis` (Ba et al., 2016).
 *
 * @example
 * import { LayerNormalization } from 'ferrograd/layers'
 *
 * const layer = new LayerNormalization({ epsilon: 1e-6 })
 */
export class LayerNormalization extends Layer<typeof layerFields> {
  static override readonly className = 'LayerNormalization'
  static override readonly fields: typeof layerFields = layerFields
  protected override readonly keepsMask: boolean = true
  gamma: Variable | undefined
  beta: Variable | undefined

  override build(inputShape: Shape): void {
    const { options } = this
    const shape = positives(options.axis, inputShape.length, 'LayerNormalization').map((axis) => inputShape[axis]!)
    if (options.scale) {
      const { gammaInitializer: initializer, gammaRegularizer: regularizer, gammaConstraint: constraint } = options
      this.gamma = this.addWeight({ name: 'gamma', shape, initializer, regularizer, constraint })
    }
    if (options.center) {
      const { betaInitializer: initializer, betaRegularizer: regularizer, betaConstraint: constraint } = options
      this.beta = this.addWeight({ name: 'beta', shape, initializer, regularizer, constraint })
    }
  }

  override call(input: Tensor): Tensor {
    const x = this.cast(input)
    const axes = positives(this.options.axis, x.rank, 'LayerNormalization')
    const over = { axis: axes, keepdims: true }
    const lay = (weight: Variable): Tensor => along(weight, axes, x.shape)
    return standardised(
      x,
      ops.mean(x, over),
      ops.variance(x, over),
      this.options.epsilon,
      this.gamma && lay(this.gamma),
      this.beta && lay(this.beta),
    )
  }
}

const groupFields = {
  /** How many groups the channels are in; −1: each its own. */
  groups: { type: 'integer', default: 32, min: -1 },
  /** The axis of the channels. */
  axis: { type: 'integer', default: -1, min: -32 },
  /** Keeps the divisor from 0. */
  epsilon: { type: 'number', default: 1e-3, min: 0 },
  /** Whether beta is added. */
  center: { type: 'boolean', default: true },
  /** Whether gamma is multiplied. */
  scale: { type: 'boolean', default: true },
  /** First value of beta. */
  betaInitializer: { type: 'initializer', default: 'zeros' },
  /** First value of gamma. */
  gammaInitializer: { type: 'initializer', default: 'ones' },
  /** Penalty on beta. */
  betaRegularizer: { type: 'regularizer', default: null },
  /** Penalty on gamma. */
  gammaRegularizer: { type: 'regularizer', default: null },
  /** What beta is set back to after each step. */
  betaConstraint: { type: 'constraint', default: null },
  /** What gamma is set back to after each step. */
  gammaConstraint: { type: 'constraint', default: null },
} as const

/**
 * As LayerNormalization, over all axes of a sample with the channels in `groups` (32) (Wu & He, 2018).
 *
 * @example
 * import { GroupNormalization } from 'ferrograd/layers'
 *
 * const layer = new GroupNormalization({ groups: 4 })
 */
export class GroupNormalization extends Layer<typeof groupFields> {
  static override readonly className = 'GroupNormalization'
  static override readonly fields: typeof groupFields = groupFields
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
    if (options.scale) {
      const { gammaInitializer: initializer, gammaRegularizer: regularizer, gammaConstraint: constraint } = options
      this.gamma = this.addWeight({ name: 'gamma', shape, initializer, regularizer, constraint })
    }
    if (options.center) {
      const { betaInitializer: initializer, betaRegularizer: regularizer, betaConstraint: constraint } = options
      this.beta = this.addWeight({ name: 'beta', shape, initializer, regularizer, constraint })
    }
    this.inputSpec = { rank: inputShape.length, axes: { [axis]: channels } }
  }

  override call(input: Tensor): Tensor {
    const axis = positive(this.options.axis, input.rank, 'GroupNormalization')
    const groups = this.#groups(input.shape[axis]!)
    const split = [...input.shape.slice(0, axis), groups, input.shape[axis]! / groups, ...input.shape.slice(axis + 1)]
    const x = ops.reshape(this.cast(input), split)
    const over = { axis: others([0, axis], split.length), keepdims: true }
    const lay = (weight: Variable): Tensor => along(weight, [axis, axis + 1], split)
    const y = standardised(
      x,
      ops.mean(x, over),
      ops.variance(x, over),
      this.options.epsilon,
      this.gamma && lay(this.gamma),
      this.beta && lay(this.beta),
    )
    return ops.reshape(y, input.shape)
  }

  #groups(channels: number): number {
    return this.options.groups === -1 ? channels : this.options.groups
  }
}

const rmsFields = {
  /** The axis, or axes, that are normalised together. */
  axis: { type: 'axis', default: -1 },
  /** Keeps the divisor from 0. */
  epsilon: { type: 'number', default: 1e-6, min: 0 },
} as const

/**
 * `y = x / √(mean(x²) + ε) · scale` along `axis` (Zhang & Sennrich, 2019).
 *
 * @example
 * import { RMSNormalization } from 'ferrograd/layers'
 *
 * const layer = new RMSNormalization()
 */
export class RMSNormalization extends Layer<typeof rmsFields> {
  static override readonly className = 'RMSNormalization'
  static override readonly fields: typeof rmsFields = rmsFields
  scale!: Variable

  override build(inputShape: Shape): void {
    const axes = positives(this.options.axis, inputShape.length, 'RMSNormalization')
    this.scale = this.addWeight({ name: 'scale', shape: axes.map((axis) => inputShape[axis]!), initializer: 'ones' })
  }

  override call(input: Tensor): Tensor {
    const x = this.cast(input)
    const axes = positives(this.options.axis, x.rank, 'RMSNormalization')
    const squares = ops.mean(ops.square(x), { axis: axes, keepdims: true })
    const root = ops.rsqrt(ops.add(squares, this.options.epsilon))
    return ops.multiply(ops.multiply(x, root), along(this.scale, axes, x.shape))
  }
}

const unitFields = {
  /** The axis, or axes, of the vectors. */
  axis: { type: 'axis', default: -1 },
} as const

/**
 * `y = x / ‖x‖` along `axis`; 0 stays 0.
 *
 * @example
 * import { UnitNormalization } from 'ferrograd/layers'
 *
 * const layer = new UnitNormalization()
 */
export class UnitNormalization extends Layer<typeof unitFields> {
  static override readonly className = 'UnitNormalization'
  static override readonly fields: typeof unitFields = unitFields
  protected override readonly keepsMask: boolean = true

  override call(x: Tensor): Tensor {
    return normalize(this.cast(x), this.options.axis, 1e-24)
  }
}

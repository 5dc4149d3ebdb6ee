/** Normalisation by the statistics of a batch. */

import { assignTogether } from '../core/evaluation.js'
import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { errorOf, type FerrogradError } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Shape } from '../types.js'
import { affineFields, along, others, positive, scaleAndShift, standardised } from './affine.js'
import { type CallContext, Layer, type LayerOptions } from './layer.js'

const ownFields = {
  /** The axis of the features; statistics are taken over all others. Default -1. */
  axis: { type: 'integer', default: -1, min: -32 },
  /** How much of the moving statistics stays at each batch. Default 0.99. */
  momentum: { type: 'number', default: 0.99, min: 0, max: 1 },
  /** First value of the moving mean. Default 'zeros'. */
  movingMeanInitializer: { type: 'initializer', default: 'zeros' },
  /** First value of the moving variance. Default 'ones'. */
  movingVarianceInitializer: { type: 'initializer', default: 'ones' },
} as const
const batchFields: typeof ownFields & typeof affineFields = { ...ownFields, ...affineFields }

/** Options of {@link BatchNormalization}. */
export interface BatchNormalizationOptions extends OptionsOf<typeof batchFields>, LayerOptions {}

const BatchNormalizationBase: With<typeof Layer, typeof batchFields, BatchNormalizationOptions> =
  Layer.with(batchFields)

/**
 * `y = (x − mean) / √(variance + ε) · gamma + beta`, by the (biased) statistics of the batch in training, by their
 * moving averages else, and while `trainable` is false (Ioffe & Szegedy, 2015).
 *
 * Shapes as they are; weights (features).
 *
 * @see keras.layers.BatchNormalization
 *
 * @example
 * import { BatchNormalization } from 'ferrograd/layers'
 *
 * const layer = new BatchNormalization({ momentum: 0.9 })
 */
export class BatchNormalization extends BatchNormalizationBase {
  static override readonly className = 'BatchNormalization'
  protected override readonly takes = 'one' as const
  protected override readonly keepsMask: boolean = true
  gamma: Variable | undefined
  beta: Variable | undefined
  movingMean!: Variable
  movingVariance!: Variable

  override build(inputShape: Shape): void {
    const { options } = this
    const axis = positive(options.axis, inputShape.length, 'BatchNormalization')
    const shape = [inputShape[axis]!]
    const { gamma, beta } = scaleAndShift(options, shape, (weight) => this.addWeight(weight))
    this.gamma = gamma
    this.beta = beta
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
    const statistics = mask === undefined ? whole(x, over) : masked(x, mask, over)
    // A call outside of a step has no guard: the averages move together, or not at all.
    assignTogether(
      () => this.#refusal(),
      [this.movingMean, this.movingVariance],
      () => {
        this.#follow(this.movingMean, statistics.mean)
        this.#follow(this.movingVariance, statistics.variance)
      },
    )
    return statistics
  }

  #refusal(): FerrogradError {
    const hint = `Make the inputs smaller${this.dtype === 'float32' ? ', or the layer float64' : ''}`
    return errorOf('ERR_NON_FINITE', {
      where: `BatchNormalization '${this.name}'`,
      expected: `inputs whose mean and variance ${this.dtype} holds`,
      received: { text: 'NaN or infinite ones; nothing has changed' },
      hint,
    })
  }

  #follow(moving: Variable, seen: Tensor): void {
    const { momentum } = this.options
    const now = ops.stopGradient(ops.reshape(seen, moving.shape))
    moving.assign(ops.add(ops.multiply(moving, momentum), ops.multiply(now, 1 - momentum)))
  }
}

type Over = { readonly axis: readonly number[]; readonly keepdims: boolean }

/**
 * Mean and variance. The variance does not change with the mean that it is taken about, so no gradient goes that way, which
 * would be a pass over x that adds up to 0; how that changes, for second derivatives, is in a square that is 0.
 */
function whole(x: Tensor, over: Over): { mean: Tensor; variance: Tensor } {
  const mean = ops.mean(x, over)
  const fixed = ops.stopGradient(mean)
  const squares = ops.mean(ops.square(ops.subtract(x, fixed)), over)
  return { mean, variance: ops.subtract(squares, ops.square(ops.subtract(mean, fixed))) }
}

/** Mean and variance over the entries whose mask (one axis less) is set. */
function masked(x: Tensor, mask: Tensor, over: Over): { mean: Tensor; variance: Tensor } {
  const weight = ops.broadcastTo(ops.expandDims(ops.cast(mask, x.dtype), -1), x.shape)
  const count = ops.add(ops.sum(weight, over), 1e-7)
  const mean = ops.divide(ops.sum(ops.multiply(x, weight), over), count)
  const squares = ops.multiply(ops.square(ops.subtract(x, mean)), weight)
  return { mean, variance: ops.divide(ops.sum(squares, over), count) }
}

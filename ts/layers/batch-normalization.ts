/** Normalisation by the statistics of a batch. */

import { assignTogether } from '../core/evaluation.js'
import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { errorOf, type FerrogradError, fail } from '../errors.js'
import { Initializer } from '../initializers/initializer.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import type { DType, Shape } from '../types.js'
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
  /** Whether training brings each batch to what batches usually are (Ioffe, 2017). Default false. */
  renorm: { type: 'boolean', default: false },
  /** How far from its own statistics that may bring a batch. Default null. */
  renormClipping: { type: 'given', default: null },
  /** How much of what is usual stays at each batch. Default 0.99. */
  renormMomentum: { type: 'number', default: 0.99, min: 0, max: 1 },
} as const
const batchFields: typeof ownFields & typeof affineFields = { ...ownFields, ...affineFields }

const clippingFields = {
  /** The least factor. Default 0. */
  rmin: { type: 'number', default: 0 },
  /** The largest factor. Default null. */
  rmax: { type: 'number', default: null },
  /** The largest shift, either way. Default null. */
  dmax: { type: 'number', default: null, min: 0 },
} as const
const readClipping = optionsReader('BatchNormalization.renormClipping', clippingFields)

/** How far batch renormalisation may go. */
export interface RenormClipping extends OptionsOf<typeof clippingFields>, Named {}

/** Options of {@link BatchNormalization}. */
export interface BatchNormalizationOptions extends OptionsOf<typeof batchFields>, LayerOptions {
  renormClipping?: RenormClipping | null
}

const BatchNormalizationBase: With<typeof Layer, typeof batchFields, BatchNormalizationOptions> =
  Layer.with(batchFields)

/**
 * `y = (x − mean) / √(variance + ε) · gamma + beta`, by the (biased) statistics of the batch in training, by their
 * moving averages else, and while `trainable` is false (Ioffe & Szegedy, 2015).
 *
 * With `renorm`, training has `y = ((x − mean) / √(variance + ε) · r + d) · gamma + beta`, where the constants `r` and `d` bring
 * it to moving averages of their own, as far as `renormClipping` lets them.
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
  /** With `renorm`: moving mean and deviation by which batches are corrected, and the deviation that the variance is of. */
  renormMean: Variable | undefined
  renormStddev: Variable | undefined
  movingStddev: Variable | undefined
  readonly #clipping = readClipping(this.options.renormClipping ?? undefined)

  constructor(options?: BatchNormalizationOptions) {
    super(options)
    const { rmin, rmax = Infinity } = this.#clipping
    if (rmax < rmin) fail('ERR_CONFIG', 'BatchNormalization.renormClipping.rmax', `at least rmin (${rmin})`, rmax)
  }

  override build(inputShape: Shape): void {
    const { options } = this
    const axis = positive(options.axis, inputShape.length, 'BatchNormalization')
    const shape = [inputShape[axis]!]
    const { gamma, beta } = scaleAndShift(options, shape, (weight) => this.addWeight(weight))
    this.gamma = gamma
    this.beta = beta
    const { movingMeanInitializer, movingVarianceInitializer } = options
    const moving = (name: string, initializer: Initializer): Variable =>
      this.addWeight({ name, shape, initializer, trainable: false })
    this.movingMean = moving('moving_mean', movingMeanInitializer)
    this.movingVariance = moving('moving_variance', movingVarianceInitializer)
    if (options.renorm) {
      const root = new Root(movingVarianceInitializer)
      this.movingStddev = moving('moving_stddev', root)
      this.renormMean = moving('renorm_mean', movingMeanInitializer)
      this.renormStddev = moving('renorm_stddev', root)
    }
    this.inputSpec = { rank: inputShape.length, axes: { [axis]: inputShape[axis]! } }
  }

  override call(input: Tensor, { training, mask }: CallContext): Tensor {
    const x = this.cast(input)
    const { axis: given, epsilon } = this.options
    const axis = positive(given, x.rank, 'BatchNormalization')
    const lay = (weight: Variable): Tensor => along(weight, [axis], x.shape)
    const ends = { gamma: this.gamma && lay(this.gamma), beta: this.beta && lay(this.beta) }
    const moving = !(training && this.trainable)
    const statistics = moving
      ? { mean: lay(this.movingMean), variance: lay(this.movingVariance) }
      : ofBatch(x, axis, mask)
    const { gamma, beta } = moving ? ends : this.#corrected(statistics, ends, lay)
    if (!moving) this.#move(statistics)
    return standardised(x, statistics.mean, statistics.variance, epsilon, gamma, beta)
  }

  /** Gamma and beta with what brings the batch to what is usual. */
  #corrected({ mean, variance }: Statistics, ends: Ends, lay: (weight: Variable) => Tensor): Ends {
    if (this.renormMean === undefined) return ends
    const { epsilon } = this.options
    const { rmin, rmax = Infinity, dmax = Infinity } = this.#clipping
    const usual = ops.maximum(lay(this.renormStddev!), Math.sqrt(epsilon))
    const away = ops.divide(ops.subtract(mean, lay(this.renormMean)), usual)
    const r = ops.stopGradient(ops.clip(ops.divide(deviationOf(variance, epsilon), usual), rmin, rmax))
    const d = ops.stopGradient(ops.clip(away, -dmax, dmax))
    const scaled = (one: Tensor): Tensor => (ends.gamma === undefined ? one : ops.multiply(one, ends.gamma))
    return { gamma: scaled(r), beta: ends.beta === undefined ? scaled(d) : ops.add(scaled(d), ends.beta) }
  }

  /** The moving statistics follow those of the batch. */
  #move({ mean, variance }: Statistics): void {
    const { momentum, renormMomentum, epsilon } = this.options
    const { movingMean, movingVariance, movingStddev, renormMean, renormStddev } = this
    const moved = [movingMean, movingVariance, movingStddev, renormMean, renormStddev].filter(
      (one) => one !== undefined,
    )
    // A call outside of a step has no guard: the averages move together, or not at all.
    assignTogether(
      () => this.#refusal(),
      moved,
      () => {
        follow(movingMean, mean, momentum)
        if (movingStddev === undefined) {
          follow(movingVariance, variance, momentum)
          return
        }
        const deviation = deviationOf(variance, epsilon)
        follow(renormMean!, mean, renormMomentum)
        follow(renormStddev!, deviation, renormMomentum)
        const now = follow(movingStddev, deviation, momentum)
        movingVariance.assign(ops.relu(ops.subtract(ops.square(now), epsilon)))
      },
    )
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
}

/** The root of what another one gives. */
class Root extends Initializer {
  static override readonly className = 'Root'
  readonly #of: Initializer

  constructor(of: Initializer) {
    super()
    this.#of = of
  }

  override call(shape: Shape, dtype: DType): Tensor {
    return ops.sqrt(this.#of.call(shape, dtype))
  }
}

interface Statistics {
  readonly mean: Tensor
  readonly variance: Tensor
}

interface Ends {
  readonly gamma: Tensor | undefined
  readonly beta: Tensor | undefined
}

const deviationOf = (variance: Tensor, epsilon: number): Tensor => ops.sqrt(ops.add(variance, epsilon))

/** Lets a moving average go on to what was seen; gives what it becomes. */
function follow(moving: Variable, seen: Tensor, momentum: number): Tensor {
  const now = ops.stopGradient(ops.reshape(seen, moving.shape))
  const next = ops.add(ops.multiply(moving, momentum), ops.multiply(now, 1 - momentum))
  moving.assign(next)
  return next
}

type Over = { readonly axis: readonly number[]; readonly keepdims: boolean }

function ofBatch(x: Tensor, axis: number, mask: Tensor | undefined): Statistics {
  const over = { axis: others([axis], x.rank), keepdims: true }
  return mask === undefined ? whole(x, over) : masked(x, mask, over)
}

/**
 * Mean and variance. The variance does not change with the mean that it is taken about, so no gradient goes that way, which
 * would be a pass over x that adds up to 0; how that changes, for second derivatives, is in a square that is 0.
 */
function whole(x: Tensor, over: Over): Statistics {
  const mean = ops.mean(x, over)
  const fixed = ops.stopGradient(mean)
  const squares = ops.mean(ops.square(ops.subtract(x, fixed)), over)
  return { mean, variance: ops.subtract(squares, ops.square(ops.subtract(mean, fixed))) }
}

/** Mean and variance over the entries whose mask (one axis less) is set. */
function masked(x: Tensor, mask: Tensor, over: Over): Statistics {
  const weight = ops.broadcastTo(ops.expandDims(ops.cast(mask, x.dtype), -1), x.shape)
  const count = ops.add(ops.sum(weight, over), 1e-7)
  const mean = ops.divide(ops.sum(ops.multiply(x, weight), over), count)
  const squares = ops.multiply(ops.square(ops.subtract(x, mean)), weight)
  return { mean, variance: ops.divide(ops.sum(squares, over), count) }
}

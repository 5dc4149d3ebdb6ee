/** Layers that prepare numbers: fixed formulas, or statistics taken from data by `adapt`. */

import { epsilon } from '../config.js'
import { type Tensor, tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { toColumn } from '../data/marshal.js'
import { QuantileSummary } from '../data/quantile-summary.js'
import type { ShapedArray } from '../data/shaped.js'
import type { Source } from '../data/source.js'
import { FerrogradError, fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Config, Shape, TensorLike } from '../types.js'
import { adaptTo } from './adaptation.js'
import { encode } from './encoding.js'
import { type InputKind, Layer, type LayerOptions } from './layer.js'

const rescalingFields = {
  /** The factor, or one each for the last axis. */
  scale: { type: 'numeric' },
  /** What is added, or one each for the last axis. Default 0. */
  offset: { type: 'numeric', default: 0 },
} as const

/** Options of {@link Rescaling}. */
export interface RescalingOptions extends OptionsOf<typeof rescalingFields>, LayerOptions {}

const RescalingBase: With<typeof Layer, typeof rescalingFields, RescalingOptions> = Layer.with(rescalingFields)

/**
 * `y = x · scale + offset`.
 *
 * @see keras.layers.Rescaling
 *
 * @example
 * import { Rescaling } from 'ferrograd/layers'
 *
 * const layer = new Rescaling({ scale: 1 / 255 })
 */
export class Rescaling extends RescalingBase {
  static override readonly className = 'Rescaling'
  protected override readonly keepsMask: boolean = true

  override call(input: Tensor): Tensor {
    const { scale, offset } = this.options
    return ops.add(ops.multiply(this.cast(input), this.#operand(scale)), this.#operand(offset))
  }

  #operand(value: number | readonly number[]): Tensor | number {
    return typeof value === 'number' ? value : tensor(value, undefined, this.dtype)
  }
}

const normalizationFields = {
  /** The axis, or axes, that keep statistics of their own; null: one mean and variance for all. Default -1. */
  axis: { type: 'axis', default: -1, nullable: true },
  /** The mean, where it is known: then there is nothing to adapt. Default null. */
  mean: { type: 'nested', default: null },
  /** The variance, where it is known. Default null. */
  variance: { type: 'nested', default: null },
  /** Undoes the layer: `y = mean + x · max(√variance, ε)`. Default false. */
  invert: { type: 'boolean', default: false },
} as const

/** Options of {@link Normalization}. */
export interface NormalizationOptions extends OptionsOf<typeof normalizationFields>, LayerOptions {}

const NormalizationBase: With<typeof Layer, typeof normalizationFields, NormalizationOptions> =
  Layer.with(normalizationFields)

/**
 * `y = (x − mean) / max(√variance, ε)`, by statistics given or taken from data (biased variance). A list of numbers is a
 * column: one number a sample, one mean.
 *
 * @see keras.layers.Normalization
 *
 * @example
 * import { Normalization } from 'ferrograd/layers'
 *
 * const layer = new Normalization()
 * layer.adapt([[1, 10], [3, 30]])
 */
export class Normalization extends NormalizationBase {
  static override readonly className = 'Normalization'
  protected override readonly keepsMask: boolean = true
  /** Taken from data; none where the statistics were given. */
  adapted: { readonly mean: Variable; readonly variance: Variable; readonly count: Variable } | undefined

  override build(inputShape: Shape): void {
    const { mean, variance } = this.options
    if ((mean === null) !== (variance === null))
      fail('ERR_CONFIG', 'Normalization', 'mean and variance, or neither', { mean, variance })
    if (mean !== null) return
    const shape = this.#kept(inputShape.length).map((axis) => inputShape[axis]!)
    this.adapted = {
      mean: this.addWeight({ name: 'mean', shape, initializer: 'zeros', trainable: false }),
      variance: this.addWeight({ name: 'variance', shape, initializer: 'ones', trainable: false }),
      count: this.addWeight({ name: 'count', shape: [], initializer: 'zeros', trainable: false, dtype: 'int32' }),
    }
  }

  /**
   * Takes mean and variance from data, an array with the batch first, or a stream of such arrays, which is gone through once; numbers
   * that are not finite are refused.
   */
  adapt(data: TensorLike | ShapedArray): void
  adapt(data: Source<TensorLike | ShapedArray>): Promise<void>
  adapt(data: TensorLike | ShapedArray | Source<TensorLike | ShapedArray>): undefined | Promise<void> {
    return adaptTo(data, this.adaptation())
  }

  /** Begins to learn mean and variance, piece by piece. */
  adaptation(): { update(piece: TensorLike | ShapedArray): void; finish(): void } {
    let all: Moments | undefined
    return {
      update: (piece) => {
        const own = this.#momentsOf(piece)
        all = all === undefined ? own : together(all, own)
      },
      finish: () => {
        if (all === undefined) return fail('ERR_DATA', 'Normalization.adapt', 'at least one array', { text: 'none' })
        const { mean, variance } = this.adapted!
        this.#checkHeld(all)
        mean.assign(tensor(all.mean, mean.shape, mean.dtype))
        variance.assign(tensor(all.variance, mean.shape, mean.dtype))
      },
    }
  }

  /** Of some samples: how many numbers each mean is of, the means, and the biased variances. */
  #momentsOf(data: TensorLike | ShapedArray): Moments {
    const x = this.#samples(data)
    this.ensureBuilt(x.shape)
    const { adapted } = this
    if (adapted === undefined)
      throw new FerrogradError('ERR_STATE', 'Normalization.adapt: mean and variance were given to the layer')
    const kept = this.#kept(x.rank)
    const axis = [...x.shape.keys()].filter((one) => !kept.includes(one))
    const wanted = kept.map((one) => x.shape[one]!)
    if (wanted.join() !== adapted.mean.shape.join()) {
      const lengths = `lengths [${adapted.mean.shape.join(', ')}] along the kept axes`
      fail('ERR_SHAPE', 'Normalization.adapt', lengths, wanted)
    }
    const count = axis.reduce((product, one) => product * x.shape[one]!, 1)
    const moments = momentsAlong(x, axis)
    const held = moments.every((one) => one.every(Number.isFinite))
    // Sums and squares that float32 does not hold.
    const [mean, variance] = held ? moments : momentsAlong(ops.cast(x, 'float64'), axis)
    return { count, mean, variance }
  }

  /** Statistics that the type of the layer does not hold would normalise everything to 0. */
  #checkHeld({ mean, variance }: Moments): void {
    const round = this.dtype === 'float32' ? Math.fround : (value: number): number => value
    const bad = [...mean, ...variance].find((value) => !Number.isFinite(round(value)))
    const hint = this.dtype === 'float32' ? "Make them smaller, or the layer's dtype float64" : 'Make them smaller'
    if (bad !== undefined)
      fail('ERR_DATA', 'Normalization.adapt', `numbers whose mean and variance ${this.dtype} holds`, bad, hint)
  }

  #samples(data: TensorLike | ShapedArray): Tensor {
    const { values, shape, dtype } = toColumn('Normalization.adapt', data, this.dtype)
    const x = tensor(values, shape, dtype)
    return x.rank === 1 ? ops.expandDims(x, -1) : x
  }

  override call(input: Tensor): Tensor {
    // One number a sample: a column without its axis.
    if (input.rank === 1 && this.#kept(2).length > 0) return ops.squeeze(this.call(ops.expandDims(input, -1)), -1)
    const x = this.cast(input)
    const { mean, variance } = this.adapted ?? this.#given(x.rank)
    const kept = this.#kept(x.rank)
    const lay = (weight: Variable | Tensor): Tensor =>
      ops.reshape(
        weight,
        x.shape.map((length, axis) => (kept.includes(axis) && weight.shape.length > 0 ? length : 1)),
      )
    const spread = ops.maximum(ops.sqrt(lay(variance)), epsilon())
    return this.options.invert
      ? ops.add(lay(mean), ops.multiply(x, spread))
      : ops.divide(ops.subtract(x, lay(mean)), spread)
  }

  /** Keras writes axes as a list, an empty one for none. */
  override getConfig(): Config {
    return { ...super.getConfig(), axis: [this.options.axis ?? []].flat() }
  }

  #kept(rank: number): number[] {
    const { axis } = this.options
    return [axis ?? []]
      .flat()
      .map((one) => (one < 0 ? one + rank : one))
      .sort((a, b) => a - b)
  }

  #given(rank: number): { mean: Tensor; variance: Tensor } {
    const made = (value: unknown): Tensor => tensor(value as TensorLike, undefined, this.dtype)
    const [mean, variance] = [made(this.options.mean), made(this.options.variance)]
    if (mean.rank > this.#kept(rank).length)
      fail('ERR_SHAPE', 'Normalization.mean', `at most ${this.#kept(rank).length} axes`, mean.shape)
    return { mean, variance }
  }
}

/** Means and biased variances along some axes; without an axis each entry is its own mean. */
function momentsAlong(x: Tensor, axis: readonly number[]): [mean: Float64Array, variance: Float64Array] {
  const none = axis.length === 0
  const [mean, variance] = none ? [x, ops.zerosLike(x)] : [ops.mean(x, { axis }), ops.variance(x, { axis })]
  return [Float64Array.from(mean.dataSync()), Float64Array.from(variance.dataSync())]
}

/** Of how many numbers each mean is, the means, and the biased variances. */
interface Moments {
  readonly count: number
  readonly mean: Float64Array
  readonly variance: Float64Array
}

/** Those of two pieces of data as one: T. F. Chan, G. H. Golub, R. J. LeVeque, 1979. */
function together(a: Moments, b: Moments): Moments {
  const count = a.count + b.count
  const [ofA, ofB] = [a.count / count, b.count / count]
  const distance = a.mean.map((mean, i) => b.mean[i]! - mean)
  return {
    count,
    mean: a.mean.map((mean, i) => mean + distance[i]! * ofB),
    variance: a.variance.map((own, i) => own * ofA + b.variance[i]! * ofB + distance[i]! ** 2 * ofA * ofB),
  }
}

const categoryFields = {
  /** How many categories: numbers are in [0, numTokens). */
  numTokens: { type: 'integer', min: 1 },
  /** One row each, a set, or counts. Default 'multiHot'. */
  outputMode: { type: 'choice', of: ['oneHot', 'multiHot', 'count'], default: 'multiHot' },
} as const

/** Whole numbers, and how much each of them counts. */
export interface CategoryInputs {
  readonly inputs: Tensor
  readonly countWeights?: Tensor | undefined
}

/** Options of {@link CategoryEncoding}. */
export interface CategoryEncodingOptions extends OptionsOf<typeof categoryFields>, LayerOptions {}

const CategoryEncodingBase: With<typeof Layer, typeof categoryFields, CategoryEncodingOptions> =
  Layer.with(categoryFields)

/**
 * Whole numbers as vectors of length `numTokens`: `multiHot` 1 where a number occurs in the sample, `count` how often,
 * `oneHot` each number its own vector. A number outside [0, numTokens) is an error, and so is a fraction.
 *
 * A sample is the axis after the batch. With `count`, weights of the numbers' shape may come as a second input:
 * `yₖ = Σ wᵢ·[xᵢ = k]`; Keras calls them `count_weights`.
 *
 * @see keras.layers.CategoryEncoding
 *
 * @example
 * import { CategoryEncoding } from 'ferrograd/layers'
 * import { tensor } from 'ferrograd'
 *
 * const layer = new CategoryEncoding({ numTokens: 4, outputMode: 'count' })
 * const ids = tensor([[0, 2, 2]], [1, 3], 'int32')
 * const counts = layer.apply(ids) // [[1, 0, 2, 0]]
 * const weighted = layer.apply([ids, tensor([[0.5, 1, 2]])]) // [[0.5, 0, 3, 0]]
 */
export class CategoryEncoding extends CategoryEncodingBase {
  static override readonly className = 'CategoryEncoding'
  static override readonly parameters: readonly string[] = ['inputs', 'countWeights']

  override inputKind(position = 0): InputKind {
    return position === 0 ? 'ids' : 'floats'
  }

  override call({ inputs, countWeights }: CategoryInputs): Tensor {
    const { numTokens, outputMode } = this.options
    const numbers = this.#known(inputs)
    if (countWeights === undefined) return encode(numbers, outputMode, numTokens, this.dtype)
    this.#checkWeights(inputs, countWeights)
    return encode(numbers, outputMode, numTokens, this.dtype, this.cast(countWeights))
  }

  /** The categories as int32; one that there is not stops the run before anything changes. */
  #known(x: Tensor): Tensor {
    return ops.take(ops.arange(0, this.options.numTokens, 1, 'int32'), ops.cast(x, 'int32'), { axis: 0 })
  }

  #checkWeights(numbers: Tensor, weights: Tensor): void {
    if (this.options.outputMode !== 'count')
      fail('ERR_CONFIG', 'CategoryEncoding.outputMode', `'count' where numbers have weights`, this.options.outputMode)
    if (weights.shape.join() !== numbers.shape.join())
      fail('ERR_SHAPE', 'CategoryEncoding weights', `the numbers' shape [${numbers.shape.join(', ')}]`, weights.shape)
  }
}

const discretizationFields = {
  /** Where the bins meet, ascending. Default null. */
  binBoundaries: { type: 'numbers', default: null },
  /** How many bins `adapt` shall make, of equal counts. Default null. */
  numBins: { type: 'integer', default: null, min: 1 },
  /** How finely `adapt` looks at the data: 0.01 means about a hundred values. Default 0.01. */
  epsilon: { type: 'number', default: 0.01, above: 0, max: 1 },
  /** As numbers of bins, or encoded. Default 'int'. */
  outputMode: { type: 'choice', of: ['int', 'oneHot', 'multiHot', 'count'], default: 'int' },
} as const

/** Options of {@link Discretization}. */
export interface DiscretizationOptions extends OptionsOf<typeof discretizationFields>, LayerOptions {}

const DiscretizationBase: With<typeof Layer, typeof discretizationFields, DiscretizationOptions> =
  Layer.with(discretizationFields)

/**
 * The number of the bin a value falls into: how many boundaries are not above it.
 *
 * `y = |{k : boundaryₖ ≤ x}|`, of `x`'s shape with `outputMode` `int`.
 *
 * @see keras.layers.Discretization
 *
 * @example
 * import { Discretization } from 'ferrograd/layers'
 *
 * const layer = new Discretization({ binBoundaries: [0, 1, 2] }) // 1.5 → 2
 */
export class Discretization extends DiscretizationBase {
  static override readonly className = 'Discretization'
  /** Where the bins meet; none before `adapt` where they were not given. */
  boundaries: readonly number[] | null = this.options.binBoundaries

  constructor(options?: DiscretizationOptions) {
    super(options)
    const { binBoundaries, numBins } = this.options
    // Both come out of a configuration: the boundaries that were learnt, for so many bins.
    if (binBoundaries === null && numBins === null) {
      fail('ERR_CONFIG', 'Discretization', 'binBoundaries or numBins', { binBoundaries, numBins })
    }
  }

  /**
   * Takes boundaries from data, so that the bins hold about equally many values: an array, or a stream of arrays, which is gone
   * through once. Of what comes before, about `1 / epsilon` values stand for all.
   */
  adapt(data: TensorLike | ShapedArray): void
  adapt(data: Source<TensorLike | ShapedArray>): Promise<void>
  adapt(data: TensorLike | ShapedArray | Source<TensorLike | ShapedArray>): undefined | Promise<void> {
    return adaptTo(data, this.adaptation())
  }

  /** Begins to learn the boundaries, piece by piece. */
  adaptation(): { update(piece: TensorLike | ShapedArray): void; finish(): void } {
    const { numBins, epsilon: fineness } = this.options
    if (numBins === null)
      throw new FerrogradError('ERR_STATE', 'Discretization.adapt: the boundaries were given to the layer')
    const summary = new QuantileSummary(fineness)
    return {
      update: (piece) => summary.add(toColumn('Discretization.adapt', piece, 'float64').values),
      finish: () => {
        if (summary.isEmpty) fail('ERR_DATA', 'Discretization.adapt', 'at least one number', { text: 'none' })
        this.boundaries = summary.boundaries(numBins)
      },
    }
  }

  /** Keras's has nothing to train, and does not take the word. */
  override getConfig(): Config {
    const { trainable: _, ...config } = super.getConfig()
    return { ...config, bin_boundaries: this.boundaries === null ? null : [...this.boundaries] }
  }

  override inputKind(): InputKind {
    return 'exact'
  }

  override call(x: Tensor): Tensor {
    const { boundaries } = this
    if (boundaries === null)
      throw new FerrogradError('ERR_STATE', 'Discretization: call adapt first, or give binBoundaries')
    // Integers beyond 2²⁴ are not float32's: they are compared in float64.
    const values = x.dtype === 'float32' ? x : ops.cast(x, 'float64')
    const limits = tensor(Float64Array.from(boundaries), [boundaries.length], values.dtype)
    const bin = ops.searchSorted(limits, values, { side: 'right' })
    return encode(bin, this.options.outputMode, boundaries.length + 1, this.dtype)
  }
}

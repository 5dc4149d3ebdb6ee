/** What attention layers with several heads share: projections into heads, attention in each, the projection back. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import { attend } from '../../ops/attention.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { dropoutMask, type SeedGenerator } from '../../random.js'
import type { Shape } from '../../types.js'
import { EinsumDense } from '../einsum-dense.js'
import { type CallContext, Layer, type LayerOptions, type Masks } from '../layer.js'
import { seedGenerator } from '../regularization.js'
import { type AttendedAxes, attendedAxes } from './axes.js'
import { type Decoding, decoding } from './decoding.js'
import { both, byName, seenByMasks } from './masks.js'

/** Options of every attention with several heads. */
export const headsFields = {
  /** The fraction of weights that is dropped in training. Default 0. */
  dropout: { type: 'number', default: 0, min: 0, below: 1 },
  /** Whether the projections add a bias. Default true. */
  useBias: { type: 'boolean', default: true },
  /** A query sees keys that are less than so many places away, before and behind it; all unless given. */
  slidingWindow: { type: 'integer', default: null, min: 1 },
  /** Whether scores are made block by block, never all in memory; where they are many unless given. */
  flashAttention: { type: 'boolean', default: null, config: false },
  /** First value of the kernels. Default 'glorotUniform'. */
  kernelInitializer: { type: 'initializer', default: 'glorotUniform' },
  /** First value of the biases. Default 'zeros'. */
  biasInitializer: { type: 'initializer', default: 'zeros' },
  /** Penalty on the kernels. Default null. */
  kernelRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the biases. Default null. */
  biasRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the result and on each projection. Default null. */
  activityRegularizer: { type: 'regularizer', default: null },
  /** What the kernels are set back to after each step. Default null. */
  kernelConstraint: { type: 'constraint', default: null },
  /** What the biases are set back to after each step. Default null. */
  biasConstraint: { type: 'constraint', default: null },
  /** Whether a sigmoid of a projection of the query is multiplied onto what the heads give. Default false. */
  useGate: { type: 'boolean', default: false },
  /** Makes the dropped weights reproducible. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** Options of every attention with several heads. */
export interface HeadsOptions extends OptionsOf<typeof headsFields>, LayerOptions {}

const HeadsBase: With<typeof Layer, typeof headsFields, HeadsOptions> = Layer.with(headsFields)

/** The inputs of attention: keys are the values unless given. */
export interface Heads<T = Tensor> {
  readonly query: T
  readonly value: T
  readonly key?: T
}

/** What a call of attention may be told. */
export interface HeadsContext extends Omit<CallContext, 'mask'> {
  /** Which steps of each input count; those that came with the inputs unless given. */
  readonly mask?: Tensor | Partial<Heads> | undefined
  /** Which steps of the query count, (batch, queries). */
  readonly queryMask?: Tensor | undefined
  /** Which steps of the value count, (batch, keys). */
  readonly valueMask?: Tensor | undefined
  /** Which steps of the key count, (batch, keys). */
  readonly keyMask?: Tensor | undefined
  /** Which keys a query may see, (batch, queries, keys), or also by heads, (batch, heads, queries, keys). */
  readonly attentionMask?: Tensor | undefined
  /** Whether a query sees no key behind its own place. Default false. */
  readonly useCausalMask?: boolean
  /** Whether the weights (batch, heads, queries, keys) are a second result; see `applyMany`. Default false. */
  readonly returnAttentionScores?: boolean
}

/** How many heads there are and how wide they are. */
export interface HeadSizes {
  readonly heads: number
  /** Heads of keys and values. */
  readonly shared: number
  readonly keyDim: number
  readonly valueDim: number
  /** Lengths of the result after the steps. */
  readonly output: readonly number[]
}

/** Attention with several heads. */
export abstract class HeadAttention extends HeadsBase {
  static override readonly parameters = ['query', 'value', 'key'] as const

  queryDense!: EinsumDense
  keyDense!: EinsumDense
  gateDense: EinsumDense | undefined
  valueDense!: EinsumDense
  outputDense!: EinsumDense
  readonly seedGenerator: SeedGenerator | undefined =
    this.options.dropout > 0 ? seedGenerator(this.options.seed) : undefined

  /** The sizes for a query of a shape. */
  protected abstract sizesFor(query: Shape): HeadSizes

  /** The axes that queries and keys run along; all between the batch and the features unless it says so. */
  protected axesOf(_rank: number): readonly number[] | undefined {
    return undefined
  }

  /** Whether the projection back is penalised beside the layer's own result, which is the same. */
  protected readonly penalisesTwice: boolean = false

  override build(shapes: Heads<Shape>): void {
    const { query, value, key = value } = shapes
    if (query === undefined || value === undefined)
      fail('ERR_SHAPE', `${this.className} input`, 'a query and a value', Object.keys(shapes))
    this.checkInputs(query, key, value)
    const { heads, shared, keyDim, valueDim, output } = this.sizesFor(query)
    const { useGate } = this.options
    this.queryDense = this.#into('query', query, [heads, keyDim])
    this.keyDense = this.#into('key', key, [shared, keyDim])
    if (useGate) this.gateDense = this.#into('gate', query, [heads, valueDim], 'sigmoid')
    this.valueDense = this.#into('value', value, [shared, valueDim])
    this.outputDense = this.#outOf(query, output, [heads, valueDim])
  }

  protected checkInputs(query: Shape, key: Shape, value: Shape): void {
    if (query.length < 3 || value.length !== query.length || key.length !== query.length)
      fail('ERR_SHAPE', `${this.className} input`, 'query, key and value of [batch, steps, features]', [
        query,
        key,
        value,
      ])
    if (value.slice(1, -1).join() !== key.slice(1, -1).join())
      fail('ERR_SHAPE', `${this.className} key`, `as many steps as the value [${value.join(', ')}]`, key)
  }

  override call({ query, value, key = value }: Heads, context: HeadsContext): Tensor {
    const step = decoding()
    if (step !== undefined && query === value && key === value) return this.#decoded(query, context, step)
    const axes = attendedAxes(this.className, query.shape, this.axesOf(query.rank))
    const seen = this.#seen(axes, { query, key, value }, context)
    const project = (dense: EinsumDense, x: Tensor): Tensor => axes.flatten(dense.apply(x))
    const drop = this.seedGenerator !== undefined && context.training ? this.#drop(this.seedGenerator) : undefined
    const { keyDim } = this.sizesFor(query.shape)
    const { output, weights } = attend(
      project(this.queryDense, query),
      project(this.keyDense, key),
      project(this.valueDense, value),
      {
        where: this.className,
        scale: 1 / Math.sqrt(keyDim),
        mask: seen,
        isCausal: context.useCausalMask,
        window: this.options.slidingWindow,
        needsWeights: context.returnAttentionScores,
        inBlocks: this.options.flashAttention,
        drop,
      },
    )
    const y = this.#joined(axes.unflatten(output, query.shape), query)
    // `apply` is typed for what nearly all calls give; `applyMany` for both.
    return context.returnAttentionScores ? ([y, axes.scores(weights!, query.shape, key.shape)] as never) : y
  }

  /** What the heads give, joined. */
  #joined(heads: Tensor, query: Tensor): Tensor {
    const gated = this.gateDense === undefined ? heads : ops.multiply(heads, this.gateDense.apply(query))
    return this.outputDense.apply(gated)
  }

  /** Attention of a sequence to itself while it is made: the first steps as they are, a later one to all that is kept. */
  #decoded(x: Tensor, context: HeadsContext, { cache, at }: Decoding): Tensor {
    if (!context.useCausalMask || context.returnAttentionScores || x.rank !== 3)
      fail(
        'ERR_CONFIG',
        `${this.className} in generate`,
        'a call with useCausalMask, without scores, on [batch, steps, features]',
        x.shape,
        'generate(…, { cache: false }) goes without a cache',
      )
    const [q, keys, values] = [this.queryDense, this.keyDense, this.valueDense].map((dense) => dense.apply(x))
    const { keyDim } = this.sizesFor(x.shape)
    const window = this.options.slidingWindow
    const how = { where: this.className, scale: 1 / Math.sqrt(keyDim) }
    if (at === undefined) {
      cache.fill(this, { keys: keys!, values: values! })
      const mask = this.#seen(attendedAxes(this.className, x.shape, undefined), { query: x, key: x, value: x }, context)
      return this.#joined(attend(q!, keys!, values!, { ...how, mask, isCausal: true, window }).output, x)
    }
    const all = cache.put(this, { keys: keys!, values: values! }, at)
    const place = ops.reshape(at, [-1, 1, 1, 1])
    const places = ops.reshape(ops.arange(cache.places), [1, 1, 1, -1])
    const past = ops.lessEqual(places, place)
    const mask = window === null ? past : both(past, ops.less(ops.subtract(place, places), window))
    return this.#joined(attend(q!, all.keys, all.values, { ...how, mask }).output, x)
  }

  /** The query's steps are those of the result; the weights have none. */
  protected override computeMask(_x: Heads, mask: Masks): Masks {
    return [byName(mask as HeadsContext['mask'], 'query')?.query]
  }

  #seen(axes: AttendedAxes, x: Required<Heads>, context: HeadsContext): Tensor | undefined {
    const { queryMask, valueMask, keyMask, attentionMask } = context
    const mask = byName(context.mask, 'query')
    const steps = seenByMasks(
      axes.places(`${this.className} queryMask`, queryMask ?? mask?.query, x.query.shape),
      axes.places(`${this.className} valueMask`, valueMask ?? mask?.value, x.value.shape),
      axes.places(`${this.className} keyMask`, keyMask ?? mask?.key, x.key.shape),
    )
    const pairs = axes.pairs(`${this.className} attentionMask`, attentionMask, x.query.shape, x.key.shape)
    return both(steps, pairs)
  }

  #drop(seed: SeedGenerator): (weights: Tensor) => Tensor {
    const keep = 1 - this.options.dropout
    return (weights) => ops.multiply(weights, dropoutMask(weights.shape, keep, { dtype: this.dtype, seed }))
  }

  /** From features to heads: (…, features) → (…, heads, size). */
  #into(name: string, shape: Shape, sizes: readonly [number, number], activation = 'linear'): EinsumDense {
    const steps = 'abcdefg'.slice(0, shape.length - 1)
    const equation = `${steps}x,xyz->${steps}yz`
    const outputShape = [...nulls(shape.length - 2), ...sizes]
    return this.#project(name, { equation, outputShape, biasAxes: 'yz', activation }, shape)
  }

  /** From heads back: (…, heads, size) → (…, …output). */
  #outOf(query: Shape, output: readonly number[], sizes: readonly [number, number]): EinsumDense {
    const steps = 'abcdefg'.slice(0, query.length - 1)
    const letters = 'mnopqrst'.slice(0, output.length)
    const equation = `${steps}yz,yz${letters}->${steps}${letters}`
    const outputShape = [...nulls(query.length - 2), ...output]
    const how = { equation, outputShape, biasAxes: letters, activation: 'linear' }
    return this.#project('attention_output', how, [...query.slice(0, -1), ...sizes])
  }

  #project(
    name: string,
    how: { equation: string; outputShape: (number | null)[]; biasAxes: string; activation: string },
    inputShape: Shape,
  ): EinsumDense {
    const { useBias, activityRegularizer, dropout: _, ...shared } = this.options
    const penalised = name !== 'attention_output' || this.penalisesTwice
    const dense = new EinsumDense({
      ...how,
      activation: how.activation as 'linear',
      name,
      dtype: this.dtype,
      trainable: this.trainable,
      biasAxes: useBias ? how.biasAxes : null,
      activityRegularizer: penalised ? activityRegularizer : null,
      kernelInitializer: shared.kernelInitializer,
      biasInitializer: shared.biasInitializer,
      kernelRegularizer: shared.kernelRegularizer,
      biasRegularizer: shared.biasRegularizer,
      kernelConstraint: shared.kernelConstraint,
      biasConstraint: shared.biasConstraint,
    })
    dense.ensureBuilt(inputShape)
    return dense
  }
}

const nulls = (count: number): null[] => new Array<null>(count).fill(null)

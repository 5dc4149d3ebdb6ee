/** What attention layers with several heads share: projections into heads, attention in each, the projection back. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import { attend, attendSoFar, type Dropped } from '../../ops/attention.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { SeedGenerator } from '../../random.js'
import type { Shape } from '../../types.js'
import { EinsumDense } from '../einsum-dense.js'
import { type CallContext, Layer, type LayerOptions, type Masks } from '../layer.js'
import { seedGenerator } from '../regularization.js'
import { awaitBuild } from './awaited.js'
import { type AttendedAxes, attendedAxes } from './axes.js'
import { type Decoding, decoding, type Kept, withoutCache } from './decoding.js'
import { both, byName, overKeys, overQueries } from './masks.js'

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

/** What masks allow. */
interface Seen {
  /** Queries that count, (batch, 1, queries, 1). */
  readonly queries: Tensor | undefined
  /** Keys that may be seen, (batch or 1, heads or 1, queries or 1, keys or 1). */
  readonly keys: Tensor | undefined
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

  constructor(options: HeadsOptions) {
    super(options)
    awaitBuild<HeadAttention>(this, ['queryDense', 'keyDense', 'valueDense', 'outputDense'])
  }

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
    const inputs = { query, value, key }
    const step = decoding()
    if (step?.cache !== undefined) return this.#decoded(inputs, context, step)
    const axes = attendedAxes(this.className, query.shape, this.axesOf(query.rank))
    const seen = this.#seen(axes, inputs, context)
    const project = (dense: EinsumDense, x: Tensor): Tensor => axes.flatten(dense.apply(x))
    const { keyDim } = this.sizesFor(query.shape)
    // A sequence that is still being made is the same without a cache as with one.
    const { output, weights } = (step === undefined ? attend : attendSoFar)(
      project(this.queryDense, query),
      project(this.keyDense, key),
      project(this.valueDense, value),
      {
        where: this.className,
        scale: 1 / Math.sqrt(keyDim),
        mask: both(seen.queries, seen.keys),
        isCausal: context.useCausalMask,
        window: this.options.slidingWindow,
        needsWeights: context.returnAttentionScores,
        // Keras's layers have two ways to the same numbers, which part here alone.
        zeroed: context.returnAttentionScores || this.options.dropout > 0 || query.rank !== 3,
        inBlocks: this.options.flashAttention,
        dropped: this.#dropped(context),
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

  /**
   * Attention while a sequence is made: the first steps as they are, a later one to all that is kept; of a context, which
   * stays as it is, keys and values are made once.
   */
  #decoded(x: Required<Heads>, context: HeadsContext, step: Decoding): Tensor {
    const { at } = step
    const { useCausalMask: isCausal = false } = context
    const ofContext = step.context.has(x.key) && step.context.has(x.value)
    this.#checkDecoded(x, context, ofContext)
    const seen = this.#seen(attendedAxes(this.className, x.query.shape, undefined), x, context)
    const kept = ofContext ? this.#ofContext(x, seen.keys, step) : this.#ofSequence(x, seen.keys, step)
    const window = this.options.slidingWindow
    const rules =
      at === undefined ? { isCausal, window } : { reach: reachOf(at, kept.keys.shape[1]!, isCausal, window) }
    const how = {
      where: this.className,
      scale: 1 / Math.sqrt(this.sizesFor(x.query.shape).keyDim),
      mask: both(seen.queries, kept.mask),
      ...rules,
    }
    return this.#joined(attendSoFar(this.queryDense.apply(x.query), kept.keys, kept.values, how).output, x.query)
  }

  #checkDecoded({ query, key }: Required<Heads>, context: HeadsContext, ofContext: boolean): void {
    const isSequence = context.useCausalMask === true && query.shape[1] === key.shape[1]
    if ((ofContext || isSequence) && !context.returnAttentionScores && query.rank === 3) return
    fail(
      'ERR_CONFIG',
      `${this.className} in generate`,
      'a call with useCausalMask, without scores, on [batch, steps, features]',
      query.shape,
      withoutCache,
    )
  }

  #ofContext(x: Required<Heads>, mask: Tensor | undefined, { cache, at }: Decoding): Kept {
    const kept = at === undefined ? cache!.fill(this, this.#made(x), x.key.shape[1]!) : cache!.kept(this)
    return { ...kept, mask }
  }

  #ofSequence(x: Required<Heads>, mask: Tensor | undefined, { cache, at }: Decoding): Kept {
    if (mask !== undefined && mask.shape[2] !== 1)
      fail('ERR_CONFIG', `${this.className} attentionMask in generate`, 'one for all queries', mask.shape, withoutCache)
    const made = { ...this.#made(x), mask }
    return at === undefined ? cache!.fill(this, made) : cache!.put(this, made, at)
  }

  #made({ key, value }: Required<Heads>): Kept {
    return { keys: this.keyDense.apply(key), values: this.valueDense.apply(value) }
  }

  /** The query's steps are those of the result; the weights have none. */
  protected override computeMask(_x: Heads, mask: Masks): Masks {
    return [byName(mask as HeadsContext['mask'], 'query')?.query]
  }

  #seen(axes: AttendedAxes, x: Required<Heads>, context: HeadsContext): Seen {
    const { queryMask, valueMask, keyMask, attentionMask } = context
    const mask = byName(context.mask, 'query')
    const query = axes.places(`${this.className} queryMask`, queryMask ?? mask?.query, x.query.shape)
    const value = axes.places(`${this.className} valueMask`, valueMask ?? mask?.value, x.value.shape)
    const key = axes.places(`${this.className} keyMask`, keyMask ?? mask?.key, x.key.shape)
    const pairs = axes.pairs(`${this.className} attentionMask`, attentionMask, x.query.shape, x.key.shape)
    const steps = overKeys(both(value, key === value ? undefined : key))
    return { queries: overQueries(query), keys: both(steps, pairs) }
  }

  /** What is dropped in training. */
  #dropped({ training }: HeadsContext): Dropped | undefined {
    return this.seedGenerator && training ? { rate: this.options.dropout, seed: this.seedGenerator } : undefined
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

/** Which of `keys` places a step at its own place can see, (batch, 1, 1, keys). */
function reachOf(at: Tensor, keys: number, isCausal: boolean, window: number | null): Tensor | undefined {
  const place = ops.reshape(at, [-1, 1, 1, 1])
  const places = ops.reshape(ops.arange(keys), [1, 1, 1, -1])
  const past = isCausal ? ops.lessEqual(places, place) : undefined
  return both(past, window === null ? undefined : ops.less(ops.abs(ops.subtract(place, places)), window))
}

const nulls = (count: number): null[] => new Array<null>(count).fill(null)

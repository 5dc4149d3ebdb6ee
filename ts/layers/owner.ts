/** What a layer owns: layers inside, weights, and what it keeps besides. */

import { floatx } from '../config.js'
import { sizeOf } from '../core/shapes.js'
import type { Tensor } from '../core/tensor.js'
import { noteFlag, noteFlagChange } from '../core/trace-stack.js'
import { snapshot, Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { Configurable } from '../options/configurable.js'
import type { FieldTable, ValuesOf } from '../options/fields.js'
import { snakeClass } from '../options/names.js'
import { SeedGenerator } from '../random.js'
import type { FloatDType, PartialShape, TensorLike } from '../types.js'
import { layerKinds } from './kinds.js'
import type { Layer } from './layer.js'
import { type LayerFields, type LayerOptions, layerFields } from './options.js'
import { isWeight } from './ownership.js'
import { ownedBy } from './tracking.js'
import { makeWeight, setAll, type WeightOptions } from './weight.js'

/** A weight, and what a file keeps of it. */
export interface Filed {
  readonly variable: Variable
  value(): Tensor
}

/** What `addWeight` made. */
export let madeBy: (owner: Owner) => readonly Variable[]
/** What `addWeight` made, then variables that are properties. */
export let ownWeightsOf: (owner: Owner) => Variable[]
/** The counters of random numbers of a layer, and of those inside. */
export let countersOf: (owner: Owner) => Variable[]

/** The part of every layer that has to do with what is its own: {@link Layer} is what extends it. */
export abstract class Owner extends Configurable<ValuesOf<LayerFields>> {
  static override readonly fields: FieldTable = layerFields

  // A layer's own class may have properties of any name: what only ours ask for is none.
  static {
    madeBy = (owner) => owner.#weights
    ownWeightsOf = (owner) => owner.#own
    countersOf = (owner) => owner.#seeds()
  }

  /** How the layer is called. A model makes the default names of its layers unique. */
  name: string
  /** Whether `name` was given by the user. */
  readonly named: boolean
  /** The element type of weights and results. */
  readonly dtype: FloatDType
  /** The shape of one sample, where it was given. */
  readonly inputShape: PartialShape | null
  /** Whether the weights exist. */
  built = false

  #trainable: boolean
  readonly #weights: Variable[] = []
  /** What {@link track} was given. */
  protected readonly tracked: (Layer | Variable)[] = []

  constructor(options?: LayerOptions) {
    super(options, layerKinds)
    const { name, dtype, inputShape, trainable } = this.options
    this.named = name !== null
    this.name = name ?? snakeClass(this.className)
    this.dtype = dtype ?? floatx()
    this.inputShape = inputShape
    this.#trainable = trainable
  }

  /** Adds a weight: a variable with a first value, and optionally a penalty and a constraint. */
  protected addWeight(options: WeightOptions): Variable {
    const weight = isWeight(makeWeight(this.name, options, this.dtype))
    this.#weights.push(weight)
    return weight
  }

  /** The layers this one is made of: those in its properties, and in lists, maps and plain objects there. */
  get sublayers(): Layer[] {
    return ownedBy(this, isLayer)
  }

  /**
   * Makes a layer or a variable part of this one where no property shows it: `#hidden = this.track(new Dense({ units: 8 }))`,
   * `#scale = this.track(variable(1))`.
   */
  protected track<T extends Layer | Variable>(part: T): T {
    if (!isLayer(part) && !isVariable(part)) fail('ERR_CONFIG', `${this.name}.track`, 'a layer or a variable', part)
    this.tracked.push(part)
    return part
  }

  /** Whether an optimizer may change the weights. Takes effect at the next step, for the layers inside too. */
  get trainable(): boolean {
    return noteFlag(this, this.#trainable)
  }

  set trainable(value: boolean) {
    if (typeof value !== 'boolean') fail('ERR_CONFIG', `${this.name}.trainable`, 'true or false', value)
    noteFlagChange(this)
    this.#trainable = value
    for (const layer of this.sublayers) layer.trainable = value
  }

  /** What {@link addWeight} made, then variables that are properties. */
  get #own(): Variable[] {
    return ownedBy(this, isVariable, this.#weights)
  }

  /** All weights: own trainable ones, own others, then those of the layers inside. */
  get weights(): Variable[] {
    const [trainable, others]: [Variable[], Variable[]] = [[], []]
    for (const weight of this.#own) (weight.trainable ? trainable : others).push(weight)
    trainable.push(...others)
    return withInner(trainable, this.sublayers, (layer) => layer.weights)
  }

  /** The weights an optimizer may change now. */
  get trainableWeights(): Variable[] {
    if (!this.trainable) return []
    const own = this.#own.filter((weight) => weight.trainable)
    return withInner(own, this.sublayers, (layer) => layer.trainableWeights)
  }

  /** The weights an optimizer may not change now. */
  get nonTrainableWeights(): Variable[] {
    const trainable = new Set(this.trainableWeights)
    return this.weights.filter((weight) => !trainable.has(weight))
  }

  /** Everything that a call may read or change: weights, counters of random numbers, what is kept between batches. */
  get variables(): Variable[] {
    return [...this.weights, ...this.#seeds(), ...this.#keptInside()]
  }

  /** What the layer keeps from one batch to the next and is no weight. */
  protected get kept(): readonly Variable[] {
    return []
  }

  /** Sets what layers inside keep from one batch to the next back to 0: the states of those that are `stateful`. */
  resetStates(): void {
    for (const layer of this.sublayers) layer.resetStates()
  }

  /** Copies of all weights, as they are at one moment: amid a training, between two of its steps. */
  getWeights(): Tensor[] {
    return snapshot(this.weights)
  }

  /** Sets all weights; nothing changes unless all fit. */
  setWeights(values: readonly TensorLike[]): void {
    setAll(this.name, this.weights, values, this.built)
  }

  /** What Keras's files keep of the layer's `own` weights, in their order; a weight's value may be made of several. */
  filed(own: readonly Variable[]): Filed[] {
    return own.map((variable) => ({ variable, value: () => variable.read() }))
  }

  /** Told that weights were read from such a file. */
  onRead(): void {}

  /** Numbers in all weights. */
  countParams(): number {
    return this.weights.reduce((sum, weight) => sum + sizeOf(weight.shape), 0)
  }

  /** The counters of random numbers, here and inside. */
  #seeds(): Variable[] {
    const own = ownedBy(this, isSeed).map((seed) => seed.state)
    return [...own, ...this.sublayers.flatMap((layer) => (layer as Owner).#seeds())]
  }

  #keptInside(): Variable[] {
    return [...this.kept, ...this.sublayers.flatMap((layer) => (layer as Owner).#keptInside())]
  }
}

/** A layer's own variables, then those of the layers inside, each once. */
function withInner(own: Variable[], layers: readonly Layer[], of: (layer: Layer) => Variable[]): Variable[] {
  if (layers.length === 0) return own
  const all = new Set(own)
  for (const layer of layers) for (const variable of of(layer)) all.add(variable)
  return [...all]
}

function isLayer(value: unknown): value is Layer {
  return value instanceof Owner
}

function isVariable(value: unknown): value is Variable {
  return value instanceof Variable
}

function isSeed(value: unknown): value is SeedGenerator {
  return value instanceof SeedGenerator
}

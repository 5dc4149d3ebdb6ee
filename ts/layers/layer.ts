/** The base of all layers: options, weights, calls on tensors and on symbolic tensors. */

import { returnedNow, returnedScalar } from '../core/check-returned.js'
import { inspectWith } from '../core/inspect.js'
import { leavesOf, mapStructure } from '../core/structure.js'
import { buildShapesOf, recordCall, recordKnown } from '../core/symbolic-call.js'
import { isSymbolic, type SymbolicTensor } from '../core/symbolic-tensor.js'
import { Tensor } from '../core/tensor.js'
import { untraced } from '../core/trace.js'
import { currentTrace, noteFlag, noteFlagChange } from '../core/trace-stack.js'
import { buildLengths, inWords } from '../core/unknown-lengths.js'
import { hearing } from '../core/variable.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import { givenOptions } from '../options/configurable.js'
import { getRegularizer, type Regularizer } from '../regularizers.js'
import type { Config, DType, NestedTexts, PartialShape, Shape } from '../types.js'
import { withAsked } from './asked.js'
import {
  type Arguments,
  argumentsOf,
  bind,
  checkCount,
  giveMasks,
  hasSymbols,
  isTensor,
  masksOf,
  type Reads,
  returnedStructure,
  shapesOf,
  type Takes,
  toInputs,
} from './call.js'
import { type CallContext, type RunningCall, rootCall, withContext } from './context.js'
import { checkTakenApart, toldOfMissing } from './destructured.js'
import { guardCalls } from './direct-call.js'
import { checkSpec, type InputSpec } from './input-spec.js'
import type { LayerFields, LayerOptions } from './options.js'
import { countersOf, type Filed, madeBy, Owner, ownWeightsOf } from './owner.js'
import { checkOwned, checkRead, isMade, noteMade } from './ownership.js'
import { recomputed } from './recompute.js'
import { tapped } from './taps.js'
import type { Applied, AppliedSymbols, Masks, NamedArguments, ResultOf, SymbolsOf, Tensors } from './typed-call.js'
import type { WeightOptions } from './weight.js'

/**
 * What a layer makes of the numbers it is given: it computes in its float type (`floats`), reads them as whole numbers
 * (`ids`), compares them as exactly as they come (`exact`), or hands them on (`any`).
 */
export type InputKind = 'floats' | 'ids' | 'exact' | 'any'

/** What a call was given: its inputs, and what it was told besides. */
interface Told {
  readonly x: unknown
  readonly told: CallContext
}

/** What a layer added to the loss and to the logs, within one outermost call. */
interface Added {
  readonly root: RunningCall | undefined
  readonly losses: Tensor[]
  readonly metrics: Map<string, Tensor>
}

/**
 * Base of layers: a function of tensors that owns weights. Your own declare `build` (makes weights) and `call`.
 *
 * @see keras.layers.Layer
 *
 * @example
 * import { Layer } from 'ferrograd/layers'
 * import { ops, type Shape, type Tensor, type Variable } from 'ferrograd'
 *
 * class Scale extends Layer {
 *   scale!: Variable
 *   override build(inputShape: Shape): void {
 *     this.scale = this.addWeight({ name: 'scale', shape: [inputShape.at(-1)!], initializer: 'ones' })
 *   }
 *   override call(x: Tensor): Tensor {
 *     return ops.multiply(x, this.scale)
 *   }
 * }
 */
export abstract class Layer extends Owner {
  /** The names of the inputs, in Keras's order, of a layer whose `call` takes them by name: the first is passed by place. */
  static readonly parameters: readonly string[] = []
  /** What Keras's files call the layers in properties, where that is not the snake_case of ours. */
  static readonly attributes: Readonly<Record<string, string>> = {}
  /**
   * What Keras's `call` takes `training` for where nobody says, if it names something: that is in every file of Keras's with a
   * graph, and says nothing, since a model that is called tells its layers.
   */
  static readonly trainingDefault: boolean | undefined = undefined

  static {
    inspectWith(Layer, (layer) => {
      const size = layer.built ? `${layer.countParams().toLocaleString('en-US')} params` : 'not built'
      const given = givenOptions(layer)
      return `${layer.className} '${layer.name}' (${given === '' ? '' : `${given}; `}${size})`
    })
  }

  /** What the input must look like, checked at every call; set by `build`. */
  protected inputSpec: InputSpec | undefined

  #recomputes = false
  #added: Added = { root: undefined, losses: [], metrics: new Map() }

  constructor(options?: LayerOptions) {
    super(options)
    noteMade(this)
    guardCalls(new.target.prototype, Layer.prototype)
  }

  /**
   * Makes the weights for inputs of a shape (several inputs: their shapes, in the same structure). The first length, the
   * batch, is any number: do not use it.
   */
  build(_inputShape: Shape | readonly Shape[] | object): void {}

  /**
   * The result for an input, drawn in ops. Inputs and results are tensors, lists of them, or tensors by name; what the
   * method declares is what {@link apply} takes and gives.
   */
  abstract call(x: Tensors | object, context: CallContext): Tensors | object

  /**
   * The shapes of the results for shapes of inputs, in the same structures; null is an unknown length. Without it they
   * are found by making the call: worth writing where that is slow, as for a loop over steps. Results then have the
   * layer's element type.
   */
  protected outputShape?(
    inputShape: PartialShape | readonly PartialShape[] | object,
  ): PartialShape | readonly PartialShape[] | object

  /** The element type of results whose shapes {@link outputShape} says. */
  protected get outputDtype(): DType {
    return this.dtype
  }

  /** Whether it takes text, and looks it up by {@link readTexts} before anything is computed. */
  get takesText(): boolean {
    return this.readTexts !== undefined
  }

  /** The numbers of texts in nested arrays. */
  readTexts?(texts: NestedTexts): Tensor

  /**
   * Calls the layer: on tensors it draws ops, on symbolic tensors it adds itself to a functional graph. Builds on first
   * use. What `call` declares after the inputs is passed by name, as `training` is: `apply(x, { training: true })`.
   */
  apply(x: AppliedSymbols<this>, context?: NamedArguments<this>): SymbolsOf<this>
  apply(x: Applied<this>, context?: NamedArguments<this>): ResultOf<this>
  apply(x: unknown, context: Readonly<Record<string, unknown>> = {}): unknown {
    if (hasSymbols(x, context)) return this.#record(argumentsOf(this.#title(), this.#parameters, x, context))
    if (this.#parameters.length === 0) return this.#draw(x, context)
    return this.invoke(argumentsOf(this.#title(), this.#parameters, x, context))
  }

  /** The call with arguments by place and by name, as the functional graph keeps them: all results in a list. */
  invoke(given: Arguments): unknown {
    const { x, context } = bind(this.#title(), this.#parameters, given)
    return this.#draw(x, context)
  }

  /** As {@link apply}, for a layer with any number of results: always a list. */
  applyMany(x: AppliedSymbols<this>, context?: NamedArguments<this>): SymbolicTensor[]
  applyMany(x: Applied<this>, context?: NamedArguments<this>): Tensor[]
  applyMany(x: unknown, context?: Readonly<Record<string, unknown>>): Tensor[]
  applyMany(x: unknown, context: Readonly<Record<string, unknown>> = {}): unknown[] {
    const results = (this.apply as (x: unknown, context: object) => unknown).call(this, x, context)
    return leavesOf(results, (one): one is Tensor | SymbolicTensor => isTensor(one) || isSymbolic(one))
  }

  /** The call with arguments of which some are symbolic. */
  record(given: Arguments): unknown {
    return this.#record(given)
  }

  #record(given: Arguments): unknown {
    const { x } = bind(this.#title(), this.#parameters, given)
    checkCount(this.#title(), this.takes, x)
    inWords(buildLengths, () => this.ensureBuilt(buildShapesOf(x) as Shape))
    const { args, kwargs } = given
    if (this.outputShape !== undefined) {
      const shapes = mapStructure(x, (one) => (isSymbolic(one) || isTensor(one) ? one.shape : one))
      if (this.inputSpec !== undefined && isSymbolic(x)) checkSpec(this.#title(), x.shape, this.inputSpec)
      return recordKnown(this, args, kwargs, this.outputShape(shapes as PartialShape), this.outputDtype)
    }
    return recordCall(
      this,
      args,
      kwargs,
      (named) =>
        (...placed) =>
          this.invoke({ args: placed, kwargs: named }),
    )
  }

  #draw(x: unknown, context: Readonly<Record<string, unknown>>): unknown {
    const inputs = toInputs(this.#title(), x, this.#reads(context))
    checkCount(this.#title(), this.takes, inputs)
    this.ensureBuilt(shapesOf(inputs) as Shape)
    checkTakenApart(this.#title(), this.call, inputs)
    if (this.inputSpec !== undefined && inputs instanceof Tensor) checkSpec(this.#title(), inputs.shape, this.inputSpec)
    checkOwned(this)
    const masks = masksOf(inputs)
    const given = masks === undefined || 'mask' in context ? context : { mask: masks, ...context }
    return withContext(this, given, (whole) => {
      this.#forgetOthers()
      const results = tapped(this, this.#repeatable(inputs, whole))
      this.#penalise(results)
      giveMasks(results, this.computeMask(inputs as Tensors, (whole.mask ?? masks) as Masks))
      return results
    })
  }

  /** The call, made so that it is made again on the way back where that is wanted. */
  #repeatable(inputs: unknown, context: CallContext): unknown {
    const frame = currentTrace()
    if (!this.recomputes || !context.training || frame === undefined) return this.#call(inputs, context)
    const first = ({ x, told }: Told): unknown => this.#call(x, told)
    const again = ({ x, told }: Told): unknown =>
      this.#addingNothing(() => withContext(this, { ...told }, (whole) => this.#call(x, whole)))
    const given: Told = { x: inputs, told: context }
    const { weights } = this
    return recomputed({ given, weights, counters: countersOf(this), first, again }, frame)
  }

  /** Runs `fn`, and keeps what was added to losses and logs before. */
  #addingNothing<R>(fn: () => R): R {
    const layers = [this as Layer, ...inside(this)]
    const before = layers.map((layer) => layer.#added)
    try {
      return fn()
    } finally {
      for (const [i, layer] of layers.entries()) layer.#added = before[i]!
    }
  }

  #call(inputs: unknown, context: CallContext): unknown {
    if (typeof this.call !== 'function') fail('ERR_CONFIG', this.#title(), 'a method call(x, context)', this.call)
    const returned = hearing(checkRead, () => this.#called(inputs, context))
    return returnedStructure(returned, `${this.#title()}.call`)
  }

  #called(inputs: unknown, context: CallContext): Tensors | object {
    try {
      return withAsked(this.#title(), context, (asked) => this.call(inputs as Tensors, asked))
    } catch (error) {
      throw toldOfMissing(this.#title(), this.call, inputs, error)
    }
  }

  /** How the layer reads its inputs. */
  #reads(told: object): Reads {
    return { dtype: this.dtype, casts: this.castsInputs, kind: (position) => this.inputKind(position, told) }
  }

  get #parameters(): readonly string[] {
    return (this.constructor as typeof Layer).parameters
  }

  /** What the inputs are: one tensor, several in a list, or whatever `call` declares. */
  protected readonly takes: Takes = 'any'

  /** Whether results have the steps of the input, so that its mask holds for them too. */
  protected readonly keepsMask: boolean = false

  /** The mask of the results, or one of each in their structure, from those of the inputs in theirs. */
  protected computeMask(_x: Tensors | object, mask: Masks): Masks {
    return this.keepsMask && mask instanceof Tensor ? mask : undefined
  }

  /** What the layer makes of its input at a position, by what else the call is told: data on their way to it are kept as exact. */
  inputKind(_position = 0, _told: object = {}): InputKind {
    return 'floats'
  }

  /** Whether floats are cast to the layer's type before `call` sees them. */
  protected get castsInputs(): boolean {
    return this.inputKind() === 'floats' || this.inputKind() === 'any'
  }

  /** Builds the layer for an input shape unless it is built. */
  ensureBuilt(inputShape: Shape | readonly Shape[] | object): void {
    if (this.built) return
    // A user may have called `build` directly.
    if (madeBy(this).length === 0) untraced(() => returnedNow(this.build(inputShape), `${this.#title()}.build`))
    this.built = true
  }

  /** Adds a scalar to the loss of the model for the current call. */
  addLoss(loss: Tensor): void {
    const scalar = returnedScalar(loss, `${this.name}.addLoss`)
    this.#forgetOthers()
    this.#added.losses.push(scalar)
  }

  /** Logs a scalar of the current call under a name: its mean over the samples of the epoch. */
  addMetric(name: string, value: Tensor): void {
    const scalar = returnedScalar(value, `${this.name}.addMetric '${name}'`)
    this.#forgetOthers()
    this.#added.metrics.set(name, scalar)
  }

  /** What other calls added is theirs: a layer may add in training alone. */
  #forgetOthers(): void {
    const root = rootCall()
    if (this.#added.root !== root) this.#added = { root, losses: [], metrics: new Map() }
  }

  /** What was logged in the last call, here and in the layers inside, by name. */
  addedMetrics(): Map<string, Tensor> {
    const inside = this.sublayers.flatMap((layer) => [...layer.addedMetrics()])
    return new Map([...this.#added.metrics, ...inside])
  }

  /** What was added to the loss in the last call, here and in the layers inside, then the penalties of trainable weights. */
  losses(): Tensor[] {
    const own = [...this.#added.losses]
    const { trainable } = this
    for (const weight of ownWeightsOf(this)) {
      // A weight of another layer that is a property here counts there.
      const counts = trainable && weight.trainable && (madeBy(this).includes(weight) || !isMade(weight))
      const { regularizer } = counts ? weight : {}
      if (regularizer) own.push(penaltyOf(getRegularizer(regularizer, `${weight.name}.regularizer`), weight.read()))
    }
    return [...own, ...this.sublayers.flatMap((layer) => layer.losses())]
  }

  /** Whether what a call computed is computed again on the way back, instead of being kept: see `recompute`. */
  get recomputes(): boolean {
    return noteFlag(this, this.#recomputes, 'recomputes')
  }

  set recomputes(value: boolean) {
    if (typeof value !== 'boolean') fail('ERR_CONFIG', `${this.name}.recomputes`, 'true or false', value)
    noteFlagChange(this, 'recomputes')
    this.#recomputes = value
  }

  override getConfig(): Config {
    return { ...super.getConfig(), name: this.name, trainable: this.trainable, dtype: this.dtype }
  }

  /** A tensor in this layer's element type. */
  protected cast(x: Tensor): Tensor {
    return x.dtype === this.dtype ? x : ops.cast(x, this.dtype)
  }

  #title(): string {
    return this.named ? `${this.className} '${this.name}'` : this.className
  }

  /** Penalises results where the layer has an activity regularizer; divided by the batch, so that its size does not matter. */
  #penalise(results: unknown): void {
    const { activityRegularizer } = this.options
    if (!activityRegularizer) return
    for (const y of leavesOf(results, isTensor))
      this.addLoss(ops.divide(penaltyOf(activityRegularizer, y), Math.max(1, y.shape[0] ?? 1)))
  }
}

/** All layers inside a layer. */
function inside(layer: Layer): Layer[] {
  return layer.sublayers.flatMap((one) => [one, ...inside(one)])
}

function penaltyOf(regularizer: Regularizer, x: Tensor): Tensor {
  return returnedScalar(regularizer.call(x), `${regularizer.className}.call`)
}

/** Any layer, whatever applying it gives. */
export type AnyLayer = Omit<Layer, 'apply' | 'applyMany'>

export type { CallContext, Filed, InputSpec, LayerFields, LayerOptions, Masks, Tensors, WeightOptions }

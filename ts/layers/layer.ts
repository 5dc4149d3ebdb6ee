/** The base of all layers: options, weights, calls on tensors and on symbolic tensors. */

import { floatx } from '../config.js'
import type { Constraint, ConstraintLike } from '../constraints.js'
import { getConstraint } from '../constraints.js'
import { returnedNow, returnedScalar, returnedTensor, returnedTensors } from '../core/check-returned.js'
import { maskOn, setMask } from '../core/mask.js'
import { checkShape, sizeOf } from '../core/shapes.js'
import { SymbolicTensor } from '../core/symbolic-tensor.js'
import { Tensor, tensor } from '../core/tensor.js'
import { untraced } from '../core/trace.js'
import { noteFlag, noteFlagChange } from '../core/trace-stack.js'
import { Variable, variable } from '../core/variable.js'
import { checkNames, FerrogradError, fail } from '../errors.js'
import { getInitializer, type InitializerLike } from '../initializers/family.js'
import type { Initializer } from '../initializers/initializer.js'
import * as ops from '../ops.js'
import { type ArgumentsOf, Configurable, type FieldTable, type NoFields } from '../options/fields.js'
import { snakeClass } from '../options/names.js'
import { SeedGenerator } from '../random.js'
import { getRegularizer, type Regularizer, type RegularizerLike } from '../regularizers.js'
import type { Config, DType, FloatDType, PartialShape, Shape, TensorLike } from '../types.js'
import { type CallContext, type RootCall, rootCall, withContext } from './context.js'
import { layerKinds } from './kinds.js'
import { applySymbolically } from './symbolic.js'

const layerFields = {
  /** How the layer is called in summaries, files and errors; its class's name in snake_case unless given. */
  name: { type: 'string', default: null },
  /** Whether an optimizer may change the weights; may be set at any time. */
  trainable: { type: 'boolean', default: true },
  /** The element type of weights and results; the configured float type unless given. */
  dtype: { type: 'dtype', default: null },
  /** The shape of one sample, for the first layer of a `Sequential`; null where it may vary. */
  inputShape: { type: 'partialShape', default: null, config: false },
  /** A penalty on the results, divided by the batch. */
  activityRegularizer: { type: 'regularizer', default: null, quiet: true },
} as const

/** The fields every layer has. */
export type LayerFields = typeof layerFields

/** A layer's own fields over those every layer has. */
export type WithLayerFields<F> = F & Omit<LayerFields, keyof F>

/** What a layer's `call` takes and returns: one tensor, or several. */
export type Tensors = Tensor | readonly Tensor[]

/** The masks of inputs: of the only one, or of each. */
export type Masks = Tensor | undefined | readonly (Tensor | undefined)[]

/** What `addWeight` needs to know. */
export interface WeightOptions {
  readonly name: string
  readonly shape: Shape
  readonly initializer?: InitializerLike
  readonly trainable?: boolean
  readonly regularizer?: RegularizerLike | null
  readonly constraint?: ConstraintLike | null
  readonly dtype?: DType
}

/** What a layer added to the loss and to the logs, within one outermost call. */
interface Added {
  readonly root: RootCall | undefined
  readonly losses: Tensor[]
  readonly metrics: Map<string, Tensor>
}

/** What a layer requires of its input: enough axes, and a length of the last (or of another). */
export interface InputSpec {
  readonly rank?: number
  readonly minRank?: number
  /** Lengths by axis; negative axes count from the end. */
  readonly axes?: Readonly<Record<number, number>>
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
export abstract class Layer<F extends FieldTable = NoFields> extends Configurable<F> {
  static override readonly fields: FieldTable = layerFields
  /** Inputs after the first that Keras passes by name, as it names them. */
  static readonly namedInputs: readonly string[] = []

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
  /** What the input must look like, checked at every call; set by `build`. */
  protected inputSpec: InputSpec | undefined

  #trainable: boolean
  readonly #weights: Variable[] = []
  readonly #penalties: { readonly weight: Variable; readonly regularizer: Regularizer }[] = []
  #added: Added = { root: undefined, losses: [], metrics: new Map() }

  constructor(...[options]: ArgumentsOf<WithLayerFields<F>>) {
    super(options, layerKinds)
    const common = this.options as unknown as {
      name: string | null
      trainable: boolean
      dtype: FloatDType | null
      inputShape: PartialShape | null
    }
    this.named = common.name !== null
    this.name = common.name ?? snakeClass(this.className)
    this.dtype = common.dtype ?? floatx()
    this.inputShape = common.inputShape
    this.#trainable = common.trainable
  }

  /** Makes the weights for inputs of a shape (several inputs: a list of shapes). The first length, the batch, is any number: do not use it. */
  build(_inputShape: Shape | readonly Shape[]): void {}

  /** The result for an input, drawn in ops. */
  abstract call(x: Tensors, context: CallContext): Tensors

  /** Calls the layer: on tensors it draws ops, on symbolic tensors it adds itself to a functional graph. Builds on first use. */
  apply(x: SymbolicTensor | readonly SymbolicTensor[], context?: Partial<CallContext>): SymbolicTensor
  apply(x: TensorLike | Variable | readonly Tensor[], context?: Partial<CallContext>): Tensor
  apply(x: Inputs, context?: Partial<CallContext>): Tensor | SymbolicTensor {
    // A layer with several results returns them all; its users know.
    const results = this.applyMany(x as never, context) as readonly (Tensor | SymbolicTensor)[]
    return (results.length === 1 ? results[0] : results) as Tensor | SymbolicTensor
  }

  /** As {@link apply}, for a layer with any number of results: always a list. */
  applyMany(x: SymbolicTensor | readonly SymbolicTensor[], context?: Partial<CallContext>): SymbolicTensor[]
  applyMany(x: TensorLike | Variable | readonly Tensor[], context?: Partial<CallContext>): Tensor[]
  applyMany(x: Inputs, context?: Partial<CallContext>): Tensor[] | SymbolicTensor[] {
    if (isSymbolic(x)) return applySymbolically(this as unknown as Layer, x)
    const inputs = this.#inputs(x)
    this.ensureBuilt(shapesOf(inputs))
    this.#checkInputs(inputs)
    const given = inputs instanceof Tensor ? { mask: maskOn(inputs), ...context } : context
    return withContext(given, (whole) => {
      this.#forgetOthers()
      return this.#masked(inputs, whole, this.#called(listOf(this.#call(inputs, whole))))
    })
  }

  #call(inputs: Tensors, context: CallContext): Tensors {
    if (typeof this.call !== 'function') fail('ERR_CONFIG', this.#title(), 'a method call(x, context)', this.call)
    return returnedTensors(this.call(inputs, context), `${this.#title()}.call`)
  }

  /** Whether results have the steps of the input, so that its mask holds for them too. */
  protected readonly keepsMask: boolean = false

  /** The mask of the results, from those of the inputs (one each where there are several). */
  protected computeMask(_x: Tensors, mask: Masks): Tensor | undefined {
    return this.keepsMask && mask instanceof Tensor ? mask : undefined
  }

  /** Builds the layer for an input shape unless it is built. */
  ensureBuilt(inputShape: Shape | readonly Shape[]): void {
    if (this.built) return
    // A user may have called `build` directly.
    if (this.#weights.length === 0) untraced(() => returnedNow(this.build(inputShape), `${this.#title()}.build`))
    this.built = true
  }

  /** Adds a weight: a variable with a first value, and optionally a penalty and a constraint. */
  protected addWeight(options: WeightOptions): Variable {
    checkNames(`${this.name}.addWeight`, options, WEIGHT_OPTIONS)
    const { name, shape, initializer = 'glorotUniform', dtype = this.dtype } = options
    if (typeof name !== 'string') fail('ERR_CONFIG', `${this.name}.addWeight name`, 'a name', name)
    if (!Array.isArray(shape) || !shape.every((length) => Number.isInteger(length) && length > 0)) {
      fail('ERR_SHAPE', `${this.name}.${name}`, 'known positive lengths', shape, 'Is a length of the input unknown?')
    }
    const weight = variable(initialValue(getInitializer(initializer), shape, dtype), {
      name,
      dtype,
      trainable: options.trainable ?? true,
    })
    if (options.constraint) weight.constraint = getConstraint(options.constraint)
    if (options.regularizer) this.#penalties.push({ weight, regularizer: getRegularizer(options.regularizer) })
    this.#weights.push(weight)
    return weight
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
    const trainable = new Set(this.trainableWeights)
    for (const { weight, regularizer } of this.#penalties)
      if (trainable.has(weight)) own.push(penaltyOf(regularizer, weight.read()))
    return [...own, ...this.sublayers.flatMap((layer) => layer.losses())]
  }

  /** The layers this one is made of: those in its properties, and in lists there. */
  get sublayers(): Layer[] {
    return [
      ...new Set(
        Object.values(this)
          .flat()
          .filter((value): value is Layer => value instanceof Layer),
      ),
    ]
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
    return [...new Set([...this.#weights, ...Object.values(this).filter((value) => value instanceof Variable)])]
  }

  /** All weights: own trainable ones, own others, then those of the layers inside. */
  get weights(): Variable[] {
    const weights = this.#own
    const own = [...weights.filter((weight) => weight.trainable), ...weights.filter((weight) => !weight.trainable)]
    return [...new Set([...own, ...this.sublayers.flatMap((layer) => layer.weights)])]
  }

  /** The weights an optimizer may change now. */
  get trainableWeights(): Variable[] {
    if (!this.trainable) return []
    const own = this.#own.filter((weight) => weight.trainable)
    return [...new Set([...own, ...this.sublayers.flatMap((layer) => layer.trainableWeights)])]
  }

  /** The weights an optimizer may not change now. */
  get nonTrainableWeights(): Variable[] {
    const trainable = new Set(this.trainableWeights)
    return this.weights.filter((weight) => !trainable.has(weight))
  }

  /** Everything that a call may read or change: weights, then the counters of random numbers. */
  get variables(): Variable[] {
    return [...this.weights, ...this.#seeds()]
  }

  /** Copies of all weights. */
  getWeights(): Tensor[] {
    return this.weights.map((weight) => tensor(weight.dataSync(), weight.shape, weight.dtype))
  }

  /** Sets all weights; nothing changes unless all fit. */
  setWeights(values: readonly TensorLike[]): void {
    const weights = this.weights
    if (!Array.isArray(values) || values.length !== weights.length) {
      fail(
        'ERR_SHAPE',
        `${this.name}.setWeights`,
        `${weights.length} arrays`,
        Array.isArray(values) ? { text: `${values.length}` } : values,
        this.built ? undefined : 'The layer is not built yet',
      )
    }
    const checked = weights.map((weight, i) => weightValue(this.name, weight, values[i]))
    for (const [i, weight] of weights.entries()) weight.set(checked[i]!.dataSync())
  }

  /** Numbers in all weights. */
  countParams(): number {
    return this.weights.reduce((sum, weight) => sum + sizeOf(weight.shape), 0)
  }

  override getConfig(): Config {
    return { ...super.getConfig(), name: this.name, trainable: this.trainable, dtype: this.dtype }
  }

  /** A tensor in this layer's element type. */
  protected cast(x: Tensor): Tensor {
    return x.dtype === this.dtype ? x : ops.cast(x, this.dtype)
  }

  #seeds(): Variable[] {
    const own = Object.values(this).filter((value): value is SeedGenerator => value instanceof SeedGenerator)
    return [...own.map((seed) => seed.state), ...this.sublayers.flatMap((layer) => layer.#seeds())]
  }

  /** Inputs as tensors; floats in the layer's element type, other types as they are. */
  #inputs(x: Exclude<Inputs, SymbolicTensor | readonly SymbolicTensor[]>): Tensors {
    if (isTensorList(x)) return x.map((one) => this.#input(one))
    if (x === undefined || x === null) fail('ERR_DATA', `${this.#title()} input`, 'a tensor or numbers', x)
    return this.#input(
      x instanceof Tensor ? x : isVariable(x) ? x.read() : tensor(x, undefined, isNumbers(x) ? this.dtype : undefined),
    )
  }

  #input(x: Tensor): Tensor {
    return x.dtype === 'float32' || x.dtype === 'float64' ? this.cast(x) : x
  }

  #checkInputs(inputs: Tensors): void {
    const spec = this.inputSpec
    if (spec === undefined || isTensorList(inputs)) return
    if (!fits(inputs.shape, spec)) {
      throw new FerrogradError(
        'ERR_SHAPE',
        `${this.#title()} input: expected ${describe(spec)}, got [${inputs.shape.join(', ')}]`,
      )
    }
  }

  #masked(inputs: Tensors, { mask }: CallContext, results: Tensor[]): Tensor[] {
    const own = this.computeMask(inputs, inputs instanceof Tensor ? mask : inputs.map(maskOn))
    if (own !== undefined) for (const y of results) setMask(y, own)
    return results
  }

  #title(): string {
    return this.named ? `${this.className} '${this.name}'` : this.className
  }

  /** Penalises results where the layer has an activity regularizer; divided by the batch, so that its size does not matter. */
  #called(results: readonly Tensor[]): Tensor[] {
    const { activityRegularizer } = this.options as unknown as { readonly activityRegularizer: Regularizer | null }
    if (activityRegularizer) {
      for (const y of results) this.addLoss(ops.divide(penaltyOf(activityRegularizer, y), Math.max(1, y.shape[0] ?? 1)))
    }
    return [...results]
  }
}

const WEIGHT_OPTIONS = [
  'name',
  'shape',
  'initializer',
  'trainable',
  'regularizer',
  'constraint',
  'dtype',
] as const satisfies readonly (keyof WeightOptions)[]

/** What an initializer gives, of the shape that was asked for. */
function initialValue(initializer: Initializer, shape: Shape, dtype: DType): Tensor {
  const where = `${initializer.className}.call`
  const value = returnedTensor(initializer.call(shape, dtype), where)
  checkShape(where, value.shape, shape)
  return value
}

function penaltyOf(regularizer: Regularizer, x: Tensor): Tensor {
  return returnedScalar(regularizer.call(x), `${regularizer.className}.call`)
}

/** Whatever `apply` takes. */
type Inputs = SymbolicTensor | readonly SymbolicTensor[] | TensorLike | Variable | readonly Tensor[]

function isSymbolic(x: Inputs): x is SymbolicTensor | readonly SymbolicTensor[] {
  return (
    x instanceof SymbolicTensor || (Array.isArray(x) && x.length > 0 && x.every((one) => one instanceof SymbolicTensor))
  )
}

function isTensorList(x: unknown): x is readonly Tensor[] {
  return Array.isArray(x) && x.length > 0 && x.every((one) => one instanceof Tensor)
}

function isVariable(x: unknown): x is Variable {
  return typeof x === 'object' && x !== null && 'assign' in x && 'read' in x
}

/** Plain numbers take the layer's element type; typed arrays of integers keep theirs. */
function isNumbers(x: TensorLike): boolean {
  return typeof x === 'number' || Array.isArray(x)
}

function listOf(results: Tensors): readonly Tensor[] {
  return results instanceof Tensor ? [results] : results
}

function shapesOf(inputs: Tensors): Shape | readonly Shape[] {
  return inputs instanceof Tensor ? inputs.shape : inputs.map((one) => one.shape)
}

function fits(shape: Shape, { rank, minRank = 0, axes = {} }: InputSpec): boolean {
  if (shape.length < minRank || (rank !== undefined && shape.length !== rank)) return false
  return Object.entries(axes).every(([axis, length]) => shape.at(Number(axis)) === length)
}

/** `[batch, …, 784]`. */
function describe({ rank, minRank = 1, axes = {} }: InputSpec): string {
  const parts: string[] = new Array<string>(rank ?? minRank).fill('?')
  parts[0] = 'batch'
  if (rank === undefined) parts.splice(1, 0, '…')
  for (const [axis, length] of Object.entries(axes))
    parts[Number(axis) < 0 ? parts.length + Number(axis) : Number(axis)] = String(length)
  return `[${parts.join(', ')}]`
}

function weightValue(layer: string, weight: Variable, value: TensorLike | undefined): Tensor {
  const where = `${layer}.setWeights ${weight.name}`
  if (value === undefined || value === null)
    fail('ERR_DATA', where, `numbers of shape [${weight.shape.join(', ')}]`, value)
  const given = tensor(value, undefined, weight.dtype)
  if (given.shape.length !== weight.shape.length || given.shape.some((length, axis) => length !== weight.shape[axis])) {
    fail('ERR_SHAPE', where, `shape [${weight.shape.join(', ')}]`, given.shape)
  }
  return given
}

export type { CallContext, Constraint }

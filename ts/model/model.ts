/** Models: layers that are trained together. Thin: a method calls a function of `training/` or of this folder. */

import type { EpochLogs, Logs } from '../callbacks/callback.js'
import { inspectWith } from '../core/inspect.js'
import { isShape } from '../core/shapes.js'
import { isNamed, leavesOf, packAs } from '../core/structure.js'
import { isSymbolic } from '../core/symbolic-tensor.js'
import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { checkNames, fail } from '../errors.js'
import { isTensor } from '../layers/call.js'
import { type CallContext, type InputKind, Layer, type Tensors } from '../layers/layer.js'
import type { Applied, AppliedSymbols, NamedArguments, ResultOf, SymbolsOf } from '../layers/typed-call.js'
import type { Statistic } from '../metrics/metric.js'
import type { Optimizer } from '../optimizers/optimizer.js'
import { asRecord } from '../options/resolve.js'
import type { LoadReport } from '../saving/assignments.js'
import { loadWeights, saveModel, saveWeights } from '../saving/model-files.js'
import type { LoadWeightsOptions, SaveOptions, SaveWeightsOptions } from '../saving/options.js'
import { type Compiled, type CompileOptions, compileModel } from '../training/compile.js'
import type { BatchSource } from '../training/data-types.js'
import { evaluate } from '../training/evaluate.js'
import { fitModel } from '../training/fit.js'
import type { FitRun } from '../training/fit-run.js'
import { predictOnBatch, testOnBatch, trainOnBatch } from '../training/on-batch.js'
import type { BatchOptions, EvaluateOptions, FitOptions, PredictOptions } from '../training/options.js'
import { predict } from '../training/predict.js'
import { forgetSteps } from '../training/programs.js'
import { checkIdle } from '../training/session.js'
import {
  type Batch,
  computeLoss,
  computeMetrics,
  type Inputs,
  type StepLogs,
  testStep,
  trainStep,
} from '../training/step.js'
import type { Config, Json, Shape, TensorLike } from '../types.js'
import { apart, namesOf } from './arguments.js'
import { modelConfig, serializeModel } from './config.js'
import { toDot, toMermaid } from './diagram.js'
import { type ModelClass, modelFromConfig } from './from-config.js'
import { buildGraph, type Graph, kindOfInput, runGraph, symbolsIn } from './graph.js'
import { isOptional } from './input.js'
import { type SummaryOptions, summary } from './summary.js'
import type { InputsFor, Known, OutputNames, Predicted, Symbols, TargetsFor } from './typed-model.js'

/** What a functional model is made of; a subclass that writes `call` needs none of it. */
export interface ModelOptions<In extends Symbols = Symbols, Out extends Symbols = Symbols> {
  /** What `input()` returned: one, a list, or by name. */
  readonly inputs?: In
  /** What the layers and ops gave: one, a list, or by name. */
  readonly outputs?: Out
  readonly name?: string
  readonly trainable?: boolean
}

/**
 * A graph of layers from `inputs` to `outputs`, or a subclass with a `call` of its own.
 *
 * @example
 * ```ts
 * import { input, Model } from 'ferrograd'
 * import { Add, Dense } from 'ferrograd/layers'
 *
 * const x = input({ shape: [8] })
 * const hidden = new Dense({ units: 8, activation: 'relu' }).apply(x)
 * const y = new Dense({ units: 1 }).apply(new Add().apply([x, hidden]))
 * const model = new Model({ inputs: x, outputs: y })
 * model.compile({ optimizer: 'adam', loss: 'mse' })
 * ```
 */
export class Model<const In extends Symbols = Symbols, const Out extends Symbols = Symbols> extends Layer {
  static override readonly className: string = 'Functional'
  /** Set it to true to end a training after the current epoch (or, in a batch hook, step). */
  stopTraining = false
  #graph: Graph | undefined
  #inputs: unknown
  #outputs: unknown
  #compiled: Compiled | undefined
  #disposed = false
  #builtFor: unknown

  static {
    inspectWith(Model, (model) => summary(model, { print: false }))
  }

  constructor(options: ModelOptions<In, Out> = {}) {
    const { inputs, outputs, ...layerOptions }: ModelOptions<In, Out> = asRecord(options, new.target.name)
    super(layerOptions)
    if (inputs === undefined && outputs === undefined && new.target === Model)
      fail('ERR_CONFIG', 'Model', 'inputs and outputs, or a subclass with a call method', options)
    if (inputs !== undefined && outputs !== undefined) this.setGraph(inputs, outputs)
    else if (inputs !== outputs) fail('ERR_CONFIG', 'Model', 'inputs and outputs', options)
  }

  /** This model, where the structures of its inputs and outputs do not matter. */
  get #plain(): Model {
    return this as unknown as Model
  }

  /** The graph, if the model is functional. */
  get graph(): Graph | undefined {
    return this.#graph
  }

  /** Whether the model has one input (output) that was not given in a list. */
  get single(): { readonly input: boolean; readonly output: boolean } {
    return { input: !this.#graph || isSymbolic(this.#inputs), output: !this.#graph || isSymbolic(this.#outputs) }
  }

  /** The symbolic tensors that a functional model was made of, as they were given. */
  get structure(): { readonly inputs: unknown; readonly outputs: unknown } {
    return { inputs: this.#inputs, outputs: this.#outputs }
  }

  /** Whether it is a plain stack of layers. */
  get isStack(): boolean {
    return false
  }

  /** Whether its layers and their calls are all that it is: a stack, or a graph. */
  get isWired(): boolean {
    return this.#graph !== undefined || this.isStack
  }

  /** The layers, as Keras orders them. */
  get layers(): Layer[] {
    return this.#graph === undefined ? super.sublayers : [...this.#graph.layers]
  }

  override get sublayers(): Layer[] {
    return this.layers
  }

  /** The names of the outputs: those they were given by, else those of the layers they come from. */
  get outputNames(): string[] {
    return this.#graph === undefined ? [] : namesOf(this.#outputs, this.#graph.outputs)
  }

  /** The names of the inputs. */
  get inputNames(): string[] {
    return this.#graph === undefined ? [] : namesOf(this.#inputs, this.#graph.inputs)
  }

  get trainableVariables(): Variable[] {
    return this.trainableWeights
  }

  get nonTrainableVariables(): Variable[] {
    return this.nonTrainableWeights
  }

  /** What `compile` settled; throws before it. */
  get compiled(): Compiled {
    return (
      this.#compiled ??
      fail('ERR_STATE', this.name, 'a compiled model', { text: 'one that is not' }, 'Call compile first')
    )
  }

  /** Whether `compile` was called. */
  get isCompiled(): boolean {
    return this.#compiled !== undefined
  }

  get optimizer(): Optimizer {
    return this.compiled.optimizer
  }

  /** The metrics that an epoch begins by resetting; a subclass with a `trainStep` may list its own, such as a `Mean`. */
  get metrics(): Statistic[] {
    return this.#compiled?.metrics() ?? []
  }

  override apply(x: AppliedSymbols<this>, context?: NamedArguments<this>): SymbolsOf<this>
  override apply(x: Applied<this>, context?: NamedArguments<this>): ResultOf<this>
  // Inside a model's methods, `this` may be any subclass: what its `call` takes is not known there.
  override apply(x: TensorLike | Variable | readonly Tensor[], context?: Partial<CallContext>): Tensor
  override apply(x: never, context?: never): unknown {
    return super.apply(x, context)
  }

  override call(x: Tensors | object, context: CallContext): Tensors | object {
    if (this.#graph === undefined)
      return fail('ERR_CONFIG', this.name, 'inputs and outputs, or a subclass with a call method', {})
    return this.pack(runGraph(this.#graph, this.#unpack(x, this.#graph), context)) as Tensors | object
  }

  /** The inputs of the graph in order. */
  #unpack(x: unknown, { inputs: wanted }: Graph): (Tensor | undefined)[] {
    if (isNamed(x) && isNamed(this.#inputs)) checkNames(`${this.name} input`, x, Object.keys(this.#inputs))
    const inputs = this.#inOrder(x, wanted.length)
    const fits = (one: unknown, i: number): boolean => isTensor(one) || (one === undefined && isOptional(wanted[i]!))
    if (inputs.length !== wanted.length || !inputs.every(fits))
      fail('ERR_SHAPE', `${this.name} input`, `${wanted.length} tensors`, { text: `${inputs.filter(isTensor).length}` })
    return inputs as (Tensor | undefined)[]
  }

  /** One by one: of what may be left out, nothing. */
  #inOrder(x: unknown, wanted: number): readonly unknown[] {
    if (Array.isArray(x) && x.length === wanted) return x
    const byName = isNamed(x) && (!isNamed(this.#inputs) || Object.values(this.#inputs).every(isSymbolic))
    return byName ? this.inputNames.map((name) => x[name]) : leavesOf(x, isTensor)
  }

  /** Outputs, one after another, in the structure that the model was made with. */
  pack<T>(outputs: readonly T[]): unknown {
    if (this.#graph === undefined) return outputs.length === 1 ? outputs[0]! : [...outputs]
    return packAs(this.#outputs, isSymbolic, outputs)
  }

  /** What all layers that read the input make of it, where they agree: ids that go into embeddings alone stay integers. */
  override inputKind(position = 0): InputKind {
    return this.#graph === undefined ? super.inputKind(position) : kindOfInput(this.#graph, position)
  }

  /** The graph's inputs have types of their own. */
  protected override get castsInputs(): boolean {
    return this.#graph === undefined
  }

  /** The layer called `name`, or the one at `index`; a string is a name, a number an index. */
  getLayer(which: string | number | { readonly name?: string; readonly index?: number }): Layer {
    const wanted = typeof which === 'object' ? (which.index ?? which.name) : which
    const layers = this.layers
    const found = typeof wanted === 'number' ? layers[wanted] : layers.find((layer) => layer.name === wanted)
    return found ?? fail('ERR_CONFIG', 'getLayer', `one of ${layers.map((layer) => layer.name).join(', ')}`, wanted)
  }

  /** Settles how the model is trained: optimizer, loss, metrics. */
  compile(options: CompileOptions<OutputNames<Out>> = {}): void {
    this.#compiled = compileModel(this.#plain, options)
  }

  /**
   * Trains: awaited, the history of all epochs; iterated, one report an epoch.
   *
   * @example
   * ```ts
   * import { Sequential } from 'ferrograd'
   * import { digits } from 'ferrograd/datasets'
   *
   * declare const model: Sequential
   * const { x, y } = digits()
   * for await (const { epoch, logs } of model.fit(x, y, { epochs: 3, verbose: 0 })) console.log(epoch, logs.loss)
   * ```
   */
  fit(x: BatchSource, options?: FitOptions): FitRun
  fit(x: InputsFor<In>, y?: TargetsFor<Out>, options?: FitOptions): FitRun
  fit(x: unknown, y?: unknown, options?: FitOptions): FitRun {
    const [targets, given] = apart<FitOptions>(x, y, options)
    return fitModel(this.#plain, x, targets, given)
  }

  /** The loss and the metrics on data, e.g. `{ loss, accuracy }`. A dataset has its targets with it. */
  evaluate(x: BatchSource, options?: EvaluateOptions): Promise<EpochLogs>
  evaluate(x: InputsFor<In>, y?: TargetsFor<Out>, options?: EvaluateOptions): Promise<EpochLogs>
  evaluate(x: unknown, y?: unknown, options?: EvaluateOptions): Promise<EpochLogs> {
    const [targets, given] = apart<EvaluateOptions>(x, y, options)
    return evaluate(this.#plain, x, targets, given) as Promise<EpochLogs>
  }

  /** The outputs for data, in the structure that the model was made with: one tensor, a list, or by name. */
  predict<T extends Known<Out> = Predicted<Out, this>>(x: InputsFor<In>, options?: PredictOptions): Promise<T> {
    return predict(this.#plain, x, options) as Promise<T>
  }

  /** One step of training on one batch; its loss and metrics. */
  trainOnBatch(x: InputsFor<In>, y?: TargetsFor<Out>, options?: BatchOptions): Promise<Logs> {
    return trainOnBatch(this.#plain, x, y, options)
  }

  /** The loss and the metrics on one batch. */
  testOnBatch(x: InputsFor<In>, y?: TargetsFor<Out>, options?: BatchOptions): Promise<Logs> {
    return testOnBatch(this.#plain, x, y, options)
  }

  /** The outputs for one batch, as {@link predict} gives them. */
  predictOnBatch<T extends Known<Out> = Predicted<Out, this>>(x: InputsFor<In>): Promise<T> {
    return predictOnBatch(this.#plain, x) as Promise<T>
  }

  /** One step of training, drawn in ops; a subclass may write its own and return what to log. */
  trainStep(batch: Batch<Inputs>): StepLogs {
    return trainStep(this.#plain, batch)
  }

  /** One step of evaluation, drawn in ops. */
  testStep(batch: Batch<Inputs>): StepLogs {
    return testStep(this.#plain, batch)
  }

  /** The compiled loss of predictions, with what layers added: a scalar. */
  computeLoss(batch: Batch<Inputs>, yPred: Tensors): Tensor {
    return computeLoss(this.#plain, batch, yPred).total
  }

  /**
   * Takes a batch into the metrics of `compile`, and returns what is to be logged besides: scalars by name. A subclass may
   * add metrics of its own, or leave out those of `compile` by not calling this.
   *
   * @example
   * ```ts
   * import { type Batch, Model, ops, type StepLogs, type Tensor } from 'ferrograd'
   *
   * class Watched extends Model {
   *   override computeMetrics(batch: Batch, yPred: Tensor): StepLogs {
   *     return { ...super.computeMetrics(batch, yPred), largest: ops.max(yPred) }
   *   }
   * }
   * ```
   */
  computeMetrics(batch: Batch<Inputs>, yPred: Tensors): StepLogs {
    return computeMetrics(this.#plain, batch, yPred)
  }

  /** A table of the layers, printed (or only returned, with `print: false`). */
  summary(options?: SummaryOptions): string {
    return summary(this.#plain, options)
  }

  /** The graph as a Mermaid diagram. */
  toMermaid(): string {
    return toMermaid(this.#plain)
  }

  /** The graph in Graphviz's DOT. */
  toDot(): string {
    return toDot(this.#plain)
  }

  /**
   * Writes the model to a `.keras` file, which real Keras opens: configuration, weights, how it was compiled, and the
   * optimizer's state, all of the moment of the call. The file is there whole, or as it was before. May be called during
   * a `fit`: one step's numbers are saved.
   *
   * @param path Ends in `.keras`.
   * @throws `ERR_CONFIG` for another path, `ERR_IO` where the system refuses or a file is there and `overwrite` is false.
   *
   * @example
   * ```ts
   * import { loadModel, Sequential } from 'ferrograd'
   *
   * declare const model: Sequential
   * await model.save('digits.keras')
   * const copy = await loadModel('digits.keras')
   * ```
   */
  save(path: string, options?: SaveOptions): Promise<void> {
    return saveModel(this.#plain, path, options)
  }

  /**
   * Writes the weights alone: `.weights.h5`, as Keras does, `.weights.json` with several such files beside it, or
   * `.safetensors`, by the names of layers and weights (`encoder/hidden/kernel`) or, with `naming: 'torch'`, by PyTorch's.
   *
   * @throws `ERR_CONFIG` for another extension, `ERR_STATE` before the model is built, `ERR_IO` as {@link save}.
   */
  saveWeights(path: string, options?: SaveWeightsOptions): Promise<void> {
    return saveWeights(this.#plain, path, options)
  }

  /**
   * Sets the weights to those of a file that {@link saveWeights} or real Keras wrote, of a `torch.nn` state dict
   * (`naming: 'torch'`), or of a `.h5` file of Keras 2, and says what did not match; nothing changes where it throws.
   *
   * @throws `ERR_FORMAT` where the file is no such file, or lacks weights (with `strict`, the default), `ERR_SHAPE` where
   * a shape is another (unless `skipMismatch`).
   */
  loadWeights(path: string, options?: LoadWeightsOptions): Promise<LoadReport> {
    return loadWeights(this.#plain, path, options)
  }

  /** Whether {@link dispose} was called. */
  get disposed(): boolean {
    return this.#disposed
  }

  /**
   * Frees the compiled steps early; never needed. Training and predicting afterwards is an error; the weights can still
   * be read. Refused while the model is busy; a second call does nothing.
   */
  dispose(): void {
    checkIdle(this.#plain, 'dispose')
    forgetSteps(this.#plain)
    this.#disposed = true
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /**
   * Keras's `get_config()`: of a graph its layers and calls, of a subclass with a `call` of its own the options that it declares
   * (`Model.with({ … })`). One whose constructor takes others writes its own, plain JSON with snake_case names: the constructor gets
   * them back, in camelCase, or a static `fromConfig` does, as they are.
   */
  override getConfig(): Config {
    return this.isWired ? modelConfig(this.#plain) : super.getConfig()
  }

  /** The shapes that a subclass with a `call` of its own was called with, without the number of samples. */
  get builtFor(): unknown {
    return this.#builtFor
  }

  override ensureBuilt(inputShape: Shape | readonly Shape[] | object): void {
    if (!this.isWired) this.#builtFor = moreOf(this.#builtFor, inputShape)
    super.ensureBuilt(inputShape)
  }

  /** The whole model as Keras serializes one: plain JSON. */
  toConfig(): Json {
    return serializeModel(this.#plain)
  }

  /** A model from its configuration or from a serialized object of Keras's, of the class that this is called on; the weights are new. */
  static fromConfig(config: Json): Model {
    // biome-ignore lint/complexity/noThisInStatic: whichever class it is called on
    return modelFromConfig(config, { type: this as unknown as ModelClass })
  }

  /** Makes this a functional model. */
  protected setGraph(inputs: unknown, outputs: unknown): void {
    this.#graph = buildGraph(symbolsIn('Model.inputs', inputs), symbolsIn('Model.outputs', outputs))
    this.#inputs = inputs
    this.#outputs = outputs
    this.built = true
  }

  /** Forgets the graph. */
  protected clearGraph(): void {
    this.#graph = undefined
    this.built = false
  }
}

/** Shapes of a call without the number of samples, or those known before where they are of more inputs: some may be left out. */
function moreOf(before: unknown, now: unknown): unknown {
  const shapes = mapShapes(now)
  return countOf(before) > countOf(shapes) ? before : shapes
}

function mapShapes(shapes: unknown): unknown {
  if (isShape(shapes)) return shapes.length === 0 ? [] : [null, ...shapes.slice(1)]
  if (Array.isArray(shapes)) return shapes.map(mapShapes)
  if (!isNamed(shapes)) return null
  return Object.fromEntries(Object.entries(shapes).map(([name, one]) => [name, mapShapes(one)]))
}

function countOf(shapes: unknown): number {
  return leavesOf(shapes, isShape).length
}

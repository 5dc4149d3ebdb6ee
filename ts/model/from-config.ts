/** Models out of Keras's plain JSON: the stack, and the graph with its calls. */

import type { Operation } from '../core/operation.js'
import type { Precision } from '../core/precision.js'
import { isNamed, leavesOf, type Structure } from '../core/structure.js'
import { isSymbolic, type SymbolicTensor } from '../core/symbolic-tensor.js'
import { tensor } from '../core/tensor.js'
import { warnOnce } from '../core/warn.js'
import { fail } from '../errors.js'
import { getLayer } from '../layers/family.js'
import { InputLayer } from '../layers/input.js'
import type { Layer } from '../layers/layer.js'
import { optionsFromConfig } from '../options/config.js'
import type { Configured } from '../options/configured.js'
import { construct, resolveObject } from '../options/family.js'
import { functionIn, isFunctionJson } from '../options/functions.js'
import { camel } from '../options/names.js'
import { registeredClass } from '../options/registry.js'
import { classNameIn, isSerialized, type Serialized } from '../options/serialized.js'
import { familyFor } from '../saving/families.js'
import type { CompileOptions } from '../training/compile.js'
import type { Config, DType, PartialShape, TensorLike } from '../types.js'
import { isDefaultMode } from './default-mode.js'
import { input, inputOf } from './input.js'
import { isKerasOp, opFrom } from './keras-ops.js'
import { Model } from './model.js'
import { Sequential } from './sequential.js'

type Fields = Readonly<Record<string, unknown>>

/** A class of models. */
export type ModelClass = Configured & (new (...given: never[]) => Model)

/** How a model is made. */
export interface MakeRules {
  readonly compile?: boolean
  /** The class that it is to be of, where that is known. */
  readonly type?: ModelClass
}

/** A model out of a serialized object, or out of a bare configuration; compiled where that says how. */
export function modelFromConfig(json: unknown, { compile = true, type }: MakeRules = {}): Model {
  const object = asObject(json, 'fromConfig')
  const config = 'class_name' in object ? asObject(object.config, 'fromConfig.config') : object
  const model = type !== undefined && isOwn(type) ? ofClass(type, config) : (named(object, config) ?? graphOf(config))
  if (!model.built) buildFor(model, object.build_config)
  if (compile && object.compile_config) {
    const options = compileOptions(asObject(object.compile_config, 'fromConfig.compile_config'))
    const precision = object.precision as Precision | undefined
    model.compile(precision === undefined ? options : { ...options, precision })
  }
  return model
}

/** Whether a class of models is the user's. */
export function isOwn(type: ModelClass): boolean {
  return type !== (Model as unknown) && type !== (Sequential as unknown)
}

/** The stack or the graph of a configuration. */
function graphOf(config: Fields, type?: ModelClass): Model {
  const { layers } = config
  if (!Array.isArray(layers)) return fail('ERR_FORMAT', 'fromConfig', 'a model with a list of layers', { text: 'none' })
  return 'input_layers' in config
    ? fromFunctionalConfig(config, layers, type)
    : fromSequentialConfig(config, layers, type)
}

/** A model of the class of the user's that a serialized object names. */
function named(object: Fields, config: Fields): Model | undefined {
  const own = object.own_class ?? object
  if (!isSerialized(own) || isModelConfig(own)) return undefined
  const name = classNameIn(own)
  const type = registeredClass(name) as ModelClass | undefined
  const isModel = type?.prototype instanceof Model
  const layers = 'layers' in config
  // What is no graph needs its class: what is missing, or is no model, is said as of any layer.
  if (!layers) return asModel(getLayer(own === object ? object : { ...own, config }, 'fromConfig', layerFrom))
  if (!isModel) return warnOther(name)
  return asModel((type as unknown as typeof Model).fromConfig(config as Config) as Layer)
}

function asModel(made: Layer): Model {
  return made instanceof Model ? made : fail('ERR_FORMAT', 'fromConfig', 'a model', made)
}

function warnOther(name: string): undefined {
  warnOnce(
    'FERROGRAD_OTHER_CLASS',
    `fromConfig: the class '${name}' is not known, and the model comes back as the layers that it is made of, without the methods of ` +
      `the class: registerClass it first, or give it to loadModel in customObjects`,
  )
}

/** A model of a class of the user's: as `cls(**config)` has it, or the class around the graph. */
function ofClass(type: ModelClass, config: Fields): Model {
  // One that takes arguments of its own cannot be put around a graph.
  if ('layers' in config && type.length > 0) return warnOther(type.name) ?? graphOf(config)
  if ('layers' in config) return graphOf(config, type)
  const model = construct(type, optionsFromConfig(type, config as Config, layerFrom, true))
  // A constructor need not hand on what every model has.
  const { name, trainable } = common(config)
  if (name !== undefined) model.name = name
  if (trainable === false) model.trainable = false
  return model
}

/** Makes the weights of a model that is no graph, by a call on inputs of the shapes that it was called with. */
function buildFor(model: Model, json: unknown): void {
  if (!isNamed(json) || (json.input_shape ?? undefined) === undefined || model.isWired) return
  const dtype = model.inputKind() === 'ids' ? 'int32' : model.dtype
  const symbols = (shape: unknown): unknown => {
    if (isShape(shape)) return input({ batchShape: shape, dtype })
    if (Array.isArray(shape)) return shape.map(symbols)
    if (isNamed(shape)) return Object.fromEntries(Object.entries(shape).map(([name, one]) => [name, symbols(one)]))
    return fail('ERR_FORMAT', 'build_config.input_shape', 'shapes', shape)
  }
  model.apply(symbols(json.input_shape) as never)
}

function isShape(value: unknown): value is PartialShape {
  return Array.isArray(value) && value.every((length) => length === null || Number.isInteger(length))
}

/** Whether a serialized object is a model. */
export function isModelConfig(object: { readonly class_name?: unknown }): boolean {
  return ['Sequential', 'Functional', 'Model'].includes(String(object.class_name))
}

/** A stack; the shape of its input comes from an input layer, or from the shape it was built for. */
function fromSequentialConfig(config: Fields, list: readonly unknown[], type?: ModelClass): Model {
  const layers = list.map((one, i) => layerFrom(one, `config.layers[${i}]`))
  const shape = config.build_input_shape
  if (!(layers[0] instanceof InputLayer) && Array.isArray(shape)) {
    layers.unshift(new InputLayer({ batchShape: shape, ...(layers[0]?.takesText === true && { dtype: 'string' }) }))
  }
  const Class = (type ?? Sequential) as typeof Sequential
  return new Class(layers, common(config)) as unknown as Model
}

/** A graph: the layers first, then their calls as soon as what they need is there. */
function fromFunctionalConfig(config: Fields, list: readonly unknown[], type?: ModelClass): Model {
  const made = new Made()
  let waiting = list.flatMap((one, i) => made.addTarget(one, `config.layers[${i}]`))
  while (waiting.length > 0) {
    const left = waiting.filter((call) => !made.tryCall(call))
    if (left.length === waiting.length) {
      fail('ERR_FORMAT', 'config.layers', 'calls whose inputs come from other calls', {
        text: `${left[0]!.name} without`,
      })
    }
    waiting = left
  }
  const inputs = made.ends('config.input_layers', config.input_layers)
  const outputs = made.ends('config.output_layers', config.output_layers)
  const Class = (type ?? Model) as typeof Model
  return new Class({ inputs, outputs, ...common(config) }) as unknown as Model
}

function common({ name, trainable }: Fields): { name?: string; trainable?: boolean } {
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof trainable === 'boolean' ? { trainable } : {}),
  }
}

/** A layer, or a model as a layer. */
export function layerFrom(json: unknown, where: string): Layer {
  if (!isSerialized(json)) return fail('ERR_FORMAT', where, 'a serialized layer', json)
  return isModelConfig(json) ? modelFromConfig(json) : getLayer(json, where, layerFrom)
}

/** One call of a layer or an op that is to be made. */
interface Call {
  readonly name: string
  readonly index: number
  readonly args: readonly unknown[]
  readonly kwargs: Fields
  /** Where its inputs come from. */
  readonly needs: readonly Reference[]
  /** Makes it, with symbolic tensors for references. */
  readonly make: (args: readonly unknown[], kwargs: Fields) => unknown
  /** Which of our outputs Keras's is. */
  readonly outputIndex: (index: number) => number
}

/** `[layer name, which call of it, which of the outputs]`. */
type Reference = readonly [name: string, call: number, output: number]

/** What has been made so far. */
class Made {
  readonly #names = new Set<string>()
  readonly #outputs = new Map<
    string,
    { readonly of: readonly SymbolicTensor[]; readonly at: (index: number) => number }
  >()

  /** Makes a layer, or takes an op; returns its calls. */
  addTarget(json: unknown, where: string): Call[] {
    const { inbound_nodes: nodes = [] } = json as { inbound_nodes?: unknown }
    const callee = isSerialized(json) && isKerasOp(json) ? opCallee(json, where) : this.#layerCallee(json, where)
    if (this.#names.has(callee.name)) fail('ERR_FORMAT', where, 'names that occur once', callee.name)
    this.#names.add(callee.name)
    if (!Array.isArray(nodes)) return fail('ERR_FORMAT', `${where}.inbound_nodes`, 'a list', nodes)
    return nodes.map((node, index) => {
      const given = argumentsFrom(node, `${where}.inbound_nodes[${index}]`)
      return { ...callee, index, ...given, kwargs: callee.told(given.kwargs, isExplicit(node)) }
    })
  }

  #layerCallee(json: unknown, where: string): Callee {
    const layer = layerFrom(json, where)
    const { name = layer.name } = json as { name?: string }
    if (layer instanceof InputLayer) this.#keep(name, 0, [inputOf(layer)], (index) => index)
    const make = (args: readonly unknown[], kwargs: Fields): unknown =>
      layer.record({ args, kwargs: camelKeys(kwargs) })
    const told = (kwargs: Fields, explicit: boolean): Fields =>
      !explicit && isDefaultMode(layer, kwargs) ? { ...kwargs, training: null } : kwargs
    return { name, make, told, outputIndex: (index) => index }
  }

  /** Makes a call if all its inputs are there. */
  tryCall({ name, index, args, kwargs, needs, make, outputIndex }: Call): boolean {
    if (needs.some((reference) => this.#find(reference) === undefined)) return false
    const decode = (value: unknown): unknown => decoded(value, (reference) => this.#find(reference))
    const named = Object.entries(kwargs).filter(([, value]) => value !== null)
    const made = make(args.map(decode), Object.fromEntries(named.map(([key, value]) => [key, decode(value)])))
    this.#keep(name, index, leavesOf(made, isSymbolic), outputIndex)
    return true
  }

  /** The tensors that `[name, 0, 0]`, a list of these, or an object of these names. */
  ends(where: string, json: unknown): Structure<SymbolicTensor> {
    if (isReference(json)) return this.#end(where, json)
    if (Array.isArray(json) && json.length > 0) return json.map((one: unknown) => this.ends(where, one))
    if (!isNamed(json) || Object.keys(json).length === 0)
      return fail('ERR_FORMAT', where, 'at least one [name, call, output]', json)
    return Object.fromEntries(Object.entries(json).map(([name, one]) => [name, this.ends(where, one)]))
  }

  #keep(name: string, call: number, of: readonly SymbolicTensor[], at: (index: number) => number): void {
    this.#outputs.set(keyOf(name, call), { of, at })
  }

  #end(where: string, reference: Reference): SymbolicTensor {
    return this.#find(reference) ?? fail('ERR_FORMAT', where, 'a call that the layers have', reference)
  }

  #find([name, call, output]: Reference): SymbolicTensor | undefined {
    const made = this.#outputs.get(keyOf(name, call))
    return made?.of[made.at(output)]
  }
}

/** What is called. */
interface Callee extends Pick<Call, 'name' | 'make' | 'outputIndex'> {
  /** What a call was told by name, without what a file says where nobody said anything. */
  readonly told: (kwargs: Fields, explicit: boolean) => Fields
}

function opCallee(json: Serialized, where: string): Callee {
  if (!isNamed(json.config)) return fail('ERR_FORMAT', `${where}.config`, "an op's name and options", json.config)
  const op = opFrom(json, where)
  // Some of Keras's configurations of ops have no name.
  const name = String((json as { readonly name?: unknown }).name ?? json.config.name)
  const make = (args: readonly unknown[], kwargs: Fields): unknown => {
    const made = op.call(args, kwargs)
    const target = leavesOf(made, isSymbolic)[0]!.history.call.target as Operation
    target.name = name
    target.named = true
    target.className = json.class_name
    return made
  }
  return { name, make, told: (kwargs) => kwargs, outputIndex: op.outputIndex }
}

const camelKeys = (kwargs: Fields): Fields =>
  Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [camel(key), value]))

const keyOf = (name: string, call: number): string => `${name}\n${call}`

/** Whether a call was told its mode, even where that is what Keras writes of a call that was not. */
function isExplicit(node: unknown): boolean {
  const { explicit } = (node ?? {}) as { explicit?: unknown }
  return Array.isArray(explicit) && explicit.includes('training')
}

function argumentsFrom(node: unknown, where: string): Pick<Call, 'args' | 'kwargs' | 'needs'> {
  const { args, kwargs = {} } = (node ?? {}) as { args?: unknown; kwargs?: Fields }
  if (!Array.isArray(args)) return fail('ERR_FORMAT', where, 'args and kwargs', node)
  const needs: Reference[] = []
  decoded([args, kwargs], (reference) => void needs.push(reference))
  if (needs.length === 0) fail('ERR_FORMAT', where, 'a __keras_tensor__', { text: 'none' })
  return { args: args as readonly unknown[], kwargs, needs }
}

/** Arguments as they were serialized: references to tensors, tensors, slices, and plain JSON. */
function decoded(json: unknown, find: (reference: Reference) => unknown): unknown {
  if (Array.isArray(json)) return json.map((one: unknown) => decoded(one, find))
  if (!isNamed(json)) return json
  const { class_name: name, config } = json as { class_name?: unknown; config?: Fields }
  const history = config?.keras_history
  if (name === '__keras_tensor__')
    return isReference(history) ? find(history) : fail('ERR_FORMAT', 'keras_history', '[name, call, output]', history)
  if (name === '__slice__') return config
  if (name === '__ellipsis__') return '...'
  if (name === '__tensor__' || name === '__numpy__')
    return tensor(config?.value as TensorLike, undefined, config?.dtype as DType)
  return Object.fromEntries(Object.entries(json).map(([key, one]) => [key, decoded(one, find)]))
}

function isReference(json: unknown): json is Reference {
  return (
    Array.isArray(json) &&
    json.length === 3 &&
    typeof json[0] === 'string' &&
    Number.isInteger(json[1]) &&
    Number.isInteger(json[2])
  )
}

/** Keras's names of the options as ours; what concerns Keras alone is left out. */
function compileOptions(config: Readonly<Record<string, unknown>>): CompileOptions {
  const wanted = ['optimizer', 'loss', 'loss_weights', 'metrics', 'weighted_metrics']
  const entries = wanted
    .filter((key) => config[key] !== undefined && config[key] !== null)
    .map((key) => [camel(key), ofTheUser(config[key], `compile_config.${key}`)])
  return Object.fromEntries(entries) as CompileOptions
}

/** Losses and metrics of the user's themselves, which must be found now: the names in `customObjects` hold for this call alone. */
function ofTheUser(value: unknown, where: string): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => ofTheUser(one, where))
  if (isFunctionJson(value)) return functionIn(value, where)
  if (isSerialized(value))
    return registeredClass(classNameIn(value)) === undefined
      ? value
      : resolveObject(value, where, familyFor(value, where))
  if (!isNamed(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, ofTheUser(one, where)]))
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  return fail('ERR_FORMAT', where, "an object of Keras's", value)
}

/** Models written as Keras writes them: plain JSON. */

import { Operation } from '../core/operation.js'
import { isNamed, leavesOf, mapStructure } from '../core/structure.js'
import { type GraphCall, isSymbolic, type SymbolicTensor } from '../core/symbolic-tensor.js'
import { Tensor, tensor } from '../core/tensor.js'
import { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { Layer } from '../layers/layer.js'
import type { Stretch } from '../ops/get-item.js'
import { functionJson } from '../options/functions.js'
import { snake } from '../options/names.js'
import { isRegistered, type OwnFunction } from '../options/registry.js'
import { isSerialized } from '../options/serialized.js'
import { isDescribing, namingFunctions, noteClass } from '../options/writing.js'
import { serialize } from '../saving/serialize.js'
import type { CompileOptions } from '../training/compile.js'
import type { Config, Json, TypedArray } from '../types.js'
import { isDefaultMode } from './default-mode.js'
import { isOwn, type ModelClass } from './from-config.js'
import type { Graph, GraphNode } from './graph.js'
import { classOf, outputIndex, toKeras } from './keras-ops.js'
import type { Model } from './model.js'
import type { Sequential } from './sequential.js'

/** Keras's `get_config()` of a stack or a graph. */
export function modelConfig(model: Model): Config {
  const base = { name: model.name, trainable: model.trainable }
  return namingFunctions(() => {
    if (isStack(model)) return { ...base, dtype: model.dtype, ...stackConfig(model) }
    return { ...base, ...graphConfig(model, model.graph!) }
  })
}

/** The whole serialized object, with how it was compiled where that can be written. */
export function serializeModel(model: Model): Json {
  return namingFunctions(() => {
    const compiled = model.isCompiled ? compileConfig(model.compiled.options, model) : undefined
    const precision = model.isCompiled ? model.compiled.options.precision : undefined
    return {
      ...(model.isWired ? graphJson(model) : ownJson(model)),
      ...(compiled === undefined ? {} : { compile_config: compiled }),
      // Beside it, since Keras refuses what its `compile` has not.
      ...(compiled === undefined || precision === undefined ? {} : { precision }),
    }
  })
}

/** A stack or a graph is one for Keras whatever its class; which of the user's it is stands beside it. */
function graphJson(model: Model): Config {
  const stack = model.isStack
  const type = model.constructor as ModelClass
  const shape = model.graph?.inputs.length === 1 ? [...model.graph.inputs[0]!.shape] : null
  return {
    module: stack ? 'keras' : 'keras.src.models.functional',
    class_name: stack ? 'Sequential' : 'Functional',
    config: model.getConfig(),
    registered_name: stack ? null : 'Functional',
    ...(shape === null ? {} : { build_config: { input_shape: shape } }),
    ...(isOwn(type) ? { own_class: classJson(model, type) } : {}),
  }
}

/** A class of the user's with a `call` of its own: its options, and what its weights were made for. */
function ownJson(model: Model): Config {
  const type = model.constructor as ModelClass
  if (!isDescribing()) checkWritable(model, type)
  const { builtFor } = model
  return {
    ...classJson(model, type),
    config: model.getConfig(),
    ...(builtFor === undefined ? {} : { build_config: { input_shape: builtFor as Json } }),
  }
}

function classJson(model: Model, type: ModelClass): Config {
  const { className } = model
  noteClass(className, type)
  const registered = isRegistered(type) ? `Custom>${className}` : className
  return { module: null, class_name: className, registered_name: registered }
}

/** Refuses what could not be made again, before anything is written. */
function checkWritable(model: Model, type: ModelClass): void {
  if (!hidesArguments(type)) return
  const hint = `Declare them: class ${type.name} extends Model.with({ … }); or write getConfig(), whose result the constructor then gets`
  const got = { text: 'a constructor with arguments, and no getConfig' }
  fail('ERR_FORMAT', `${type.name} '${model.name}'`, 'a model that can be made again', got, hint)
}

/** Whether a constructor of the user's takes arguments that neither a table of fields nor a `getConfig` tells. */
function hidesArguments(type: ModelClass): boolean {
  for (let one = type; isOwn(one); one = Object.getPrototypeOf(one) as ModelClass) {
    if (Object.hasOwn(one.prototype as object, 'getConfig') || Object.hasOwn(one, 'fields')) return false
    if (one.length > 0) return true
  }
  return false
}

function isStack(model: Model): model is Sequential {
  return model.isStack
}

function stackConfig(model: Sequential): Config {
  const { entrance, graph } = model
  const layers = model.layers.map((layer) => layerJson(layer, graph))
  if (entrance === undefined) return { layers }
  return { layers: [serialize(entrance), ...layers], build_input_shape: [...entrance.batchShape] }
}

function graphConfig(model: Model, graph: Graph): Config {
  const layers = graph.targets.map((target) => {
    const calls = graph.nodes.filter((node) => node.target === target && node.call.sources.length > 0)
    const inbound = [...calls].sort((a, b) => a.index - b.index).map((node) => callJson(node, graph))
    const json = target instanceof Operation ? operationJson(target, calls[0]!) : layerJson(target, graph)
    return { ...(json as Config), name: target.name, inbound_nodes: inbound }
  })
  const { inputs, outputs } = model.structure
  const ends = (structure: unknown): Json =>
    mapStructure(structure, (one) => historyJson(one as SymbolicTensor, graph)) as Json
  return { layers, input_layers: ends(inputs), output_layers: ends(outputs) }
}

function layerJson(layer: Layer, graph: Graph | undefined): Json {
  const json = serialize(layer) as Config
  const call = graph?.nodes.find((node) => node.target === layer)?.call
  const { parameters } = layer.constructor as typeof Layer
  // Keras's layers without weights build by the first shape, whatever their inputs are called.
  const builds = layer.build !== Layer.prototype.build
  if (call !== undefined && parameters.length > 0 && builds)
    return { ...json, build_config: shapesByName(call, parameters) }
  const inputs = leavesOf(call?.args, isSymbolic)
  if (inputs.length === 0) return json
  const shapes = inputs.map(({ shape }) => [...shape])
  return { ...json, build_config: { input_shape: shapes.length === 1 ? shapes[0]! : shapes } }
}

/** The shapes of inputs that are arguments of their own. */
function shapesByName({ args, kwargs }: GraphCall, parameters: readonly string[]): Json {
  const entries = parameters.map((name, i) => [`${snake(name)}_shape`, args[i] ?? kwargs[name]] as const)
  const given = entries.flatMap(([name, one]) => (isSymbolic(one) ? [[name, [...one.shape]] as const] : []))
  return { shapes_dict: Object.fromEntries(given) }
}

function operationJson({ op, name, className: readFrom }: Operation, { call }: GraphNode): Json {
  const { className, module, config } = toKeras(op, call.args)
  const written = classOf(op, className, readFrom)
  return {
    module,
    class_name: written,
    config: { name, ...config } as Json,
    registered_name: registeredName(module, written),
  }
}

/** Keras's own are registered by their names; another's are refused by theirs. */
function registeredName(module: string, className: string): string {
  return module.startsWith('keras.') ? className : `${module}>${className}`
}

function callJson({ target, call }: GraphNode, graph: Graph): Json {
  const encode = (value: unknown): Json => argumentJson(value, graph)
  const { args, kwargs } = target instanceof Operation ? toKeras(target.op, call.args) : call
  const named = Object.entries(kwargs).map(([name, value]) => [snake(name), encode(value)])
  const json = { args: args.map(encode), kwargs: Object.fromEntries(named) as Json }
  return target instanceof Layer && isDefaultMode(target, kwargs) ? { ...json, explicit: ['training'] } : json
}

/** An argument of a call: symbolic tensors by where they come from, tensors with their numbers. */
function argumentJson(value: unknown, graph: Graph): Json {
  if (isSymbolic(value)) {
    const { shape, isText, dtype } = value
    const config = { shape: [...shape], dtype: isText ? 'string' : dtype, keras_history: historyJson(value, graph) }
    return { class_name: '__keras_tensor__', config }
  }
  if (value instanceof Variable) return argumentJson(value.read(), graph)
  if (ArrayBuffer.isView(value)) return argumentJson(tensor(value as TypedArray), graph)
  if (value instanceof Tensor) {
    const config = { value: value.arraySync() as Json, dtype: value.dtype }
    return { class_name: '__tensor__', config }
  }
  if (value === '...') return { class_name: '__ellipsis__', config: {} }
  if (isStretch(value)) {
    const { start = null, stop = null, step = null } = value
    return { class_name: '__slice__', config: { start, stop, step } as Json }
  }
  if (Array.isArray(value)) return value.map((one) => argumentJson(one, graph))
  if (isNamed(value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, argumentJson(one, graph)]))
  return (value ?? null) as Json
}

/** A stretch of a key: `{}`, or with nothing but its bounds. */
function isStretch(value: unknown): value is Stretch {
  return isNamed(value) && Object.keys(value).every((name) => ['start', 'stop', 'step'].includes(name))
}

/** `[layer name, which call of it, which of the outputs]`. */
function historyJson({ history: { call, index } }: SymbolicTensor, graph: Graph): Json {
  const node = graph.nodes.find((one) => one.call === call)
  const at = call.target instanceof Operation ? outputIndex(call.target.op, index) : index
  return [call.target.name, node?.index ?? 0, at]
}

/** How the model was compiled; functions of the user's by their names. */
function compileConfig(options: CompileOptions, model: Model): Json {
  return {
    optimizer: serialize(model.optimizer),
    loss: plain(options.loss, 'loss'),
    loss_weights: plain(options.lossWeights, 'lossWeights'),
    metrics: plain(options.metrics, 'metric'),
    weighted_metrics: plain(options.weightedMetrics, 'metric'),
    run_eagerly: false,
    steps_per_execution: 1,
    jit_compile: false,
  }
}

/** `role` is what functions without a name are called. */
function plain(value: unknown, role: string): Json {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return snake(value)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  // What Keras serialized stays as it is.
  if (isSerialized(value)) return value
  if (typeof value === 'function') return functionJson(value as OwnFunction, role)
  if (Array.isArray(value)) return value.map((one: unknown) => plain(one, role))
  if (Object.getPrototypeOf(value) !== Object.prototype) return serialize(value as Parameters<typeof serialize>[0])
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, role)]))
}

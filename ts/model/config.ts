/** Models written as Keras writes them: plain JSON. */

import type { SymbolicTensor } from '../core/symbolic-tensor.js'
import { snake } from '../options/names.js'
import { serialize } from '../saving/serialize.js'
import type { CompileOptions } from '../training/compile.js'
import type { Config, Json } from '../types.js'
import { type AnyLayer, type Graph, type GraphNode, namedInputsOf } from './graph.js'
import type { Model } from './model.js'
import type { Sequential } from './sequential.js'

/** Keras's `get_config()`. */
export function modelConfig(model: Model): Config {
  const base = { name: model.name, trainable: model.trainable }
  if (isStack(model)) return { ...base, dtype: model.dtype, ...stackConfig(model) }
  return model.graph === undefined ? base : { ...base, ...graphConfig(model, model.graph) }
}

/** The whole serialized object, with how it was compiled where that can be written. */
export function serializeModel(model: Model): Json {
  const sequential = isStack(model)
  const shape = model.graph?.inputs.length === 1 ? [...model.graph.inputs[0]!.shape] : null
  const compiled = model.isCompiled ? compileConfig(model.compiled.options, model) : undefined
  const precision = model.isCompiled ? model.compiled.options.precision : undefined
  return {
    module: sequential ? 'keras' : 'keras.src.models.functional',
    class_name: sequential ? 'Sequential' : 'Functional',
    config: model.getConfig(),
    registered_name: sequential ? null : 'Functional',
    ...(shape === null ? {} : { build_config: { input_shape: shape } }),
    ...(compiled === undefined ? {} : { compile_config: compiled }),
    // Beside it, since Keras refuses what its `compile` has not.
    ...(compiled === undefined || precision === undefined ? {} : { precision }),
  }
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
  const layers = graph.layers.map((layer) => {
    const calls = graph.nodes.filter((node) => node.layer === layer && node.inputs.length > 0)
    const inbound = [...calls].sort((a, b) => a.call - b.call).map((node) => callJson(node, graph))
    return { ...(layerJson(layer, graph) as Config), name: layer.name, inbound_nodes: inbound }
  })
  const ends = (symbols: readonly SymbolicTensor[], single: boolean): Json => {
    const histories = symbols.map((symbol) => historyJson(symbol, graph))
    return single ? histories[0]! : histories
  }
  return {
    layers,
    input_layers: ends(graph.inputs, model.single.input),
    output_layers: ends(graph.outputs, model.single.output),
  }
}

function layerJson(layer: AnyLayer, graph: Graph | undefined): Json {
  const json = isModel(layer) ? (serializeModel(layer) as Config) : (serialize(layer) as Config)
  const inputs = graph?.nodes.find((node) => node.layer === layer)?.inputs ?? []
  if (inputs.length === 0) return json
  const shapes = inputs.map(({ shape }) => [...shape])
  return { ...json, build_config: { input_shape: shapes.length === 1 ? shapes[0]! : shapes } }
}

function isModel(layer: AnyLayer): layer is Model {
  return 'toConfig' in layer
}

function callJson(node: GraphNode, graph: Graph): Json {
  const tensors = node.inputs.map((symbol) => ({
    class_name: '__keras_tensor__',
    config: { shape: [...symbol.shape], dtype: symbol.dtype, keras_history: historyJson(symbol, graph) },
  }))
  const names = namedInputsOf(node.layer)
  if (tensors.length === 1 || names.length === 0)
    return { args: tensors.length === 1 ? tensors : [tensors], kwargs: {} }
  return { args: tensors.slice(0, 1), kwargs: Object.fromEntries(tensors.slice(1).map((one, i) => [names[i]!, one])) }
}

/** `[layer name, which call of it, which of the outputs]`. */
function historyJson(symbol: SymbolicTensor, graph: Graph): Json {
  const { layer, inputs, index } = symbol.history
  const node = graph.nodes.find((one) => one.layer === layer && one.inputs === inputs)
  return [layer.name, node?.call ?? 0, index]
}

/** How the model was compiled; undefined where a function of the user's stands in it. */
function compileConfig(options: CompileOptions, model: Model): Json | undefined {
  try {
    return {
      optimizer: serialize(model.optimizer),
      loss: plain(options.loss),
      loss_weights: plain(options.lossWeights),
      metrics: plain(options.metrics),
      weighted_metrics: plain(options.weightedMetrics),
      run_eagerly: false,
      steps_per_execution: 1,
      jit_compile: false,
    }
  } catch {
    return undefined
  }
}

function plain(value: unknown): Json {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return snake(value)
  if (typeof value === 'number') return value
  if (Array.isArray(value)) return value.map(plain)
  if (Object.getPrototypeOf(value) !== Object.prototype) return serialize(value as Parameters<typeof serialize>[0])
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}

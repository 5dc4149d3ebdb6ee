/** Models out of Keras's plain JSON: the stack, and the graph with its calls. */

import type { Precision } from '../core/precision.js'
import type { SymbolicTensor } from '../core/symbolic-tensor.js'
import { FerrogradError, fail } from '../errors.js'
import { getLayer } from '../layers/family.js'
import { InputLayer } from '../layers/input.js'
import { isSerialized } from '../options/fields.js'
import { camel } from '../options/names.js'
import type { CompileOptions } from '../training/compile.js'
import type { PartialShape } from '../types.js'
import { type AnyLayer, namedInputsOf } from './graph.js'
import { inputOf } from './input.js'
import { Model } from './model.js'
import { Sequential } from './sequential.js'

type Fields = Readonly<Record<string, unknown>>

/** A model out of a serialized object, or out of a bare configuration. */
export function modelFromConfig(json: unknown): Model {
  const object = asObject(json, 'fromConfig')
  const config = 'class_name' in object ? asObject(object.config, 'fromConfig.config') : object
  const layers = config.layers
  if (!Array.isArray(layers)) return fail('ERR_FORMAT', 'fromConfig', 'a model with a list of layers', { text: 'none' })
  const model = 'input_layers' in config ? fromFunctionalConfig(config, layers) : fromSequentialConfig(config, layers)
  if (object.compile_config) {
    const options = compileOptions(asObject(object.compile_config, 'fromConfig.compile_config'))
    const precision = object.precision as Precision | undefined
    model.compile(precision === undefined ? options : { ...options, precision })
  }
  return model
}

/** Whether a serialized object is a model. */
export function isModelConfig(object: { readonly class_name?: unknown }): boolean {
  return ['Sequential', 'Functional', 'Model'].includes(String(object.class_name))
}

/** A stack; the shape of its input comes from an input layer, or from the shape it was built for. */
function fromSequentialConfig(config: Fields, list: readonly unknown[]): Sequential {
  const layers = list.map((one, i) => layerFrom(one, `config.layers[${i}]`))
  const shape = config.build_input_shape
  if (!(layers[0] instanceof InputLayer) && Array.isArray(shape)) {
    layers.unshift(new InputLayer({ batchShape: shape as unknown as PartialShape }))
  }
  return new Sequential(layers, common(config))
}

/** A graph: the layers first, then their calls as soon as what they need is there. */
function fromFunctionalConfig(config: Fields, list: readonly unknown[]): Model {
  const made = new Made()
  let waiting = list.flatMap((one, i) => made.addLayer(one, `config.layers[${i}]`))
  while (waiting.length > 0) {
    const left = waiting.filter((call) => !made.tryCall(call))
    if (left.length === waiting.length) {
      fail('ERR_FORMAT', 'config.layers', 'calls whose inputs come from other calls', {
        text: `${left[0]!.layer.name} without`,
      })
    }
    waiting = left
  }
  const inputs = made.ends('config.input_layers', config.input_layers)
  const outputs = made.ends('config.output_layers', config.output_layers)
  return new Model({ inputs, outputs, ...common(config) })
}

function common({ name, trainable }: Fields): { name?: string; trainable?: boolean } {
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof trainable === 'boolean' ? { trainable } : {}),
  }
}

function layerFrom(json: unknown, where: string): AnyLayer {
  if (!isSerialized(json)) return fail('ERR_FORMAT', where, 'a serialized layer', json)
  return isModelConfig(json) ? modelFromConfig(json) : getLayer(json, where)
}

/** One call of a layer that is to be made. */
interface Call {
  readonly layer: AnyLayer
  readonly index: number
  readonly args: readonly Reference[]
  /** Whether the layer was called on a list. */
  readonly many: boolean
}

/** `[layer name, which call of it, which of the outputs]`. */
type Reference = readonly [name: string, call: number, output: number]

/** What has been made so far. */
class Made {
  readonly #layers = new Map<string, AnyLayer>()
  readonly #outputs = new Map<string, readonly SymbolicTensor[]>()

  /** Makes a layer; returns its calls. */
  addLayer(json: unknown, where: string): Call[] {
    const layer = layerFrom(json, where)
    const { name = layer.name, inbound_nodes: nodes = [] } = json as { name?: string; inbound_nodes?: unknown }
    if (this.#layers.has(name)) fail('ERR_FORMAT', where, 'names that occur once', name)
    this.#layers.set(name, layer)
    if (layer instanceof InputLayer) this.#outputs.set(keyOf(name, 0), [inputOf(layer)])
    if (!Array.isArray(nodes)) return fail('ERR_FORMAT', `${where}.inbound_nodes`, 'a list', nodes)
    return nodes.map((node, index) => callFrom(layer, index, node, `${where}.inbound_nodes[${index}]`))
  }

  /** Makes a call if all its inputs are there. */
  tryCall({ layer, index, args, many }: Call): boolean {
    const inputs = args.map((reference) => this.#find(reference))
    if (inputs.some((symbol) => symbol === undefined)) return false
    const symbols = inputs as SymbolicTensor[]
    this.#outputs.set(keyOf(layer.name, index), layer.applyMany(many ? symbols : symbols[0]!))
    return true
  }

  /** The tensors that `[name, 0, 0]`, a list of these, or an object of these names. */
  ends(where: string, json: unknown): SymbolicTensor | SymbolicTensor[] {
    if (isReference(json)) return this.#end(where, json)
    const list = Array.isArray(json) ? json : sortedValues(json)
    if (list.length === 0) return fail('ERR_FORMAT', where, 'at least one [name, call, output]', json)
    return list.map((one) =>
      isReference(one) ? this.#end(where, one) : fail('ERR_FORMAT', where, '[name, call, output]', one),
    )
  }

  #end(where: string, reference: Reference): SymbolicTensor {
    return this.#find(reference) ?? fail('ERR_FORMAT', where, 'a call that the layers have', reference)
  }

  #find([name, call, output]: Reference): SymbolicTensor | undefined {
    return this.#outputs.get(keyOf(name, call))?.[output]
  }
}

/** Keras takes the entries of an object in the order of their names. */
function sortedValues(json: unknown): unknown[] {
  const entries = typeof json === 'object' && json !== null ? Object.entries(json) : []
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

const keyOf = (name: string, call: number): string => `${name}\n${call}`

function callFrom(layer: AnyLayer, index: number, node: unknown, where: string): Call {
  const { args, kwargs } = (node ?? {}) as { args?: unknown; kwargs?: Fields }
  if (!Array.isArray(args)) return fail('ERR_FORMAT', where, 'args and kwargs', node)
  const names = namedInputsOf(layer)
  const named = names.map((name) => kwargs?.[name] ?? null).filter((one) => one !== null)
  for (const [key, value] of Object.entries(kwargs ?? {})) {
    if (value !== null && value !== false && !names.includes(key))
      throw new FerrogradError('ERR_FORMAT', `${where}.kwargs: argument '${key}' of a call is not supported`)
  }
  const flat = [...(args as unknown[]).flat(), ...named]
  return {
    layer,
    index,
    args: flat.map((one) => referenceFrom(one, where)),
    many: flat.length > 1 || Array.isArray(args[0]),
  }
}

function referenceFrom(json: unknown, where: string): Reference {
  const history = (json as { config?: { keras_history?: unknown } } | null)?.config?.keras_history
  return isReference(history) ? history : fail('ERR_FORMAT', where, 'a __keras_tensor__', json)
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
    .map((key) => [camel(key), config[key]])
  return Object.fromEntries(entries) as CompileOptions
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  return fail('ERR_FORMAT', where, "an object of Keras's", value)
}

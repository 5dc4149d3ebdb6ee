/** Configurations of Keras 2, and of Keras 3 in the old form, as Keras 3 writes them today. */

import { isNamed } from '../core/structure.js'
import { fail } from '../errors.js'

type Fields = Readonly<Record<string, unknown>>

/** An object as Keras serializes it, `module` or not. */
interface Described {
  readonly class_name: string
  readonly config: unknown
}

/**
 * The model that `model_config` and `training_config` of an old HDF5 file describe, as {@link modelFromConfig} takes it.
 *
 * @see keras.src.legacy.saving.saving_utils
 */
export function modernModel(model: unknown, training?: unknown): Fields {
  const object = describedIn('model_config', model)
  const modern = modernLayer(object)
  return training === undefined ? modern : { ...modern, compile_config: modernCompile(training) }
}

function describedIn(where: string, value: unknown): Described & Fields {
  return isDescribed(value) ? value : fail('ERR_FORMAT', where, 'an object with class_name and config', value)
}

const isDescribed = (value: unknown): value is Described & Fields =>
  isNamed(value) && typeof value.class_name === 'string' && 'config' in value

/** A layer or a model; what stands beside its configuration stays. */
function modernLayer(layer: Described & Fields): Fields {
  const { class_name: name, config } = layer
  // The oldest stacks are a bare list of layers.
  if (Array.isArray(config)) return modernLayer({ ...layer, config: { name: 'sequential', layers: config } })
  const fields = isNamed(config) ? config : fail('ERR_FORMAT', `${name}.config`, 'an object', config)
  return { ...layer, config: 'layers' in fields ? modernLayers(fields) : layerFields(name, fields) }
}

/** The configuration of a model; a stack takes the shape of its input from its first layer. */
function modernLayers(config: Fields): Fields {
  const layers = (config.layers as readonly unknown[]).map((one, i) => describedIn(`config.layers[${i}]`, one))
  const shape = (layers[0]?.config as Fields | undefined)?.batch_input_shape
  const input = shape === undefined || layers[0]!.class_name === 'InputLayer' ? {} : { build_input_shape: shape }
  const calls = new Calls(layers)
  const ends = Object.fromEntries(
    ['input_layers', 'output_layers'].filter((key) => key in config).map((key) => [key, calls.ends(config[key])]),
  )
  return {
    ...input,
    ...config,
    ...ends,
    layers: layers.map((layer) => ({ ...modernLayer(layer), ...calls.of(layer) })),
  }
}

/** What layers called otherwise. */
const layerNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  InputLayer: { batch_input_shape: 'batch_shape' },
  LeakyReLU: { alpha: 'negative_slope' },
}

/** What says how a layer is computed and not what, and what is said elsewhere. */
const layerExtras = ['batch_input_shape', 'implementation', 'time_major', 'renorm_clipping', 'input_dim']

function layerFields(name: string, config: Fields): Fields {
  const entries = Object.entries(config).map(([key, value]) => [layerNames[name]?.[key] ?? key, value] as const)
  const kept = entries.filter(([key]) => !layerExtras.includes(key) || (key === 'input_dim' && name === 'Embedding'))
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'axis' ? modernAxis(value) : modernPart(value)]))
}

/** A list of one axis is that axis. */
const modernAxis = (axis: unknown): unknown => (Array.isArray(axis) && axis.length === 1 ? axis[0] : axis)

/** A part of a layer: an initializer, a penalty, a layer inside. */
function modernPart(value: unknown): unknown {
  if (!isDescribed(value)) return value
  const { class_name: name, config } = value
  // Functions of Keras itself, by their names.
  if (name === 'function' && typeof config === 'string') return config
  if (/Policy$/.test(name)) return value
  if (Array.isArray(config) || (isNamed(config) && ('layers' in config || 'name' in config))) return modernLayer(value)
  // Initializers say what type they make.
  const { dtype: _, ...rest } = (config ?? {}) as Fields
  const distribution = rest.distribution === 'normal' && { distribution: 'truncated_normal' }
  return { ...value, config: { ...rest, ...distribution } }
}

/** Layers that loop. */
const loops = /^(LSTM|GRU|SimpleRNN|RNN|Bidirectional|ConvLSTM[123]D)$/

/** `[name, call, output]`, with named arguments or without. */
type OldTensor = readonly [string, number, number, Fields?]

function isOldTensor(value: unknown): value is OldTensor {
  const list = Array.isArray(value) && (value.length === 3 || value.length === 4) ? (value as unknown[]) : []
  return typeof list[0] === 'string' && Number.isInteger(list[1]) && Number.isInteger(list[2])
}

/** The calls of a graph: `[[name, call, output, named arguments], …]` each, one entry a tensor. */
class Calls {
  /** Models inside: what they were made by counts as their call 0. */
  readonly #models: ReadonlySet<unknown>
  /** Whether calls are in the old form, and not just layers. */
  readonly #old: boolean

  constructor(layers: readonly (Described & Fields)[]) {
    const inside = layers.filter(({ config }) => Array.isArray(config) || (isNamed(config) && 'layers' in config))
    this.#models = new Set(inside.map(({ name }) => name))
    this.#old = layers.some(({ inbound_nodes: nodes }) => Array.isArray(nodes) && nodes.some(Array.isArray))
  }

  /** The calls of one layer. */
  of({ class_name: name, inbound_nodes: nodes }: Described & Fields): Fields {
    return Array.isArray(nodes) ? { inbound_nodes: nodes.map((node: unknown) => this.#call(node, name)) } : {}
  }

  /** Inputs or outputs of the model. */
  ends(value: unknown): unknown {
    if (isOldTensor(value)) return this.#place(value)
    // Keras 2 made no difference between one and a list of one.
    if (this.#old && Array.isArray(value) && value.length === 1) return this.ends(value[0])
    if (Array.isArray(value)) return value.map((one: unknown) => this.ends(one))
    return isNamed(value) ? mapped(value, (one) => this.ends(one)) : value
  }

  #call(node: unknown, name: string): unknown {
    if (!Array.isArray(node)) return node
    const inputs: readonly unknown[] = isOldTensor(node) ? [node] : node
    const named = inputs.find(isOldTensor)?.[3] ?? {}
    // What a loop begins with is among its inputs.
    const [first, ...states] = loops.test(name) ? inputs : [inputs.length === 1 ? inputs[0] : inputs]
    const told = states.length === 0 ? named : { ...named, initial_state: states }
    // Keras 2 wrote what a call was told, and honoured it.
    return { args: [this.#references(first)], kwargs: this.#references(told), explicit: ['training'] }
  }

  /** The same structure with references as Keras 3 writes them. */
  #references(value: unknown): unknown {
    if (isOldTensor(value)) {
      if (value[0].startsWith('_')) fail('ERR_FORMAT', 'inbound_nodes', 'calls of layers', { text: value[0] })
      return { class_name: '__keras_tensor__', config: { keras_history: this.#place(value) } }
    }
    if (Array.isArray(value)) return value.map((one: unknown) => this.#references(one))
    return isNamed(value) ? mapped(value, (one) => this.#references(one)) : value
  }

  #place([name, call, output]: OldTensor): unknown {
    return [name, this.#old && this.#models.has(name) ? Math.max(0, call - 1) : call, output]
  }
}

function mapped(fields: Fields, change: (value: unknown) => unknown): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, change(value)]))
}

/** How a model was compiled. */
function modernCompile(training: unknown): Fields {
  const config = isNamed(training) ? training : fail('ERR_FORMAT', 'training_config', 'an object', training)
  return {
    optimizer: modernOptimizer(describedIn('training_config.optimizer_config', config.optimizer_config)),
    loss: everyObject(config.loss, modernLoss),
    loss_weights: config.loss_weights,
    metrics: everyObject(config.metrics, modernMetric),
    weighted_metrics: everyObject(config.weighted_metrics, modernMetric),
  }
}

/** Keras 2 let the rate decay in the optimizer: `rate / (1 + decay · step)`. */
function modernOptimizer({ class_name, config, ...rest }: Described & Fields): Fields {
  const { lr, decay = 0, schedule_decay: _, initial_decay: __, ...fields } = (config ?? {}) as Fields
  const rate = fields.learning_rate ?? lr
  const decaying = { initial_learning_rate: rate, decay_steps: 1, decay_rate: decay }
  const learning = decay === 0 ? rate : { class_name: 'InverseTimeDecay', config: decaying }
  // Later ones of its own were registered like a user's.
  return {
    ...rest,
    class_name: class_name.replace('Custom>', ''),
    config: { ...fields, ...(learning !== undefined && { learning_rate: learning }) },
  }
}

function modernLoss(loss: Described & Fields): unknown {
  if (loss.class_name === 'function') return loss.config
  const { fn, reduction, ...fields } = (loss.config ?? {}) as Fields
  if (loss.class_name === 'LossFunctionWrapper') return fn
  const given = reduction === undefined || reduction === 'auto' ? {} : { reduction: fromSum(reduction) }
  return { ...loss, config: { ...fields, ...given } }
}

const fromSum = (reduction: unknown): unknown =>
  reduction === 'sum_over_nonzero_weights' ? 'sum_over_batch_size' : reduction

/** Metrics that were functions come wrapped, under the name that the user gave. */
function modernMetric(metric: Described & Fields): unknown {
  if (metric.class_name === 'function') return metric.config
  const { fn, ...fields } = (metric.config ?? {}) as Fields
  if (typeof fn !== 'string') return metric
  return metric.class_name === 'MeanMetricWrapper'
    ? { ...metric, class_name: fn, config: fields }
    : { ...metric, config: fields }
}

/** Objects in lists, by name or alone; names stay names. */
function everyObject(value: unknown, change: (object: Described & Fields) => unknown): unknown {
  if (isDescribed(value)) return change(value)
  if (Array.isArray(value)) return value.map((one: unknown) => everyObject(one, change))
  return isNamed(value) ? mapped(value, (one) => everyObject(one, change)) : value
}

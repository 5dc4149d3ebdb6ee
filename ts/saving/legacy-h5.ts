/** The HDF5 files of Keras 2, only read: whole models, and weights by the order or the names of layers. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import type { Layer } from '../layers/layer.js'
import { modelFromConfig } from '../model/from-config.js'
import { modernModel } from '../model/keras2.js'
import type { Model } from '../model/model.js'
import { withClasses } from '../options/registry.js'
import { type Hdf5, readHdf5, type Tensors } from './archive.js'
import { assignFrom, type LoadReport, type Place, type LoadRules as Rules, WHOLE } from './assignments.js'
import type { LoadRules } from './keras-file.js'
import { jsonIn } from './paths.js'
import { layerGroups } from './weight-groups.js'
import { setOptimizer, withRoomFor } from './weights-tree.js'

/** How weights find their layers. */
export interface LegacyRules extends Pick<Rules, 'skipMismatch' | 'hints'> {
  /** By the layers' names instead of their order. */
  readonly byName: boolean
}

/** Sets a model's weights to those of a file. */
export async function loadLegacyWeights(model: Model, path: string, rules: LegacyRules): Promise<LoadReport> {
  return setWeights(path, model, await readHdf5(path), rules)
}

/** The model of a file: its configuration, weights, how it was compiled and, where that can be told, the optimizer's state. */
export async function loadLegacyModel(path: string, { customObjects, compile }: LoadRules): Promise<Model> {
  const tree = await readHdf5(path)
  const config = jsonAttribute(path, tree, 'model_config')
  if (config === undefined)
    return fail('ERR_FORMAT', path, 'a model_config', { text: 'none' }, 'For weights alone, use model.loadWeights')
  const training = compile ? jsonAttribute(path, tree, 'training_config') : undefined
  const make = (): Model => modelFromConfig(modernModel(config, training))
  const model = withRoomFor(tree, () => withClasses('loadModel', customObjects, make))
  setWeights(path, model, tree, { byName: false, ...WHOLE })
  const state = optimizerState(path, tree)
  if (model.isCompiled) setOptimizer(path, model, state, ordersIn(state))
  return model
}

function jsonAttribute(path: string, { attributes }: Hdf5, name: string): unknown {
  const text = attributes['']?.[name]
  return typeof text === 'string' ? jsonIn(`${path} ${name}`, text) : undefined
}

/** A layer of a file: where its weights are, in order. */
interface SavedLayer {
  readonly name: string
  readonly keys: readonly string[]
}

/** The group of the weights: of the whole file, or of a model's. */
const WEIGHTS = 'model_weights'

/** Weights that belong to the model itself and to none of its layers. */
const TOP = 'top_level_model_weights'

function setWeights(where: string, model: Model, tree: Hdf5, rules: LegacyRules): LoadReport {
  const base = listOf(tree, '', 'layer_names') === undefined ? WEIGHTS : ''
  const names = listOf(tree, base, 'layer_names')
  if (names === undefined) failOther(where)
  const saved = names.map((name) => savedLayer(where, tree, base, name))
  const pairs = rules.byName ? pairsByName(where, model, saved, rules) : pairsByOrder(where, model, saved)
  const top = savedLayer(where, tree, base, TOP)
  const own = model.weights.filter((weight) => !model.layers.some((layer) => layer.weights.includes(weight)))
  if (top.keys.length > 0) pairs.push(pairOf(where, { name: model.name, weights: legacyOrder(own) }, top))
  const found = new Map(pairs.flat())
  const places = titledWeights(model).map(({ variable, title }): Place => {
    return { variable, title, key: found.get(variable) ?? NOWHERE }
  })
  const arrays = new Map([...tree.arrays].filter(([key]) => !key.startsWith(`${OPTIMIZER}/`)))
  return assignFrom(where, arrays, places, { ...rules, strict: false })
}

/** No array has this name. */
const NOWHERE = ''

function failOther(where: string): never {
  const hint = 'Files of Keras 3 end in .weights.h5'
  return fail('ERR_FORMAT', where, 'weights as Keras 2 wrote them, with layer_names', { text: 'none' }, hint)
}

function savedLayer(where: string, tree: Hdf5, base: string, name: string): SavedLayer {
  const path = base === '' ? name : `${base}/${name}`
  const keys = (listOf(tree, path, 'weight_names') ?? []).map((weight) => `${path}/${weight}`)
  for (const key of keys) if (!tree.arrays.has(key)) fail('ERR_FORMAT', where, `an array ${key}`, { text: 'none' })
  return { name, keys }
}

/** A list of names; one that is too long for an attribute is in several, `name0`, `name1`, …. */
function listOf({ attributes }: Hdf5, path: string, name: string): readonly string[] | undefined {
  const own = attributes[path] ?? {}
  const parts = own[name] === undefined ? numbered(own, name) : [own[name]]
  return parts.length === 0 ? undefined : parts.flat().map(String)
}

function numbered(own: Readonly<Record<string, unknown>>, name: string): unknown[] {
  const parts: unknown[] = []
  while (own[`${name}${parts.length}`] !== undefined) parts.push(own[`${name}${parts.length}`])
  return parts
}

/** A variable and the array that it is set to. */
type Pair = readonly [Variable, string]

/** What has weights: a layer, or the model itself. */
type Owner = Pick<Layer, 'name' | 'weights'>

/** The layers that have weights, one after another. */
function pairsByOrder(where: string, model: Model, saved: readonly SavedLayer[]): Pair[][] {
  const own = model.layers.filter(({ weights }) => weights.length > 0)
  const filled = saved.filter(({ keys }) => keys.length > 0)
  if (own.length !== filled.length) {
    const hint = 'Pass byName: true to load the layers that have the same names'
    const got = { text: `${filled.length} (${filled.map(({ name }) => name).join(', ')})` }
    fail('ERR_FORMAT', where, `${own.length} layers with weights, as the model has`, got, hint)
  }
  return own.map((layer, i) => pairOf(where, ordered(layer), filled[i]!))
}

/** The layers whose names are in the file. */
function pairsByName(
  where: string,
  model: Model,
  saved: readonly SavedLayer[],
  { skipMismatch }: LegacyRules,
): Pair[][] {
  const both = saved.flatMap((one) =>
    model.layers.filter(({ name }) => name === one.name).map((layer) => [layer, one] as const),
  )
  const fitting = both.filter(([{ weights }, { keys }]) => !skipMismatch || weights.length === keys.length)
  return fitting.map(([layer, one]) => pairOf(where, ordered(layer), one))
}

function pairOf(where: string, { name, weights }: Owner, saved: SavedLayer): Pair[] {
  if (weights.length !== saved.keys.length) {
    const got = { text: `${saved.keys.length} of '${saved.name}' in the file` }
    fail('ERR_SHAPE', where, `${weights.length} weights of ${name}`, got)
  }
  return weights.map((weight, i) => [weight, saved.keys[i]!] as const)
}

const ordered = (layer: Layer): Owner => ({
  name: layer.name,
  weights: [...layer.trainableWeights, ...layer.nonTrainableWeights],
})

/** Those that are trained come first. */
function legacyOrder(weights: readonly Variable[]): Variable[] {
  return [...weights.filter(({ trainable }) => trainable), ...weights.filter(({ trainable }) => !trainable)]
}

function titledWeights(model: Model): { readonly variable: Variable; readonly title: string }[] {
  return layerGroups(model).flatMap(({ title, variables }) =>
    variables.map((variable) => ({ variable, title: title === '' ? variable.name : `${title}/${variable.name}` })),
  )
}

const OPTIMIZER = 'optimizer_weights'

/** The optimizer's state in the order of the file. */
function optimizerState(where: string, tree: Hdf5): Tensors {
  const keys = (listOf(tree, OPTIMIZER, 'weight_names') ?? []).map((name) => `${OPTIMIZER}/${name}`)
  const array = (key: string): Tensor => tree.arrays.get(key) ?? fail('ERR_FORMAT', where, key, { text: 'none' })
  return new Map(keys.map((key) => [key, array(key)]))
}

/**
 * The orders in which state may lie: as today, without the rate (Keras 2.11 and later), or without it and slot by slot
 * (before; they called the counter `iter`).
 */
function ordersIn(state: Tensors): (model: Model) => readonly (readonly Variable[])[] {
  const [counter = ''] = state.keys()
  return ({ optimizer }) => {
    const { variables, iterations, learningRate } = optimizer
    const rest = variables.slice(typeof learningRate === 'number' ? 2 : 1)
    if (!/\/iter(ations)?:\d+$/.test(counter)) return [variables, [iterations, ...rest]]
    const slots = optimizer.slotsByName.flat()
    return [[iterations, ...slots, ...rest.filter((one) => !slots.includes(one))]]
  }
}

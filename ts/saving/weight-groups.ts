/** Where Keras's files keep the weights of a model: groups by path, in the order of Keras's own walk. */

import { isNamed } from '../core/structure.js'
import type { Variable } from '../core/variable.js'
import { type Filed, Layer } from '../layers/layer.js'
import { Model } from '../model/model.js'
import type { Optimizer } from '../optimizers/optimizer.js'
import { snake, snakeClass } from '../options/names.js'

/** Variables that a file keeps side by side: those of one layer, or of the optimizer. */
export interface WeightGroup {
  /** `layers/sequential/layers/dense_1`; the empty path is the model's own. */
  readonly path: string
  /** How the owner is called, and what it stands in, by name: `encoder/hidden`. */
  readonly title: string
  readonly owner: Layer | Optimizer
  readonly variables: readonly Variable[]
  /** Of these, what a file keeps that has them by their places. */
  readonly filed: readonly Filed[]
}

/** The groups of a model's layers, each layer once, those without weights too. */
export function layerGroups(model: Layer): WeightGroup[] {
  const walk = new Walk()
  walk.layer(model, '', '')
  return walk.groups
}

/** The optimizer's group, as far as its variables exist. */
export function optimizerGroup({ optimizer }: Model): WeightGroup {
  const { variables } = optimizer
  const filed = variables.map((variable) => ({ variable, value: () => variable.read() }))
  return { path: 'optimizer', title: 'optimizer', owner: optimizer, variables, filed }
}

class Walk {
  readonly groups: WeightGroup[] = []
  readonly #seen = new Set<unknown>()

  layer(layer: Layer, path: string, title: string): void {
    if (this.#seen.has(layer)) return
    this.#seen.add(layer)
    const variables = ownWeights(layer)
    this.groups.push({ path, title, owner: layer, variables, filed: layer.filed(variables) })
    for (const [name, part] of partsOf(layer)) {
      if (part instanceof Layer) this.layer(part, join(path, name), join(title, part.name))
      else this.#container(part, join(path, name), title)
    }
  }

  /** Members go by their class and not by their name, which may differ between two instances of one model. */
  #container(members: readonly unknown[], path: string, title: string): void {
    if (this.#seen.has(members)) return
    this.#seen.add(members)
    const counts = new Map<string, number>()
    const unique = (name: string): string => {
      const before = counts.get(name)
      counts.set(name, (before ?? -1) + 1)
      return before === undefined ? name : `${name}_${before + 1}`
    }
    for (const member of members) {
      const list = listIn(member)
      if (member instanceof Layer) this.layer(member, join(path, unique(classPath(member))), join(title, member.name))
      else if (list !== undefined) this.#container(list, join(path, unique('container')), title)
    }
  }
}

/** What a layer is made of, by Keras's names of its attributes: a graph's layers first, then attributes by name. */
function partsOf(layer: Layer): (readonly [string, Layer | readonly unknown[]])[] {
  if (layer instanceof Model && layer.graph !== undefined) return [['layers', layer.layers]]
  // The options name what the layer was made from; what it keeps of them is an attribute of its own.
  const { options: _, ...attributes } = layer
  const called = (layer.constructor as typeof Layer).attributes
  const named = Object.entries(attributes).flatMap(([name, value]) => {
    const part = value instanceof Layer ? value : listIn(value)
    return part === undefined ? [] : [[called[name] ?? snake(name), part] as const]
  })
  // What no attribute shows (private fields) comes with the list of layers: in a model that is an attribute as others are.
  const all = ['layers', layer.sublayers] as const
  const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)
  return layer instanceof Model ? [...named, all].sort(byName) : [...named.sort(byName), all]
}

/** The members of a list, an object or a map; none of anything else. */
function listIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value
  if (value instanceof Map) return [...value.values()]
  return isNamed(value) ? Object.values(value) : undefined
}

/** A layer's variables without those of the layers inside. */
function ownWeights(layer: Layer): Variable[] {
  const inside = new Set(layer.sublayers.flatMap((one) => one.weights))
  return layer.weights.filter((weight) => !inside.has(weight))
}

/** Keras calls a graph of layers `Functional`, whatever its name, and has a class that it exports by another name. */
function classPath(layer: Layer): string {
  const isGraph = layer instanceof Model && layer.graph !== undefined && !layer.isStack
  const { className } = layer
  return snakeClass(isGraph ? 'Functional' : className === 'GroupQueryAttention' ? 'GroupedQueryAttention' : className)
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`)

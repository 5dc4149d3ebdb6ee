/** Weights as Keras's HDF5 files hold them: `layers/dense/vars/0`, the owner's name beside them. */

import type { Variable } from '../core/variable.js'
import { Layer } from '../layers/layer.js'
import { withRoom } from '../layers/weight.js'
import type { Model } from '../model/model.js'
import type { Hdf5, Sources, Tensors } from './archive.js'
import { idfArrays, idfFrom, isIdf } from './assets.js'
import { assignFrom, type LoadReport, type LoadRules, type Place, WHOLE } from './assignments.js'
import { layerGroups, optimizerGroup, type WeightGroup } from './weight-groups.js'

/** What the paths of the optimizer's state begin with. */
const OPTIMIZER = 'optimizer/'

/** What a file of a model's weights holds; with the optimizer's state where the model has an optimizer. */
export function weightsTree(model: Model, { optimizer = false }: { readonly optimizer?: boolean } = {}): Hdf5<Sources> {
  const groups = [...layerGroups(model), ...(optimizer && model.isCompiled ? [optimizerGroup(model)] : [])]
  const arrays = groups.flatMap(({ path, filed }) => filed.map(({ value }, i) => [keyOf(path, i), value()] as const))
  const beside = groups.flatMap((group) => idfArrays(group))
  const attributes = groups.map((group) => [varsOf(group.path), { name: group.owner.name }])
  return { arrays: new Map([...arrays, ...beside]), attributes: Object.fromEntries(attributes) }
}

/** Sets a model's weights to those of a file. */
export function loadLayers(where: string, model: Model, tree: Hdf5, rules: LoadRules): LoadReport {
  const own = new Map([...tree.arrays].filter(([key]) => !key.startsWith(OPTIMIZER) && !isIdf(key)))
  const groups = layerGroups(model)
  const setIdf = idfFrom(where, groups, tree.arrays)
  const report = assignFrom(where, own, groups.flatMap(placesOf), rules)
  setIdf()
  for (const { owner } of groups) if (owner instanceof Layer) owner.onRead()
  return report
}

/** Numbers of weights that layers may have and no file has. */
const SPARE = 1 << 16

/**
 * Runs `make`, which makes a model for the weights of a file: one that declares larger ones is refused before there is memory
 * for them.
 */
export function withRoomFor<R>({ arrays }: Hdf5, make: () => R): R {
  const numbers = [...arrays.values()].reduce((sum, { size }) => sum + size, 0)
  return withRoom(numbers + SPARE, make)
}

/** Whether a file has the state of an optimizer. */
export function hasOptimizer({ arrays }: Hdf5): boolean {
  return [...arrays.keys()].some((key) => key.startsWith(OPTIMIZER))
}

/** Sets an optimizer's state to that of a file; a file without one leaves it new, and so does one of another optimizer. */
export function loadOptimizer(where: string, model: Model, tree: Hdf5): void {
  const saved = [...tree.arrays].filter(([key]) => key.startsWith(OPTIMIZER))
  const place = ([key]: readonly [string, unknown]): number => Number(key.split('/').at(-1))
  setOptimizer(where, model, new Map(saved.sort((a, b) => place(a) - place(b))))
}

/** The same for a state in order; `orders` says in which orders, beyond the own one, variables may come. */
export function setOptimizer(
  where: string,
  model: Model,
  saved: Tensors,
  orders: (model: Model) => readonly (readonly Variable[])[] = () => [model.optimizer.variables],
): void {
  if (saved.size === 0) return
  // Counter and rate alone: it was saved before its first step.
  if (saved.size > 2) model.optimizer.build(model.trainableVariables)
  const variables = orders(model).find((order) => order.length === saved.size)
  if (variables === undefined) warnOther(where, model.optimizer.variables.length, saved.size)
  else assignFrom(`${where} optimizer`, saved, inOrder(variables, [...saved.keys()]), WHOLE)
}

function inOrder(variables: readonly Variable[], keys: readonly string[]): Place[] {
  return variables.map((variable, i) => ({ variable, key: keys[i]!, title: `optimizer/${variable.name}` }))
}

function warnOther(where: string, own: number, saved: number): void {
  process.emitWarning(
    `${where}: the optimizer starts anew: it has ${own} variables, and the file has ${saved} of one`,
    { code: 'FERROGRAD_OPTIMIZER_STATE' },
  )
}

/** Where each variable of a group is. */
function placesOf({ path, title, filed }: WeightGroup): Place[] {
  return filed.map(({ variable }, index) => ({
    variable,
    key: keyOf(path, index),
    title: title === '' ? variable.name : `${title}/${variable.name}`,
  }))
}

const keyOf = (path: string, index: number): string => `${varsOf(path)}/${index}`
const varsOf = (path: string): string => (path === '' ? 'vars' : `${path}/vars`)

/** Weights as Keras's HDF5 files hold them: `layers/dense/vars/0`, the owner's name beside them. */

import type { Model } from '../model/model.js'
import type { DType } from '../types.js'
import type { FileArray, Hdf5, Sources } from './archive.js'
import { assignFrom, type LoadReport, type LoadRules, type Place } from './assignments.js'
import { layerGroups, optimizerGroup, type WeightGroup } from './weight-groups.js'

/** What a file of a model's weights holds; with the optimizer's state where the model has an optimizer. */
export function weightsTree(model: Model, { optimizer = false }: { readonly optimizer?: boolean } = {}): Hdf5<Sources> {
  const groups = [...layerGroups(model), ...(optimizer && model.isCompiled ? [optimizerGroup(model)] : [])]
  const arrays = groups.flatMap((group) => placesOf(group).map(({ key, variable }) => [key, variable.read()] as const))
  const attributes = groups.map((group) => [varsOf(group.path), { name: group.owner.name }])
  return { arrays: new Map(arrays), attributes: Object.fromEntries(attributes) }
}

/** Sets a model's weights to those of a file. */
export function loadLayers(where: string, model: Model, tree: Hdf5, rules: LoadRules): LoadReport {
  const groups = withoutOptimizer(tree.arrays)
  return assignFrom(where, groups, layerGroups(model).flatMap(placesOf), rules)
}

/** Sets an optimizer's state to that of a file; a file without one leaves it new, and so does one of another optimizer. */
export function loadOptimizer(where: string, model: Model, tree: Hdf5): void {
  const saved = new Map([...tree.arrays].filter(([key]) => key.startsWith(`${varsOf('optimizer')}/`)))
  if (saved.size === 0) return
  // Counter and rate alone: it was saved before its first step.
  if (saved.size > model.optimizer.variables.length) model.optimizer.build(model.trainableVariables)
  const places = placesOf(optimizerGroup(model))
  if (places.length === saved.size)
    assignFrom(`${where} optimizer`, saved, places, { strict: true, skipMismatch: false })
  else warnOther(where, places.length, saved.size)
}

function warnOther(where: string, own: number, saved: number): void {
  process.emitWarning(
    `${where}: the optimizer starts anew: it has ${own} variables, and the file has ${saved} of one`,
    { code: 'FERROGRAD_OPTIMIZER_STATE' },
  )
}

/** Where each variable of a group is. */
function placesOf({ path, title, variables }: WeightGroup): Place[] {
  return variables.map((variable, index) => ({
    variable,
    key: `${varsOf(path)}/${index}`,
    title: title === '' ? variable.name : `${title}/${variable.name}`,
  }))
}

const varsOf = (path: string): string => (path === '' ? 'vars' : `${path}/vars`)

function withoutOptimizer(arrays: ReadonlyMap<string, FileArray<DType>>): Map<string, FileArray<DType>> {
  return new Map([...arrays].filter(([key]) => !key.startsWith('optimizer/')))
}

/** Weights alone, in the format that a path's extension names. */

import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import { readHdf5, readSafetensors, writeHdf5, writeSafetensors } from './archive.js'
import { assignFrom, type LoadReport, type LoadRules, type Place } from './assignments.js'
import { layerGroups } from './weight-groups.js'
import { loadLayers, weightsTree } from './weights-tree.js'

/** How weights are kept in files of one kind. */
interface WeightFormat {
  /** What paths end in. */
  readonly ending: string
  save(model: Model, path: string): Promise<void>
  load(model: Model, path: string, rules: LoadRules): Promise<LoadReport>
}

/** Keras's own: `layers/dense/vars/0`. */
const keras: WeightFormat = {
  ending: '.weights.h5',
  save: (model, path) => writeHdf5(path, weightsTree(model)),
  load: async (model, path, rules) => loadLayers(path, model, await readHdf5(path), rules),
}

/** By the names of layers and weights: `encoder/hidden/kernel`. */
const safetensors: WeightFormat = {
  ending: '.safetensors',
  async save(model, path) {
    const arrays = new Map(namedPlaces(model).map(({ key, variable }) => [key, variable.read()]))
    await writeSafetensors(path, { arrays, metadata: { format: 'ferrograd' } })
  },
  async load(model, path, rules) {
    const { arrays } = await readSafetensors(path)
    return assignFrom(path, arrays, namedPlaces(model), rules)
  },
}

const formats = [keras, safetensors] as const satisfies readonly WeightFormat[]

/** The format of a path. */
export function weightFormatOf(where: string, path: string): WeightFormat {
  const endings = formats.map(({ ending }) => ending)
  return (
    formats.find(({ ending }) => path.endsWith(ending)) ??
    fail('ERR_CONFIG', `${where}.path`, `a path that ends in ${endings.join(' or ')}`, path)
  )
}

/** Each weight by name; names that several have are counted. */
function namedPlaces(model: Model): Place[] {
  const counts = new Map<string, number>()
  return layerGroups(model).flatMap(({ title, variables }) =>
    variables.map((variable) => {
      const name = title === '' ? variable.name : `${title}/${variable.name}`
      const before = counts.get(name) ?? 0
      counts.set(name, before + 1)
      const key = before === 0 ? name : `${name}_${before}`
      return { variable, key, title: key }
    }),
  )
}

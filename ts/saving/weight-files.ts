/** Weights alone, in the format that a path's extension names. */

import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import { readHdf5, readSafetensors, type Sources, writeHdf5, writeSafetensors } from './archive.js'
import { assignFrom, type LoadReport, type LoadRules, type Place } from './assignments.js'
import { kerasWeights } from './keras-file.js'
import { loadLegacyWeights } from './legacy-h5.js'
import { ENDING, readSharded, saveSharded } from './sharded-weights.js'
import { loadTorchState, torchState } from './torch-names.js'
import { layerGroups } from './weight-groups.js'
import { loadLayers, weightsTree } from './weights-tree.js'

/** Whose names and layouts weights have in safetensors: ours, or those of a `torch.nn` state dict. */
export type Naming = 'ferrograd' | 'torch'

/** How weights are written. */
export interface SaveRules {
  readonly naming: Naming
  /** Most bytes of a file, in units of 2³⁰. */
  readonly maxShardSize: number
}

/** How weights are read. */
export interface ReadRules extends LoadRules {
  readonly naming: Naming
  readonly byName: boolean
}

/** How weights are kept in files of one kind. */
interface WeightFormat {
  /** What paths end in. */
  readonly endings: readonly string[]
  /** Options that only some formats have. */
  readonly options: readonly string[]
  readonly save?: (where: string, model: Model, path: string, rules: SaveRules) => Promise<void>
  load(where: string, model: Model, path: string, rules: ReadRules): Promise<LoadReport>
}

/** Keras's own: `layers/dense/vars/0`. */
const keras: WeightFormat = {
  endings: ['.weights.h5'],
  options: [],
  save: (_, model, path) => writeHdf5(path, weightsTree(model)),
  load: async (_, model, path, rules) => loadLayers(path, model, await readHdf5(path), rules),
}

/** Those of a whole model, only read. */
const whole: WeightFormat = {
  endings: ['.keras'],
  options: [],
  load: async (_, model, path, rules) => loadLayers(path, model, await kerasWeights(path), rules),
}

/** The same in several files. */
const sharded: WeightFormat = {
  endings: [ENDING],
  options: ['maxShardSize'],
  save: (_, model, path, { maxShardSize }) => saveSharded(model, path, maxShardSize),
  load: async (_, model, path, rules) => loadLayers(path, model, await readSharded(path), rules),
}

/** By the names of layers and weights, `encoder/hidden/kernel`, or by PyTorch's. */
const safetensors: WeightFormat = {
  endings: ['.safetensors'],
  options: ['naming'],
  async save(where, model, path, { naming }) {
    const arrays = naming === 'torch' ? torchState(where, model) : namedState(model)
    await writeSafetensors(path, { arrays, metadata: { format: naming === 'torch' ? 'pt' : 'ferrograd' } })
  },
  async load(where, model, path, { naming, ...rules }) {
    const { arrays } = await readSafetensors(path)
    if (naming === 'torch') return loadTorchState(where, model, arrays, rules)
    return assignFrom(path, arrays, namedPlaces(model), rules)
  },
}

/** Keras 2's, by layers in order or by name. */
const legacy: WeightFormat = {
  endings: ['.h5', '.hdf5'],
  options: ['byName'],
  load: (_, model, path, rules) => loadLegacyWeights(model, path, rules),
}

const formats = [keras, sharded, safetensors, whole, legacy] as const satisfies readonly WeightFormat[]

/** Paths that weights are written to end in one of these. */
export const weightEndings: readonly string[] = formats.filter(isWritten).flatMap(({ endings }) => endings)

/** A format that is written too. */
type Written = WeightFormat & Required<Pick<WeightFormat, 'save'>>

function isWritten(format: WeightFormat): format is Written {
  return format.save !== undefined
}

/** The format of a path that is written. */
export function writtenFormat(where: string, path: string, options: object): Written {
  const format = formats.find((one) => ends(path, one))
  if (format === undefined || !isWritten(format))
    return fail('ERR_CONFIG', `${where}.path`, `a path that ends in ${weightEndings.join(' or ')}`, path)
  return checkOptions(where, path, format, options)
}

/** The format of a path that is read. */
export function readFormat(where: string, path: string, options: object): WeightFormat {
  const endings = formats.flatMap((format) => format.endings)
  const format = formats.find((one) => ends(path, one))
  if (format === undefined) fail('ERR_CONFIG', `${where}.path`, `a path that ends in ${endings.join(' or ')}`, path)
  return checkOptions(where, path, format, options)
}

const ends = (path: string, { endings }: WeightFormat): boolean => endings.some((ending) => path.endsWith(ending))

/** Refuses options of other formats. */
function checkOptions<F extends WeightFormat>(where: string, path: string, format: F, options: object): F {
  for (const other of formats) {
    const wrong = other.options.find((name) => !format.options.includes(name) && Object.hasOwn(options, name))
    if (wrong !== undefined) {
      fail('ERR_CONFIG', `${where}.${wrong}`, `a path that ends in ${other.endings.join(' or ')}`, path)
    }
  }
  return format
}

function namedState(model: Model): Sources {
  return new Map(namedPlaces(model).map(({ key, variable }) => [key, variable.read()]))
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

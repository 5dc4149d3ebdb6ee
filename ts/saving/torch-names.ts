/** Weights under the names and in the layouts of PyTorch: what `torch.nn.Module.state_dict` holds. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import { transpose } from '../ops.js'
import type { FileArray, Sources, Tensors } from './archive.js'
import { assignFrom, type LoadReport, type LoadRules, type Place } from './assignments.js'
import { ownNames, type RecurrentModule, recurrentModule, takeTheirs, theirArrays } from './torch-recurrent.js'
import { layerGroups, type WeightGroup } from './weight-groups.js'

/** A weight of ours and PyTorch's: its name, and the axes that are put one after another where the layout is another. */
type Rule = readonly [own: string, theirs: string, axes?: readonly number[]]

const scaleAndShift: readonly Rule[] = [
  ['gamma', 'weight'],
  ['beta', 'bias'],
]

/** Convolutions over so many axes: PyTorch has channels before the places of a window, ours of the input and the result last. */
const convolution = (axes: number): readonly Rule[] => [
  ['kernel', 'weight', [axes + 1, axes, ...Array.from({ length: axes }, (_, axis) => axis)]],
  ['bias', 'bias'],
]

/** By our classes. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
  BatchNormalization: [...scaleAndShift, ['moving_mean', 'running_mean'], ['moving_variance', 'running_var']],
  Conv1D: convolution(1),
  Conv1DTranspose: convolution(1),
  Conv2D: convolution(2),
  Conv2DTranspose: convolution(2),
  Conv3D: convolution(3),
  Conv3DTranspose: convolution(3),
  Dense: [
    ['kernel', 'weight', [1, 0]],
    ['bias', 'bias'],
  ],
  Embedding: [['embeddings', 'weight']],
  GroupNormalization: scaleAndShift,
  LayerNormalization: scaleAndShift,
  RMSNormalization: [['scale', 'weight']],
}

/** How many batches a normalisation has seen: PyTorch keeps it, and asks for it, but uses it only without a momentum. */
const COUNT = 'num_batches_tracked'

/** A module: a layer that has weights. */
interface Module extends WeightGroup {
  readonly rules: readonly Rule[]
  /** Set where it is the cell of a recurrent layer. */
  readonly recurrent?: RecurrentModule
}

/** What a state dict of a model's weights holds. */
export function torchState(where: string, model: Model): Sources {
  const modules = modulesOf(where, model)
  const cells = modules.flatMap((module) => {
    if (module.recurrent === undefined) return []
    const arrays = theirArrays(module.recurrent, module.variables)
    return arrays.map(([end, tensor]) => [within(nameOf(module), end), tensor] as const)
  })
  const others = modules.filter(({ recurrent }) => recurrent === undefined)
  const weights = others.flatMap((module) => placesIn(module, nameOf(module)))
  const counts = modules.filter(isCounted).map((module) => [`${nameOf(module)}.${COUNT}`, zeroCount] as const)
  const tensors = weights.map(({ key, variable, axes }) => [key, laid(variable.read(), axes)] as const)
  return new Map<string, FileArray | Tensor>([...tensors, ...cells, ...counts])
}

const zeroCount = { dtype: 'int64', shape: [], values: BigInt64Array.of(0n) } as const

/** Sets a model's weights to those of a state dict. */
export function loadTorchState(where: string, model: Model, arrays: Tensors, strictness: LoadRules): LoadReport {
  const modules = modulesOf(where, model)
  const weights = new Map([...arrays].filter(([key]) => !key.endsWith(`.${COUNT}`) && key !== COUNT))
  const names = namesIn(modules, [...weights.keys()])
  for (const [i, { recurrent }] of modules.entries()) if (recurrent) takeTheirs(recurrent, names[i]!, weights)
  const places = modules.flatMap((module, i) => placesIn(module, names[i]!))
  const turned = places.filter(({ key, axes }) => axes !== undefined && weights.get(key)?.rank === axes.length)
  for (const { key, axes } of turned) weights.set(key, laid(weights.get(key)!, inverse(axes!)))
  return assignFrom(where, weights, places, strictness)
}

/** The layers with weights, each with what is known of its class. */
function modulesOf(where: string, model: Model): Module[] {
  const groups = layerGroups(model).filter(({ variables }) => variables.length > 0)
  return groups.map((group) => {
    const recurrent = recurrentModule(where, group)
    if (recurrent !== undefined) return { ...group, title: recurrent.title, rules: ownNames(recurrent), recurrent }
    const known = rules[group.owner.className]
    if (known === undefined) {
      const expected = `layers that torch.nn has too (${[...Object.keys(rules), 'SimpleRNN', 'LSTM', 'GRU'].join(', ')})`
      fail('ERR_CONFIG', `${where} naming`, expected, { text: `${group.owner.className} '${group.title}'` })
    }
    return { ...group, rules: known }
  })
}

/** `encoder.hidden` */
const nameOf = ({ title }: Module): string => title.replaceAll('/', '.')

const isCounted = ({ owner }: Module): boolean => owner.className === 'BatchNormalization'

/** Where the weights of a module are, under a name. */
function placesIn({ title, variables, rules }: Module, name: string): (Place & { readonly axes: Rule[2] })[] {
  return variables.map((variable) => {
    const rule = rules.find(([own]) => own === variable.name)
    const [, theirs, axes] = rule ?? fail('ERR_INTERNAL', title, 'a rule for every weight', { text: variable.name })
    return { variable, axes, key: within(name, theirs), title: `${title}/${variable.name}` }
  })
}

const within = (name: string, end: string): string => (name === '' ? end : `${name}.${end}`)

/**
 * The names of our modules in a state dict: their own, or, where it is of a `torch.nn.Sequential` (all its modules are
 * numbers), those numbers in order.
 */
function namesIn(modules: readonly Module[], keys: readonly string[]): string[] {
  // The two directions of a layer are one module.
  const own = [...new Set(modules.map(nameOf))]
  const saved = [...new Set(keys.map((key) => key.slice(0, Math.max(0, key.lastIndexOf('.')))))]
  const numbered = saved.length === own.length && saved.every((name) => /^\d+(\.\d+)*$/.test(name))
  if (!numbered || own.some((name) => saved.includes(name))) return modules.map(nameOf)
  saved.sort((a, b) => compare(a.split('.').map(Number), b.split('.').map(Number)))
  return modules.map((module) => saved[own.indexOf(nameOf(module))]!)
}

/** The first place where they differ decides. */
function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, i) => number !== b[i])
  return at < 0 ? a.length - b.length : a[at]! - (b[at] ?? -1)
}

const laid = (tensor: Tensor, axes: Rule[2]): Tensor => (axes === undefined ? tensor : transpose(tensor, axes))

const inverse = (axes: readonly number[]): number[] => axes.map((_, axis) => axes.indexOf(axis))

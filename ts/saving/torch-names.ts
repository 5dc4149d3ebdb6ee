/** Weights under the names and in the layouts of PyTorch: what `torch.nn.Module.state_dict` holds. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { MultiHeadAttention } from '../layers/attention/multi-head-attention.js'
import { Layer } from '../layers/layer.js'
import type { Model } from '../model/model.js'
import { transpose } from '../ops.js'
import type { FileArray, Sources, Tensors } from './archive.js'
import { assignFrom, type LoadReport, type LoadRules, type Place } from './assignments.js'
import { attentionPart } from './torch-attention.js'
import type { Composite, Rule } from './torch-composite.js'
import { depthwise } from './torch-depthwise.js'
import { recurrentModule } from './torch-recurrent.js'
import { layerGroups, type WeightGroup } from './weight-groups.js'

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

/** Layers of ours whose weights are not one by one those of a module, in messages. */
const composites = [
  'DepthwiseConv1D',
  'DepthwiseConv2D',
  'SimpleRNN',
  'LSTM',
  'GRU',
  'MultiHeadAttention',
  'TransformerEncoder',
  'TransformerDecoder',
]

/** What PyTorch calls the parts of a block, by ours. */
const blocks: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  TransformerEncoder: {
    selfAttentionLayer: 'self_attn',
    selfAttentionLayerNorm: 'norm1',
    feedforwardIntermediateDense: 'linear1',
    feedforwardOutputDense: 'linear2',
    feedforwardLayerNorm: 'norm2',
  },
  TransformerDecoder: {
    selfAttentionLayer: 'self_attn',
    selfAttentionLayerNorm: 'norm1',
    crossAttentionLayer: 'multihead_attn',
    crossAttentionLayerNorm: 'norm2',
    feedforwardIntermediateDense: 'linear1',
    feedforwardOutputDense: 'linear2',
    feedforwardLayerNorm: 'norm3',
  },
}

/** How many batches a normalisation has seen: PyTorch keeps it, and asks for it, but uses it only without a momentum. */
const COUNT = 'num_batches_tracked'

/** Where a layer is in a state dict: the module that our layer is, and, where that is a block, the part of it. */
interface Name {
  readonly module: string
  readonly part: string
}

/** A layer that has weights. */
interface Module extends WeightGroup, Name {
  readonly rules: readonly Rule[]
  readonly composite?: Composite
}

/** What a state dict of a model's weights holds. */
export function torchState(where: string, model: Model): Sources {
  const modules = modulesOf(where, model)
  const arrays = modules.flatMap((module) => arraysOf(module, within(module.module, module.part)))
  return new Map(arrays)
}

function arraysOf(module: Module, name: string): (readonly [string, FileArray | Tensor])[] {
  const { composite, variables, filed, owner } = module
  if (composite !== undefined) return composite.give(variables).map(([end, tensor]) => [within(name, end), tensor])
  const weights = placesIn(module, name).map(({ key, axes }, i) => [key, laid(filed[i]!.value(), axes)] as const)
  return owner.className === 'BatchNormalization' ? [...weights, [within(name, COUNT), zeroCount]] : weights
}

const zeroCount = { dtype: 'int64', shape: [], values: BigInt64Array.of(0n) } as const

/** Sets a model's weights to those of a state dict. */
export function loadTorchState(where: string, model: Model, arrays: Tensors, strictness: LoadRules): LoadReport {
  const modules = modulesOf(where, model)
  const weights = new Map([...arrays].filter(([key]) => !key.endsWith(`.${COUNT}`) && key !== COUNT))
  const called = namesIn(modules, [...weights.keys()])
  const named = modules.map((module) => [module, within(called(module.module), module.part)] as const)
  for (const [{ composite }, name] of named) composite?.take(name === '' ? '' : `${name}.`, weights)
  const places = named.flatMap(([module, name]) => placesIn(module, name))
  const turned = places.filter(({ key, axes }) => axes !== undefined && weights.get(key)?.rank === axes.length)
  for (const { key, axes } of turned) weights.set(key, laid(weights.get(key)!, inverse(axes!)))
  const report = assignFrom(where, weights, places, strictness)
  for (const { owner } of modules) if (owner instanceof Layer) owner.onRead()
  return report
}

/** The layers with weights, each with what is known of its class. */
function modulesOf(where: string, model: Model): Module[] {
  const groups = layerGroups(model)
  const names = new Map<unknown, Name>(groups.flatMap(partNames))
  const heads = new Map<unknown, Module>(groups.flatMap((group) => headsOf(where, group, names)))
  const withWeights = groups.filter(({ variables }) => variables.length > 0)
  return withWeights.map((group) => {
    const name = names.get(group.owner) ?? { module: dotted(group.title), part: '' }
    return heads.get(group.owner) ?? { ...group, ...name, ...known(where, group) }
  })
}

/** The names of a block's parts. */
function partNames({ owner, title }: WeightGroup): (readonly [unknown, Name])[] {
  const parts = Object.entries(blocks[owner.className] ?? {})
  return parts.map(([attribute, part]) => [Reflect.get(owner, attribute), { module: dotted(title), part }])
}

/** The projections of an attention, by themselves. */
function headsOf(where: string, { owner, title }: WeightGroup, names: ReadonlyMap<unknown, Name>): [unknown, Module][] {
  if (!(owner instanceof MultiHeadAttention)) return []
  const name = names.get(owner) ?? { module: dotted(title), part: '' }
  return owner.sublayers.map((part) => {
    const composite = attentionPart(where, title, owner, part)
    const group = { owner: part, path: '', title: `${title}/${part.name}` }
    const filed = part.filed(part.weights)
    return [part, { ...group, ...name, variables: part.weights, filed, composite, rules: composite.rules }]
  })
}

/** What is known of a class. */
function known(where: string, group: WeightGroup): Partial<Name> & Pick<Module, 'rules' | 'composite'> {
  const recurrent = recurrentModule(where, group)
  const composite = recurrent?.composite ?? depthwise(group)
  const own = composite?.rules ?? rules[group.owner.className]
  if (own === undefined) {
    const expected = `layers that torch.nn has too (${[...Object.keys(rules), ...composites].join(', ')})`
    return fail('ERR_CONFIG', `${where} naming`, expected, { text: `${group.owner.className} '${group.title}'` })
  }
  const named = recurrent === undefined ? {} : { module: dotted(recurrent.title) }
  return { ...named, rules: own, ...(composite && { composite }) }
}

/** `encoder.hidden` */
const dotted = (title: string): string => title.replaceAll('/', '.')

/** Where the weights of a module are, under a name. */
function placesIn({ title, filed, rules }: Module, name: string): (Place & { readonly axes: Rule[2] })[] {
  return filed.map(({ variable }) => {
    const rule = rules.find(([own]) => own === variable.name)
    const [, theirs, axes] = rule ?? fail('ERR_INTERNAL', title, 'a rule for every weight', { text: variable.name })
    return { variable, axes, key: within(name, theirs), title: `${title}/${variable.name}` }
  })
}

const within = (name: string, end: string): string => (name === '' || end === '' ? `${name}${end}` : `${name}.${end}`)

/**
 * What our modules are called in a state dict: their own names, or, where it is of a `torch.nn.Sequential` (all its modules
 * are numbers), those numbers in order.
 */
function namesIn(modules: readonly Module[], keys: readonly string[]): (module: string) => string {
  // The two directions of a layer are one module, and so are the parts of a block.
  const own = [...new Set(modules.map(({ module }) => module))]
  const saved = [...new Set(keys.map((key) => /^\d+(\.\d+)*(?=\.)/.exec(key)?.[0]))]
  const numbers = saved.filter((name) => name !== undefined)
  const numbered = numbers.length === saved.length && numbers.length === own.length
  if (!numbered || own.some((name) => numbers.includes(name))) return (module) => module
  numbers.sort((a, b) => compare(a.split('.').map(Number), b.split('.').map(Number)))
  return (module) => numbers[own.indexOf(module)]!
}

/** The first place where they differ decides. */
function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, i) => number !== b[i])
  return at < 0 ? a.length - b.length : a[at]! - (b[at] ?? -1)
}

const laid = (tensor: Tensor, axes: Rule[2]): Tensor => (axes === undefined ? tensor : transpose(tensor, axes))

const inverse = (axes: readonly number[]): number[] => axes.map((_, axis) => axes.indexOf(axis))

/**
 * Recurrent layers in PyTorch's state dicts: a module has the weights of both directions side by side, their rows and columns
 * swapped, its gates in another order, and two biases that are added up.
 */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { GRUCell } from '../layers/recurrent/gru-cell.js'
import { add, concatenate, reshape, split, stack, transpose, zerosLike } from '../ops.js'
import type { WeightGroup } from './weight-groups.js'

/** By our classes of cells: which of our gates each of PyTorch's is. Either way it is the same order. */
const gates: Readonly<Record<string, readonly number[]>> = {
  SimpleRNNCell: [0],
  LSTMCell: [0, 1, 2, 3],
  GRUCell: [1, 0, 2],
}

/** Our names of a cell's weights. */
const OWN = ['kernel', 'recurrent_kernel', 'bias'] as const

/** The cell of a layer that `torch.nn` has as a module. */
export interface RecurrentModule {
  /** The name of the layer, or of the layer that goes both ways. */
  readonly title: string
  /** `_reverse` for the direction that PyTorch calls so. */
  readonly way: '' | '_reverse'
  readonly order: readonly number[]
  /** Whether each product has its own bias. */
  readonly twoBiases: boolean
}

/** What is known of a group where it is such a cell. */
export function recurrentModule(where: string, { owner, path, title }: WeightGroup): RecurrentModule | undefined {
  const order = gates[owner.className]
  if (order === undefined) return undefined
  const direction = /(forward|backward)_layer\/cell$/.exec(path)?.[1]
  const layer = title
    .split('/')
    .slice(0, direction === undefined ? -1 : -2)
    .join('/')
  if (owner instanceof GRUCell && !owner.options.resetAfter) {
    const got = { text: `'${layer}' without` }
    fail('ERR_CONFIG', `${where} naming`, 'resetAfter: true, which torch.nn.GRU always has', got)
  }
  const way = direction === 'backward' ? '_reverse' : ''
  return { title: layer, way, order, twoBiases: owner instanceof GRUCell }
}

/** The names of our weights among those of the module. */
export const ownNames = ({ way }: RecurrentModule): (readonly [own: string, theirs: string])[] =>
  OWN.map((name) => [name, `${name}${way}`] as const)

/** PyTorch's arrays of a cell, by the ends of their names. */
export function theirArrays(module: RecurrentModule, variables: readonly Variable[]): (readonly [string, Tensor])[] {
  const end = `l0${module.way}`
  const [kernel, recurrent, bias] = OWN.map((name) => variables.find((variable) => variable.name === name)?.read())
  const matrix = (x: Tensor): Tensor => transpose(inOrder(x, module.order))
  const matrices = [
    [`weight_ih_${end}`, matrix(kernel!)],
    [`weight_hh_${end}`, matrix(recurrent!)],
  ] as const
  if (bias === undefined) return [...matrices]
  const [own, other] = module.twoBiases ? split(bias, 2).map((one) => reshape(one, [-1])) : [bias, zerosLike(bias)]
  return [
    ...matrices,
    [`bias_ih_${end}`, inOrder(own!, module.order)],
    [`bias_hh_${end}`, inOrder(other!, module.order)],
  ]
}

/** Replaces PyTorch's arrays of a module called `name` by ours, where they are all there. */
export function takeTheirs(module: RecurrentModule, name: string, arrays: Map<string, Tensor>): void {
  const prefix = name === '' ? '' : `${name}.`
  const key = (kind: string): string => `${prefix}${kind}_l0${module.way}`
  const [kernel, recurrent] = [arrays.get(key('weight_ih')), arrays.get(key('weight_hh'))]
  if (kernel?.rank !== 2 || recurrent?.rank !== 2 || kernel.shape[0]! % module.order.length !== 0) return
  const [first, second] = [arrays.get(key('bias_ih')), arrays.get(key('bias_hh'))]
  for (const kind of ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']) arrays.delete(key(kind))
  const put = (own: string, x: Tensor): unknown => arrays.set(`${prefix}${own}${module.way}`, x)
  put('kernel', inOrder(transpose(kernel), module.order))
  put('recurrent_kernel', inOrder(transpose(recurrent), module.order))
  if (first === undefined || second === undefined) return
  put('bias', inOrder(module.twoBiases ? stack([first, second]) : add(first, second), module.order))
}

/** The gates along the last axis in another order. */
function inOrder(x: Tensor, order: readonly number[]): Tensor {
  if (order.every((from, to) => from === to)) return x
  const parts = split(x, order.length, { axis: -1 })
  return concatenate(
    order.map((from) => parts[from]!),
    { axis: -1 },
  )
}

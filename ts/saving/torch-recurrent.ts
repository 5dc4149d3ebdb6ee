/**
 * Recurrent layers in PyTorch's state dicts: a module has the weights of both directions side by side, their rows and columns
 * swapped, its gates in another order, and two biases that are added up.
 */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { GRUCell } from '../layers/recurrent/gru-cell.js'
import { add, concatenate, reshape, split, stack, transpose, zerosLike } from '../ops.js'
import type { Composite } from './torch-composite.js'
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
interface Cell {
  /** `_reverse` for the direction that PyTorch calls so. */
  readonly way: '' | '_reverse'
  readonly order: readonly number[]
  /** Whether each product has its own bias. */
  readonly twoBiases: boolean
}

/** A recurrent layer, or one that goes both ways, by its name, and its weights. */
export interface RecurrentModule {
  readonly title: string
  readonly composite: Composite
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
  return { title: layer, composite: compositeOf({ way, order, twoBiases: owner instanceof GRUCell }) }
}

function compositeOf(cell: Cell): Composite {
  return {
    rules: OWN.map((name) => [name, `${name}${cell.way}`]),
    give: (variables) => theirArrays(cell, variables),
    take: (prefix, arrays) => takeTheirs(cell, prefix, arrays),
  }
}

function theirArrays({ way, order, twoBiases }: Cell, variables: readonly Variable[]): (readonly [string, Tensor])[] {
  const [kernel, recurrent, bias] = OWN.map((name) => variables.find((variable) => variable.name === name)?.read())
  const matrix = (x: Tensor): Tensor => transpose(inOrder(x, order))
  const matrices = [
    [`weight_ih_l0${way}`, matrix(kernel!)],
    [`weight_hh_l0${way}`, matrix(recurrent!)],
  ] as const
  if (bias === undefined) return [...matrices]
  const [own, other] = twoBiases ? split(bias, 2).map((one) => reshape(one, [-1])) : [bias, zerosLike(bias)]
  return [...matrices, [`bias_ih_l0${way}`, inOrder(own!, order)], [`bias_hh_l0${way}`, inOrder(other!, order)]]
}

function takeTheirs({ way, order, twoBiases }: Cell, prefix: string, arrays: Map<string, Tensor>): void {
  const key = (kind: string): string => `${prefix}${kind}_l0${way}`
  const [kernel, recurrent] = [arrays.get(key('weight_ih')), arrays.get(key('weight_hh'))]
  if (kernel?.rank !== 2 || recurrent?.rank !== 2 || kernel.shape[0]! % order.length !== 0) return
  const [first, second] = [arrays.get(key('bias_ih')), arrays.get(key('bias_hh'))]
  for (const kind of ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']) arrays.delete(key(kind))
  const put = (own: string, x: Tensor): unknown => arrays.set(`${prefix}${own}${way}`, x)
  put('kernel', inOrder(transpose(kernel), order))
  put('recurrent_kernel', inOrder(transpose(recurrent), order))
  if (first === undefined || second === undefined) return
  put('bias', inOrder(twoBiases ? stack([first, second]) : add(first, second), order))
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

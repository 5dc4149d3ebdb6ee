/**
 * Attention with several heads in PyTorch's state dicts: the projections into heads are one matrix where query, key and value
 * are equally wide, each a matrix of all heads, rows and columns swapped.
 */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { MultiHeadAttention } from '../layers/attention/multi-head-attention.js'
import type { EinsumDense } from '../layers/einsum-dense.js'
import type { Layer } from '../layers/layer.js'
import { concatenate, reshape, split, transpose } from '../ops.js'
import type { Composite, Rule } from './torch-composite.js'

const PROJECTIONS = ['q_proj_weight', 'k_proj_weight', 'v_proj_weight'] as const

/** The arrays of a layer: they go with the group of its query, and those of its other parts are among them. */
export function attentionPart(where: string, title: string, attention: MultiHeadAttention, part: Layer): Composite {
  checkWidths(where, title, attention)
  const rules = (['kernel', 'bias'] as const).map((name): Rule => [name, `${part.name}.${name}`])
  if (part !== attention.queryDense) return { rules, give: () => [], take: () => undefined }
  return {
    rules,
    give: () => theirArrays(attention),
    take: (prefix, arrays) => takeTheirs(attention, prefix, arrays),
  }
}

function checkWidths(where: string, title: string, { queryDense, valueDense, outputDense, gateDense }: Heads): void {
  const [features, heads, keyDim] = queryDense.kernel.shape as [number, number, number]
  const [valueDim, output] = [valueDense.kernel.shape.at(-1)!, outputDense.kernel.shape.slice(2)]
  const like = heads * keyDim === features && valueDim === keyDim && output.length === 1 && output[0] === features
  if (like && gateDense === undefined) return
  const expected = 'heads that are together as wide as the query and the result, without a gate, as in torch.nn'
  const shapes = { text: `'${title}' with ${heads} heads of ${keyDim} and ${valueDim}, ${features} → ${output}` }
  fail('ERR_CONFIG', `${where} naming`, expected, shapes)
}

type Heads = Pick<MultiHeadAttention, 'queryDense' | 'keyDense' | 'valueDense' | 'outputDense' | 'gateDense'>

const inwards = ({ queryDense, keyDense, valueDense }: Heads): EinsumDense[] => [queryDense, keyDense, valueDense]

function theirArrays(attention: MultiHeadAttention): (readonly [string, Tensor])[] {
  const projections = inwards(attention)
  const { outputDense } = attention
  const { bias } = outputDense
  const matrices = projections.map((dense) => transpose(reshape(kernelOf(dense), [dense.kernel.shape[0]!, -1])))
  const biases = projections.flatMap(({ bias }) => (bias === undefined ? [] : [reshape(bias.read(), [-1])]))
  const sameWidth = new Set(matrices.map(({ shape }) => shape[1])).size === 1
  return [
    ...(sameWidth
      ? [['in_proj_weight', concatenate(matrices, { axis: 0 })] as const]
      : PROJECTIONS.map((end, i) => [end, matrices[i]!] as const)),
    ['out_proj.weight', transpose(reshape(kernelOf(outputDense), [-1, outputDense.kernel.shape.at(-1)!]))] as const,
    ...(biases.length === 0 ? [] : [['in_proj_bias', concatenate(biases, { axis: 0 })] as const]),
    ...(bias === undefined ? [] : [['out_proj.bias', bias.read()] as const]),
  ]
}

/** The kernel as files keep it, with what was learnt on top. */
const kernelOf = (dense: EinsumDense): Tensor => dense.filed([dense.kernel])[0]!.value()

function takeTheirs(attention: MultiHeadAttention, prefix: string, arrays: Map<string, Tensor>): void {
  const heads = attention.queryDense.kernel.shape[1]!
  const taken = (end: string, divided: number, rank: number): Tensor | undefined => {
    const found = arrays.get(`${prefix}${end}`)
    if (found?.rank !== rank || found.shape[0]! % divided !== 0) return undefined
    arrays.delete(`${prefix}${end}`)
    return found
  }
  const put = (dense: EinsumDense, name: string, x: Tensor): unknown => arrays.set(`${prefix}${dense.name}.${name}`, x)
  const together = taken('in_proj_weight', 3 * heads, 2)
  const matrices = together === undefined ? PROJECTIONS.map((end) => taken(end, heads, 2)) : split(together, 3)
  const bias = taken('in_proj_bias', 3 * heads, 1)
  const biases = bias === undefined ? [] : split(bias, 3)
  for (const [i, dense] of inwards(attention).entries()) {
    const [matrix, offset] = [matrices[i], biases[i]]
    if (matrix !== undefined) put(dense, 'kernel', reshape(transpose(matrix), [matrix.shape[1]!, heads, -1]))
    if (offset !== undefined) put(dense, 'bias', reshape(offset, [heads, -1]))
  }
  const [out, last] = [arrays.get(`${prefix}out_proj.weight`), taken('out_proj.bias', 1, 1)]
  if (out?.rank === 2 && out.shape[1]! % heads === 0) {
    arrays.delete(`${prefix}out_proj.weight`)
    put(attention.outputDense, 'kernel', reshape(transpose(out), [heads, -1, out.shape[0]!]))
  }
  if (last !== undefined) put(attention.outputDense, 'bias', last)
}

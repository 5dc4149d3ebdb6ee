/** Convolutions with kernels of its own for each channel in PyTorch's state dicts, where they are some with as many groups as channels. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { DepthwiseConv1D, DepthwiseConv2D } from '../layers/pictures/depthwise-conv.js'
import { reshape, transpose } from '../ops.js'
import type { Composite } from './torch-composite.js'
import type { WeightGroup } from './weight-groups.js'

/** What is known of a group where it is such a layer. */
export function depthwise({ owner }: WeightGroup): Composite | undefined {
  if (!(owner instanceof DepthwiseConv1D || owner instanceof DepthwiseConv2D)) return undefined
  const each = owner.options.depthMultiplier
  return {
    rules: [
      ['kernel', 'kernel'],
      ['bias', 'bias'],
    ],
    give: (variables) => variables.map((variable) => [ends[variable.name]!, theirs(variable)] as const),
    take(prefix, arrays) {
      const weight = arrays.get(`${prefix}weight`)
      if (weight === undefined || weight.shape[1] !== 1 || weight.shape[0]! % each !== 0) return
      arrays.delete(`${prefix}weight`)
      arrays.set(`${prefix}kernel`, ours(weight, each))
    },
  }
}

const ends: Readonly<Record<string, string>> = { kernel: 'weight', bias: 'bias' }

/** (…window, channels, each) → (channels · each, 1, …window). */
function theirs(variable: Variable): Tensor {
  if (variable.name !== 'kernel') return variable.read()
  const window = variable.shape.slice(0, -2)
  const first = [window.length, window.length + 1, ...window.keys()]
  return reshape(transpose(variable.read(), first), [-1, 1, ...window])
}

/** (channels · each, 1, …window) → (…window, channels, each). */
function ours(weight: Tensor, each: number): Tensor {
  const window = weight.shape.slice(2)
  const apart = reshape(weight, [-1, each, ...window])
  return transpose(apart, [...window.map((_, axis) => axis + 2), 0, 1])
}

/** Softmax and the cross-entropies, fused and stable. */

import { inputs, opName } from '../core/native.js'
import { type Op, op } from '../core/operation.js'
import { sizeOf } from '../core/shapes.js'
import { depthOf, handleOf, Tensor } from '../core/tensor.js'
import * as raw from '../generated/ops.js'
import { axesOf, axisOf, floats, type Operand, toClasses, toFloat } from './operand.js'
import { opOptions } from './options.js'
import { reshape, transpose } from './shape.js'
import { type LastAxisOptions, lastFields } from './tables.js'

/** `eˣⁱ / Σⱼ eˣʲ` along an axis, the last by default, or over several at once. */
export const softmax: Op<[x: Operand, options?: LastAxisOptions]> = op('softmax', alongLast('softmax', raw.softmax))
/** `xᵢ − ln Σⱼ eˣʲ` along an axis, the last by default, or over several at once. */
export const logSoftmax: Op<[x: Operand, options?: LastAxisOptions]> = op(
  'logSoftmax',
  alongLast('logSoftmax', raw.logSoftmax),
)
function alongLast(name: string, draw: (x: Tensor) => Tensor): (x: Operand, options?: LastAxisOptions) => Tensor {
  const read = opOptions(name, lastFields)
  return (given, options) => {
    const { axis } = read(options)
    const x = toFloat(given)
    if (typeof axis !== 'number') return together(x, axesOf(name, axis, x.rank), draw)
    const at = axisOf(name, axis, x.rank)
    if (at === x.rank - 1) return draw(x)
    const order = x.shape.map((_, index) => index)
    const [last = 0] = order.splice(at, 1, x.rank - 1)
    order[x.rank - 1] = last
    return transpose(draw(transpose(x, order)), order)
  }
}
/** `draw` over some axes that are one for it, the last. */
function together(x: Tensor, axes: readonly number[], draw: (x: Tensor) => Tensor): Tensor {
  const kept = [...x.shape.keys()].filter((axis) => !axes.includes(axis))
  const order = [...kept, ...axes]
  const moved = transpose(x, order)
  const rows = reshape(moved, [...kept.map((axis) => x.shape[axis]!), sizeOf(axes.map((axis) => x.shape[axis]!))])
  return transpose(
    reshape(draw(rows), moved.shape),
    order.map((_, axis) => order.indexOf(axis)),
  )
}

/** `−Σ t·ln softmax(x)` over the last axis: one loss a row. */
export const softmaxCrossEntropy: Op<[logits: Operand, targets: Operand]> = op(
  'softmaxCrossEntropy',
  (logits, targets) => raw.softmaxCrossEntropy(...floats(logits, targets)),
)
/** `−ln softmax(x)[label]` over the last axis: one loss a row; labels are integers from 0, floats are truncated. */
export const sparseSoftmaxCrossEntropy: Op<[logits: Operand, labels: Operand]> = op(
  'sparseSoftmaxCrossEntropy',
  (logits, labels) => raw.sparseSoftmaxCrossEntropy(toFloat(logits), toClasses('sparseSoftmaxCrossEntropy', labels)),
)
/** `max(x, 0) − x·t + ln(1 + e^−|x|)` at each element. */
export const sigmoidCrossEntropy: Op<[logits: Operand, targets: Operand]> = op(
  'sigmoidCrossEntropy',
  (logits, targets) => raw.sigmoidCrossEntropy(...floats(logits, targets)),
)

/** The op that computes a tensor, and what it reads; undefined for tensors that are given. */
export function producer(x: Tensor): { op: string; inputs: Tensor[] } | undefined {
  const handle = handleOf(x)
  const op = opName(handle)
  return op == null ? undefined : { op, inputs: inputs(handle).map((input) => Tensor.of(input, depthOf(x))) }
}

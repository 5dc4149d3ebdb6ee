/** Products of matrices and tensors. */

import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { Tensor } from '../tensor.js'
import { multiply } from './elementwise.js'
import { axesOf, floats, lengthOf, type Operand } from './operand.js'
import { sum } from './reduce.js'
import { expandDims, reshape, squeeze, transpose } from './shape.js'

/** Which sides are read with their last two axes swapped. */
export interface MatmulOptions {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
}

/**
 * `(…, m, k) · (…, k, n) → (…, m, n)`; leading axes are batch axes and broadcast, and a tensor of one axis is a row on
 * the left and a column on the right, as in NumPy.
 */
export function matmul(a: Operand, b: Operand, options: MatmulOptions = {}): Tensor {
  const [x, y] = floats(a, b)
  const { transposeA = false, transposeB = false } = options
  if (x.rank > 1 && y.rank > 1) return raw.matmul(x, y, { transposeA, transposeB })
  if (x.rank === 0 || y.rank === 0) fail('ERR_SHAPE', 'matmul', 'at least 1 axis each', [x.rank, y.rank])
  const left = x.rank === 1 ? expandDims(x, 0) : x
  const right = y.rank === 1 ? expandDims(y, 1) : y
  const product = raw.matmul(left, right, {
    transposeA: x.rank > 1 && transposeA,
    transposeB: y.rank > 1 && transposeB,
  })
  const ones = [...(x.rank === 1 ? [product.rank - 2] : []), ...(y.rank === 1 ? [product.rank - 1] : [])]
  return squeeze(product, ones)
}

/** NumPy's `dot`: the sum over the last axis of `a` and the last but one (or only one) of `b`. */
export function dot(a: Operand, b: Operand): Tensor {
  const [x, y] = floats(a, b)
  if (x.rank === 0 || y.rank === 0) return multiply(x, y)
  return tensordot(x, y, { axes: [[x.rank - 1], [Math.max(0, y.rank - 2)]] })
}

/** The sum over pairs of axes; a number means that many last axes of `a` and first ones of `b`. */
export function tensordot(
  a: Operand,
  b: Operand,
  { axes = 2 }: { readonly axes?: number | readonly [readonly number[], readonly number[]] } = {},
): Tensor {
  const [x, y] = floats(a, b)
  const last = (count: number): number[] => Array.from({ length: count }, (_, index) => x.rank - count + index)
  const firsts = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
  const [goneA, goneB] = typeof axes === 'number' ? [last(axes), firsts(axes)] : axes
  const [fromA, fromB] = [axesOf('tensordot', goneA, x.rank), axesOf('tensordot', goneB, y.rank)]
  const [keptA, keptB] = [without(x.rank, fromA), without(y.rank, fromB)]
  const lengths = (t: Tensor, of: readonly number[]): number[] => of.map((axis) => lengthOf(t, axis))
  const size = (list: readonly number[]): number => list.reduce((product, length) => product * length, 1)
  const inner = size(lengths(x, fromA))
  const left = reshape(transpose(x, [...keptA, ...fromA]), [size(lengths(x, keptA)), inner])
  const right = reshape(transpose(y, [...fromB, ...keptB]), [size(lengths(y, fromB)), size(lengths(y, keptB))])
  return reshape(raw.matmul(left, right, { transposeA: false, transposeB: false }), [
    ...lengths(x, keptA),
    ...lengths(y, keptB),
  ])
}

/**
 * Einstein's summation over named axes, for one or two tensors: `einsum('bij,jk->bik', x, w)`. Axes that the result
 * does not name are summed over.
 */
export function einsum(equation: string, ...operands: Operand[]): Tensor {
  const { inputs, output } = parse(equation, operands.length)
  const [first, second] = operands
  if (first === undefined) fail('ERR_CONFIG', 'einsum', 'one or two tensors', operands.length)
  if (second === undefined) return contract(floats(first, 0)[0], inputs[0] ?? '', output)
  const [x, y] = floats(first, second)
  return product(x, inputs[0] ?? '', y, inputs[1] ?? '', output)
}

function parse(equation: string, count: number): { inputs: string[]; output: string } {
  const [left, right] = equation.replaceAll(' ', '').split('->')
  const inputs = (left ?? '').split(',')
  if (right === undefined || inputs.length !== count || count > 2 || !/^[a-zA-Z,]*$/.test(`${left}${right}`)) {
    fail('ERR_CONFIG', 'einsum equation', `letters for ${count} (1 or 2) tensors and '->'`, equation)
  }
  return { inputs, output: right }
}

/** Sums away what `output` does not name, and puts the rest in its order. */
function contract(x: Tensor, names: string, output: string): Tensor {
  if (names.length !== x.rank || new Set(names).size !== names.length) {
    fail('ERR_SHAPE', 'einsum', `distinct letters for the ${x.rank} axes`, names)
  }
  const gone = [...names].flatMap((name, axis) => (output.includes(name) ? [] : [axis]))
  const left = [...names].filter((name) => output.includes(name))
  return transpose(
    gone.length > 0 ? sum(x, { axis: gone }) : x,
    [...output].map((name) => left.indexOf(name)),
  )
}

/** Batch axes are named by all three, contracted ones by the two inputs only. */
function product(a: Tensor, namesA: string, b: Tensor, namesB: string, output: string): Tensor {
  const only = (names: string, other: string): string =>
    [...names].filter((name) => other.includes(name) || output.includes(name)).join('')
  const [leftNames, rightNames] = [only(namesA, namesB), only(namesB, namesA)]
  const [x, y] = [contract(a, namesA, leftNames), contract(b, namesB, rightNames)]
  const batch = [...leftNames].filter((name) => rightNames.includes(name) && output.includes(name))
  const inner = [...leftNames].filter((name) => rightNames.includes(name) && !output.includes(name))
  const rows = [...leftNames].filter((name) => !rightNames.includes(name))
  const columns = [...rightNames].filter((name) => !leftNames.includes(name))
  const length = (name: string): number =>
    lengthOf(leftNames.includes(name) ? x : y, (leftNames.includes(name) ? leftNames : rightNames).indexOf(name))
  const size = (list: readonly string[]): number => list.reduce((total, name) => total * length(name), 1)
  const order = (list: readonly string[], names: string): number[] => list.map((name) => names.indexOf(name))
  const left = reshape(transpose(x, order([...batch, ...rows, ...inner], leftNames)), [
    size(batch),
    size(rows),
    size(inner),
  ])
  const right = reshape(transpose(y, order([...batch, ...inner, ...columns], rightNames)), [
    size(batch),
    size(inner),
    size(columns),
  ])
  const result = raw.matmul(left, right, { transposeA: false, transposeB: false })
  const named = [...batch, ...rows, ...columns]
  return transpose(
    reshape(result, named.map(length)),
    [...output].map((name) => named.indexOf(name)),
  )
}

function without(rank: number, gone: readonly number[]): number[] {
  return Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !gone.includes(axis))
}

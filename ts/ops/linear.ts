/** Products of matrices and tensors. */

import { type Op, op, opOfMany } from '../core/operation.js'
import { sizeOf } from '../core/shapes.js'
import type { Tensor } from '../core/tensor.js'
import { FerrogradError, fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import { multiply } from './elementwise.js'
import { axesOf, floats, lengthOf, type Operand } from './operand.js'
import { opOptions } from './options.js'
import { sum } from './reduce.js'
import { expandDims, reshape, squeeze, transpose } from './shape.js'

const matmulFields = {
  /** Whether the left side is read with its last two axes swapped. Default false. */
  transposeA: { type: 'boolean', default: false },
  /** Whether the right side is read with its last two axes swapped. Default false. */
  transposeB: { type: 'boolean', default: false },
} as const

/** Which sides are read with their last two axes swapped. */
export interface MatmulOptions extends FunctionOptions<typeof matmulFields>, Named {}

const readMatmul = opOptions('matmul', matmulFields)

/**
 * `(…, m, k) · (…, k, n) → (…, m, n)`; leading axes are batch axes and broadcast, and a tensor of one axis is a row on
 * the left and a column on the right, as in NumPy.
 */
export const matmul: Op<[a: Operand, b: Operand, options?: MatmulOptions]> = op('matmul', (a, b, options) => {
  const [x, y] = floats(a, b)
  const { transposeA, transposeB } = readMatmul(options)
  if (x.rank > 1 && y.rank > 1) return raw.matmul(x, y, { transposeA, transposeB })
  if (x.rank === 0 || y.rank === 0) fail('ERR_SHAPE', 'matmul', 'at least one axis each', { text: shapes(x, y) })
  const innerA = x.rank > 1 && transposeA ? x.rank - 2 : x.rank - 1
  checkInner('matmul', x, innerA, y, y.rank > 1 && transposeB ? y.rank - 1 : Math.max(0, y.rank - 2))
  const left = x.rank === 1 ? expandDims(x, 0) : x
  const right = y.rank === 1 ? expandDims(y, 1) : y
  const product = raw.matmul(left, right, {
    transposeA: x.rank > 1 && transposeA,
    transposeB: y.rank > 1 && transposeB,
  })
  const ones = [...(x.rank === 1 ? [product.rank - 2] : []), ...(y.rank === 1 ? [product.rank - 1] : [])]
  return squeeze(product, ones)
})

/** NumPy's `dot`: the sum over the last axis of `a` and the last but one (or only one) of `b`. */
export const dot: Op<[a: Operand, b: Operand]> = op('dot', (a, b) => {
  const [x, y] = floats(a, b)
  if (x.rank === 0 || y.rank === 0) return multiply(x, y)
  checkInner('dot', x, x.rank - 1, y, Math.max(0, y.rank - 2))
  return tensordot(x, y, { axes: [[x.rank - 1], [Math.max(0, y.rank - 2)]] })
})

const tensordotFields = {
  /** So many last axes of `a` and first ones of `b`, or those of each. Default 2. */
  axes: { type: 'axisPairs', default: 2 },
} as const

/** Options of {@link tensordot}. */
export interface TensordotOptions extends FunctionOptions<typeof tensordotFields>, Named {}

const readTensordot = opOptions('tensordot', tensordotFields)
/** The sum over pairs of axes; a number means that many last axes of `a` and first ones of `b`. */
export const tensordot: Op<[a: Operand, b: Operand, options?: TensordotOptions]> = op('tensordot', (a, b, options) => {
  const { axes } = readTensordot(options)
  const [x, y] = floats(a, b)
  const most = Math.min(x.rank, y.rank)
  if (typeof axes === 'number' && !(Number.isInteger(axes) && axes >= 0 && axes <= most))
    fail('ERR_SHAPE', 'tensordot axes', `0 to ${most} axes of ${shapes(x, y)}`, axes)
  const last = (count: number): number[] => Array.from({ length: count }, (_, index) => x.rank - count + index)
  const firsts = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
  const [goneA, goneB] = typeof axes === 'number' ? [last(axes), firsts(axes)] : axes
  const [fromA, fromB] = [axesOf('tensordot', goneA, x.rank), axesOf('tensordot', goneB, y.rank)]
  if (fromA.length !== fromB.length) fail('ERR_SHAPE', 'tensordot axes', 'as many axes of each', axes)
  for (const [i, axis] of fromA.entries()) checkInner('tensordot', x, axis, y, fromB[i]!)
  const [keptA, keptB] = [without(x.rank, fromA), without(y.rank, fromB)]
  const lengths = (t: Tensor, of: readonly number[]): number[] => of.map((axis) => lengthOf(t, axis))
  const inner = sizeOf(lengths(x, fromA))
  const left = reshape(transpose(x, [...keptA, ...fromA]), [sizeOf(lengths(x, keptA)), inner])
  const right = reshape(transpose(y, [...fromB, ...keptB]), [sizeOf(lengths(y, fromB)), sizeOf(lengths(y, keptB))])
  return reshape(raw.matmul(left, right, { transposeA: false, transposeB: false }), [
    ...lengths(x, keptA),
    ...lengths(y, keptB),
  ])
})

function shapes(x: Tensor, y: Tensor): string {
  return `[${x.shape.join(', ')}] and [${y.shape.join(', ')}]`
}

/** Throws unless the two axes that are summed over are equally long; names the shapes that the user passed. */
function checkInner(op: string, x: Tensor, axisX: number, y: Tensor, axisY: number): void {
  const [a, b] = [x.shape[axisX], y.shape[axisY]]
  if (a !== b) throw new FerrogradError('ERR_SHAPE', `${op}: inner sizes ${a} and ${b} differ, got ${shapes(x, y)}`)
}

/**
 * Einstein's summation over named axes: `einsum('bij,jk->bik', x, w)`. Axes that the result does not name are summed
 * over; each letter stands once in a tensor. More than two tensors are multiplied from left to right.
 */
export const einsum: Op<[equation: string, ...operands: Operand[]]> = opOfMany('einsum', (equation, ...operands) => {
  const { inputs, output } = parse(equation, operands.length)
  const tensors = operands.map((operand) => floats(operand, 0)[0])
  checkLetters(inputs, output, tensors)
  let [x, names] = [tensors[0]!, inputs[0]!]
  for (let i = 1; i < tensors.length; i += 1) {
    const [a, b] = floats(x, tensors[i]!)
    const later = inputs.slice(i + 1).join('') + output
    const left =
      i + 1 < tensors.length ? [...new Set(names + inputs[i]!)].filter((name) => later.includes(name)) : output
    const result = typeof left === 'string' ? left : left.join('')
    ;[x, names] = [product(a, names, b, inputs[i]!, result), result]
  }
  return names === output && tensors.length > 1 ? x : contract(x, names, output)
})

function parse(equation: string, count: number): { inputs: string[]; output: string } {
  const [left, right] = String(equation).replaceAll(' ', '').split('->')
  const inputs = (left ?? '').split(',')
  if (right === undefined || count === 0 || inputs.length !== count || !/^[a-zA-Z,]*$/.test(`${left}${right}`)) {
    fail('ERR_CONFIG', 'einsum equation', `letters for ${count} tensors, then '->' and those of the result`, equation)
  }
  return { inputs, output: right }
}

/** Throws unless letters fit the axes, and one letter means one length wherever it stands. */
function checkLetters(inputs: readonly string[], output: string, tensors: readonly Tensor[]): void {
  const seen = new Map<string, { readonly length: number; readonly shape: string }>()
  for (const [i, names] of inputs.entries()) {
    const shape = `[${tensors[i]!.shape.join(', ')}]`
    if (names.length !== tensors[i]!.rank || new Set(names).size !== names.length)
      fail('ERR_SHAPE', 'einsum', `distinct letters for the ${tensors[i]!.rank} axes of ${shape}`, names)
    for (const [axis, name] of [...names].entries()) {
      const [length, before] = [tensors[i]!.shape[axis]!, seen.get(name)]
      if (before !== undefined && before.length !== length) {
        const text = `${before.length} in ${before.shape} and ${length} in ${shape}`
        fail('ERR_SHAPE', 'einsum', `one length for '${name}'`, { text })
      }
      seen.set(name, { length, shape })
    }
  }
  if (new Set(output).size !== output.length || [...output].some((name) => !seen.has(name)))
    fail('ERR_CONFIG', 'einsum result', `each letter once, out of ${[...seen.keys()].join(', ')}`, output)
}

/** Sums away what `output` does not name, and puts the rest in its order. */
function contract(x: Tensor, names: string, output: string): Tensor {
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

/** Rows taken together by the number of their segment: what a node of a graph gets from its edges. */

import { type Op, op } from '../core/operation.js'
import type { Tensor } from '../core/tensor.js'
import { currentTrace } from '../core/trace-stack.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import { divide, greaterEqual, less, logicalAnd, maximum, where } from './elementwise.js'
import { full, type Operand, toFloat, toIndices, toNumbers } from './operand.js'
import { opOptions } from './options.js'
import { max } from './reduce.js'
import { reshape, slice } from './shape.js'

const segmentFields = {
  /**
   * Segments of the result: ids are in [0, numSegments), and rows of others are left out. One more than the largest id
   * unless given, which has to be known: where ids are computed in the program, say it.
   */
  numSegments: { type: 'integer', default: null, min: 0 },
  /** Whether ids ascend, as Keras wants to know; it takes the same time either way. Default false. */
  sorted: { type: 'boolean', default: false },
} as const

/** How many segments there are, and whether their numbers ascend. */
export interface SegmentOptions extends FunctionOptions<typeof segmentFields>, Named {}

/** Rows (rows, …) with the segment of each, as int32. */
interface Segmented {
  readonly data: Tensor
  readonly ids: Tensor
  readonly segments: number
}

const [readSum, readMean, readMax] = [reading('segmentSum'), reading('segmentMean'), reading('segmentMax')]

/**
 * `y[s] = Σ x[i] over all i with segmentIds[i] = s`, data (rows, …) → (segments, …); a segment without rows is 0.
 *
 * @see keras.ops.segment_sum
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * ops.segmentSum([1, 2, 10, 20, 100], [0, 0, 1, 1, 3], { numSegments: 4 }) // [3, 30, 0, 100]
 */
export const segmentSum: Op<[data: Operand, segmentIds: Operand, options?: SegmentOptions]> = op(
  'segmentSum',
  (data, segmentIds, options) => summed(readSum(toNumbers(data), segmentIds, options)),
)

/**
 * `y[s] = mean x[i] over all i with segmentIds[i] = s`, data (rows, …) → (segments, …); a segment without rows is 0.
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * ops.segmentMean([1, 2, 10, 20, 100], [0, 0, 1, 1, 3], { numSegments: 4 }) // [1.5, 15, 0, 100]
 */
export const segmentMean: Op<[data: Operand, segmentIds: Operand, options?: SegmentOptions]> = op(
  'segmentMean',
  (data, segmentIds, options) => {
    const given = readMean(toFloat(data), segmentIds, options)
    return divide(summed(given), column(maximum(countOf(given), 1), given.data.rank))
  },
)

/**
 * `y[s] = max x[i] over all i with segmentIds[i] = s`, data (rows, …) → (segments, …); a segment without rows is −∞ (of
 * int32 the lowest number), and NaN wins. Rows that share the maximum share its gradient in equal parts.
 *
 * @see keras.ops.segment_max
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * ops.segmentMax([1, 2, 10, 20, 100], [0, 0, 1, 1, 2]) // [2, 20, 100]
 */
export const segmentMax: Op<[data: Operand, segmentIds: Operand, options?: SegmentOptions]> = op(
  'segmentMax',
  (data, segmentIds, options) => {
    const given = readMax(toNumbers(data), segmentIds, options)
    const { segments } = given
    return firstRows(raw.scatterMax(given.data, kept(given), { axis: 0, size: segments + 1 }), segments)
  },
)

/** Reads what the op of that name is given. */
function reading(name: string): (data: Tensor, segmentIds: Operand, options?: SegmentOptions) => Segmented {
  const read = opOptions(name, segmentFields)
  return (data, segmentIds, options) => {
    const { numSegments } = read(options)
    const ids = toIndices(name, segmentIds)
    if (ids.rank !== 1) fail('ERR_SHAPE', `${name} segmentIds`, 'one axis: an id for each row', ids.shape)
    if (data.shape[0] !== ids.shape[0])
      fail('ERR_SHAPE', `${name} segmentIds`, `${data.shape[0] ?? 'no'} ids, one for each row of the data`, ids.shape)
    return { data, ids, segments: numSegments ?? found(name, ids) }
  }
}

/** One more than the largest id. */
function found(name: string, ids: Tensor): number {
  if (ids.size === 0) return 0
  if (currentTrace() === undefined) return Math.max(0, max(ids).itemSync() + 1)
  return fail('ERR_CONFIG', `${name} numSegments`, 'a number, since the ids are not known yet', null)
}

/** The ids, those that are of no segment made one that follows the last. */
function kept({ ids, segments }: Segmented): Tensor {
  return where(logicalAnd(greaterEqual(ids, 0), less(ids, segments)), ids, segments)
}

function summed(given: Segmented): Tensor {
  const { data, segments } = given
  return firstRows(raw.scatterAdd(data, kept(given), { axis: 0, size: segments + 1 }), segments)
}

/** Rows of each segment. */
function countOf(given: Segmented): Tensor {
  const { data, ids } = given
  return summed({ ...given, data: full(ids.shape, 1, data.dtype) })
}

function firstRows(x: Tensor, rows: number): Tensor {
  return slice(x, { begin: x.shape.map(() => 0), size: [rows, ...x.shape.slice(1)] })
}

/** A list laid along the first of some axes. */
function column(x: Tensor, rank: number): Tensor {
  return reshape(x, [x.size, ...Array.from({ length: rank - 1 }, () => 1)])
}

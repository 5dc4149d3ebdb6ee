/** Whole numbers as vectors. */

import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import type { FloatDType, PartialShape } from '../types.js'

/** How categories come out: as numbers, one row each, a set, or counts. */
export type OutputMode = 'int' | 'oneHot' | 'multiHot' | 'count'

/** Whole numbers in [0, depth) as `mode` says; others leave no trace. Counts may count each number by a weight of its own. */
export function encode(numbers: Tensor, mode: OutputMode, depth: number, dtype: FloatDType, weights?: Tensor): Tensor {
  const given = ops.cast(numbers, 'int32')
  if (mode === 'int') return given
  // A number alone is a sample of one.
  const x = given.rank === 0 ? ops.expandDims(given, 0) : given
  // Sets and counts are taken over the axis after the batch, or over all of a single sample.
  const axis = x.rank > 1 ? 1 : 0
  switch (mode) {
    case 'oneHot':
      return ops.oneHot(x.rank > 1 && x.shape.at(-1) === 1 ? ops.squeeze(x, -1) : x, depth, dtype)
    case 'multiHot':
      return ops.max(ops.oneHot(x, depth, dtype), { axis })
    case 'count':
      return ops.sum(weighted(ops.oneHot(x, depth, dtype), weights), { axis })
  }
}

/** The shape of what {@link encode} gives for numbers of a shape. */
export function encodedShape(shape: PartialShape, mode: OutputMode, depth: number): PartialShape {
  if (mode === 'int') return shape
  if (mode === 'oneHot') return [...(shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape), depth]
  return shape.length > 1 ? [shape[0]!, ...shape.slice(2), depth] : [depth]
}

function weighted(rows: Tensor, weights: Tensor | undefined): Tensor {
  return weights === undefined ? rows : ops.multiply(rows, ops.expandDims(weights, -1))
}

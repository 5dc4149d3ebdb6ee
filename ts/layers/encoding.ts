/** Whole numbers as vectors. */

import * as ops from '../ops.js'
import type { Tensor } from '../tensor.js'
import type { FloatDType } from '../types.js'

/** How categories come out: as numbers, one row each, a set, or counts. */
export type OutputMode = 'int' | 'oneHot' | 'multiHot' | 'count'

/** Whole numbers in [0, depth) as `mode` says; others leave no trace. */
export function encode(numbers: Tensor, mode: OutputMode, depth: number, dtype: FloatDType): Tensor {
  const x = ops.cast(numbers, 'int32')
  // Sets and counts are taken over the axis after the batch, or over all of a single sample.
  const axis = x.rank > 1 ? 1 : 0
  switch (mode) {
    case 'int':
      return x
    case 'oneHot':
      return ops.oneHot(x.rank > 1 && x.shape.at(-1) === 1 ? ops.squeeze(x, -1) : x, depth, dtype)
    case 'multiHot':
      return ops.max(ops.oneHot(x, depth, dtype), { axis })
    case 'count':
      return ops.sum(ops.oneHot(x, depth, dtype), { axis })
  }
}

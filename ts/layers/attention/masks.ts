/** Masks of attention: which keys a query may see, (batch, heads or 1, queries, keys). */

import { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'

/** What both allow; undefined allows all. */
export function both(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return ops.logicalAnd(a, b)
}

/** Queries that count, (batch, queries), as (batch, 1, queries, 1). */
export function overQueries(mask: Tensor | undefined): Tensor | undefined {
  return mask && along(mask, -1)
}

/** Keys that count, (batch, keys), as (batch, 1, 1, keys). */
export function overKeys(mask: Tensor | undefined): Tensor | undefined {
  return mask && along(mask, -2)
}

/** (batch, steps) with an axis for the other steps, and one for the heads. */
function along(mask: Tensor, axis: -1 | -2): Tensor {
  return ops.expandDims(ops.expandDims(mask, axis), 1)
}

/** The masks of inputs by name; one alone is that of the first. */
export function byName<M extends object>(mask: Tensor | M | undefined, first: keyof M): M | undefined {
  return mask instanceof Tensor ? ({ [first]: mask } as M) : mask
}

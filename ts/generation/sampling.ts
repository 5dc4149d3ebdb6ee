/** From logits to the next token. */

import type { Tensor } from '../core/tensor.js'
import * as ops from '../ops.js'
import { categorical, type SeedGenerator } from '../random.js'

/** How a token is chosen. */
export interface Sampling {
  /** Logits are divided by it; 0 takes the likeliest token. */
  readonly temperature: number
  /** Only so many likeliest tokens. */
  readonly topK: number | undefined
  /** Only the likeliest tokens that make up this probability. */
  readonly topP: number | undefined
  /** Only tokens that are at least so likely as this part of the likeliest. */
  readonly minP: number | undefined
}

/** One token a row of logits (rows, vocabulary); int32. */
export function chosen(logits: Tensor, sampling: Sampling, seed: SeedGenerator): Tensor {
  const { temperature, topK, topP, minP } = sampling
  // Logits over so little would be infinite, which all of the likeliest are then.
  if (temperature < 1e-30) return ops.argmax(logits, { axis: -1 })
  const scaled = ops.divide(logits, temperature)
  const bounds = [
    topK === undefined ? undefined : leastOfBest(scaled, topK),
    topP === undefined || topP >= 1 ? undefined : leastOfNucleus(scaled, topP),
    minP === undefined || minP <= 0
      ? undefined
      : ops.add(ops.max(scaled, { axis: -1, keepdims: true }), Math.log(minP)),
  ].filter((bound) => bound !== undefined)
  const kept = bounds.reduce((left, bound) => ops.where(ops.less(scaled, bound), -Infinity, left), scaled)
  return categorical(kept, { seed })
}

/** The least of the `k` largest of each row, (rows, 1). */
function leastOfBest(x: Tensor, k: number): Tensor {
  const { values } = ops.topK(x, Math.min(k, x.shape[1]!))
  return ops.min(values, { axis: -1, keepdims: true })
}

/** The least likely of the tokens that are needed to reach the probability `p`, (rows, 1). */
function leastOfNucleus(x: Tensor, p: number): Tensor {
  const sorted = ops.sort(x, { axis: -1, descending: true })
  const before = ops.subtract(ops.cumsum(ops.softmax(sorted), { axis: -1 }), ops.softmax(sorted))
  return ops.min(ops.where(ops.less(before, p), sorted, Infinity), { axis: -1, keepdims: true })
}

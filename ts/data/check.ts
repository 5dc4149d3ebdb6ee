/** Checks that several stages share. */

import { fail } from '../errors.js'

/** Finite, not negative, and not all 0. */
export function checkWeights(where: string, weights: ArrayLike<unknown>): ArrayLike<number> {
  let sum = 0
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]
    if (!(typeof weight === 'number' && weight >= 0 && weight < Number.POSITIVE_INFINITY))
      fail('ERR_DATA', `${where}[${i}]`, 'a finite number ≥ 0', weight)
    sum += weight as number
  }
  if (sum === 0) fail('ERR_DATA', where, 'a weight that is not 0', { text: 'none' })
  return weights as ArrayLike<number>
}

/** Throws unless `count` is an integer of at least `least`. */
export function checkCount(where: string, count: unknown, least: number): asserts count is number {
  if (!(Number.isSafeInteger(count) && (count as number) >= least))
    fail('ERR_CONFIG', where, `an integer ≥ ${least}`, count)
}

/** Whether a value is a list, or a typed array. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

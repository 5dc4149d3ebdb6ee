import { fail } from '../errors.js'
import type { Padding } from './pad.js'

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

/** Throws unless sequences can be filled up so. */
export function checkPadding(where: string, { padding, value, length }: Padding): void {
  if (padding !== undefined && padding !== 'pre' && padding !== 'post')
    fail('ERR_CONFIG', `${where}.padding`, "'pre' or 'post'", padding)
  if (value !== undefined && typeof value !== 'number') fail('ERR_CONFIG', `${where}.value`, 'a number', value)
  if (length !== undefined) checkCount(`${where}.length`, length, 1)
}

/** Throws unless `count` is an integer of at least `least`. */
export function checkCount(where: string, count: number, least: number): void {
  if (!(Number.isSafeInteger(count) && count >= least)) fail('ERR_CONFIG', where, `an integer ≥ ${least}`, count)
}

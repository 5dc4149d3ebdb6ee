/** How exact products of float32 matrices are: the levels, and the one that is taken unless another is asked for. */

import { fail, hintFor } from '../errors.js'
import { usedPrecision, usePrecision } from './runtime.js'

/**
 * How exact products of float32 matrices have to be.
 *
 * - `'highest'`: as exact as float32 arithmetic.
 * - `'high'`: each number is taken to 17 bits; the error of a product is at most 2⁻¹⁵ (3e-5) of its size.
 * - `'medium'`: each number is rounded to bfloat16 (8 bits, the range of float32); at most 2⁻⁷ (0.8 %) of its size.
 *
 * Sums are float32 at every level, and an element of `a · b` is off by at most that share of `Σ |a| · |b|`, besides the
 * rounding of the sum. The levels differ on processors with a matrix unit (AMX: Intel Xeon from the fourth generation
 * on, under Linux) and for products large enough to use it. AMD's processors with AVX-512 BF16 (Zen 4 and later) multiply
 * bfloat16 twice as fast as float32, which serves `'medium'` alone. Elsewhere all of the levels are float32. Products of
 * float64 are always whole. At every level the bits are the same at any number of threads.
 */
export type Precision = 'highest' | 'high' | 'medium'

/** In the order of the core. */
const levels = ['highest', 'high', 'medium'] as const satisfies readonly Precision[]

/** The precision of what is computed and compiled without one of its own: `'highest'` unless set. */
export function precision(): Precision {
  return levels[usedPrecision()]!
}

/**
 * Sets the precision of what is computed, and of what is compiled, from now on.
 *
 * @example
 * import { config } from 'ferrograd'
 *
 * config.setPrecision('high')
 * console.log(config.precision()) // 'high'
 */
export function setPrecision(level: Precision): void {
  usePrecision(precisionCode(checkPrecision('setPrecision level', level ?? null)))
}

/** The level, or that which is set where none was given. */
export function checkPrecision(where: string, value: unknown): Precision {
  if (value === undefined) return precision()
  const level = levels.find((one) => one === value)
  return level ?? fail('ERR_CONFIG', where, `'highest', 'high' or 'medium'`, value, hintFor(value, levels))
}

/** The level as the core counts them. */
export function precisionCode(level: Precision): number {
  return levels.indexOf(level)
}

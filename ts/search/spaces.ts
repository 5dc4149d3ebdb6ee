/** What a setting may be. */

import { fail } from '../errors.js'

/** Values to draw from: `at` makes one of a uniform number in [0, 1). */
export interface Space<T> {
  readonly at: (uniform: number) => T
}

/** Spaces by the names of the settings. */
export type SpaceMap = Readonly<Record<string, Space<unknown>>>

/** What is drawn of them. */
export type SampleOf<S extends SpaceMap> = { readonly [K in keyof S]: S[K] extends Space<infer T> ? T : never }

/**
 * Numbers between two, each as likely as any other.
 *
 * @example
 * ```ts
 * import { uniform } from 'ferrograd/search'
 *
 * console.log(uniform(0, 0.5).at(0.5)) // 0.25
 * ```
 */
export function uniform(low: number, high: number): Space<number> {
  checkRange('uniform', low, high)
  return { at: (share) => low + share * (high - low) }
}

/**
 * Numbers between two above 0, each order of magnitude as likely as any other: for learning rates.
 *
 * @example
 * ```ts
 * import { logUniform } from 'ferrograd/search'
 *
 * console.log(logUniform(1e-4, 1e-2).at(0.5)) // 0.001
 * ```
 */
export function logUniform(low: number, high: number): Space<number> {
  if (!(low > 0)) fail('ERR_CONFIG', 'logUniform.low', 'a number > 0', low)
  checkRange('logUniform', low, high)
  const [from, to] = [Math.log(low), Math.log(high)]
  return { at: (share) => Math.min(high, Math.max(low, Math.exp(from + share * (to - from)))) }
}

/**
 * Whole numbers from the first up to and with the last.
 *
 * @example
 * ```ts
 * import { integer } from 'ferrograd/search'
 *
 * console.log(integer(1, 4).at(0.99)) // 4
 * ```
 */
export function integer(low: number, high: number): Space<number> {
  for (const [name, value] of Object.entries({ low, high }))
    if (!Number.isSafeInteger(value)) fail('ERR_CONFIG', `integer.${name}`, 'a whole number', value)
  checkRange('integer', low, high + 1)
  return { at: (share) => low + Math.floor(share * (high - low + 1)) }
}

/**
 * One of a list.
 *
 * @example
 * ```ts
 * import { choice } from 'ferrograd/search'
 *
 * console.log(choice(['relu', 'tanh']).at(0.7)) // tanh
 * ```
 */
export function choice<const T>(values: readonly T[]): Space<T> {
  if (!Array.isArray(values) || values.length === 0)
    fail('ERR_CONFIG', 'choice.values', 'a list of at least one', values)
  const own = [...values]
  return { at: (share) => own[Math.floor(share * own.length)]! }
}

function checkRange(where: string, low: number, high: number): void {
  if (!Number.isFinite(low)) fail('ERR_CONFIG', `${where}.low`, 'a finite number', low)
  if (!(Number.isFinite(high) && high > low)) fail('ERR_CONFIG', `${where}.high`, `a finite number above ${low}`, high)
}

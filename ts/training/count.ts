/** Counts in options. */

import { fail } from '../errors.js'

/** An integer of at least `least`, or undefined where none was given. */
export function count(where: string, value: unknown, least: number): number | undefined {
  if (value === undefined || value === null) return undefined
  const whole = typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value < 2 ** 31
  return whole ? value : fail('ERR_CONFIG', where, `an integer ≥ ${least}`, value)
}

/** Keys of hashes. */

import { fail } from '../errors.js'

/** Both halves of SipHash's key; one number stands for both. */
export function keyOf(where: string, salt: number | readonly number[] | null): [number, number] | undefined {
  if (salt === null) return undefined
  const halves = typeof salt === 'number' ? [salt, salt] : [...salt]
  if (halves.length !== 2 || !halves.every(Number.isSafeInteger))
    fail('ERR_CONFIG', `${where}.salt`, 'an integer, or two of them', salt)
  return halves as [number, number]
}

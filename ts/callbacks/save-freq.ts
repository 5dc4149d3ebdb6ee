/** How often callbacks save. */

import { fail } from '../errors.js'

/** After each epoch, or after every so many batches. */
export type SaveFreq = 'epoch' | number

/** Refuses all else. */
export function checkSaveFreq(where: string, saveFreq: unknown): asserts saveFreq is SaveFreq {
  const whole = typeof saveFreq === 'number' && Number.isSafeInteger(saveFreq) && saveFreq > 0
  if (saveFreq !== 'epoch' && !whole)
    fail('ERR_CONFIG', `${where}.saveFreq`, `'epoch' or a number of batches ≥ 1`, saveFreq)
}

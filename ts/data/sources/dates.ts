/** Dates of databases, which have ones that JavaScript has not. */

import { fail } from '../../errors.js'

/** The last moment of a `Date`. */
const LATEST = 8.64e15

/** Milliseconds since 1970 that a `Date` may have: beyond are the infinite dates of databases. */
export function dateOf(milliseconds: number, where: () => string): number {
  return Math.abs(milliseconds) <= LATEST ? milliseconds : fail('ERR_DATA', where(), 'a date', { text: 'infinity' })
}

/** Checks of what functions that read and write files are given and find. */

import { fail } from '../errors.js'

/** Refuses what is no path of a file. */
export function checkPath(where: string, path: unknown): void {
  if (typeof path !== 'string' || path === '') fail('ERR_CONFIG', `${where}.path`, 'the path of a file', path)
}

/** The value of JSON; text that is none is refused. */
export function jsonIn(where: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return fail('ERR_FORMAT', where, 'JSON', { text: (error as Error).message })
  }
}

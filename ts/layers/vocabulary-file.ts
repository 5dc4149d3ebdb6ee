/** Vocabularies that are kept in text files. */

import { readFileSync } from 'node:fs'
import { FerrogradError } from '../errors.js'

/** The lines of a text file, a token each. */
export function linesOf(where: string, path: string): string[] {
  try {
    const lines = readFileSync(path, 'utf8').split(/\r?\n/)
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines
  } catch (cause) {
    const message = `${where}: cannot read '${path}': ${(cause as Error).message}`
    throw new FerrogradError('ERR_IO', message, { cause, where, received: path })
  }
}

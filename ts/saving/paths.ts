/** Checks of what functions that read and write files are given and find. */

import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FerrogradError, fail } from '../errors.js'

/** Refuses what is no path of a file. */
export function checkPath(where: string, path: unknown): void {
  if (typeof path !== 'string' || path === '') fail('ERR_CONFIG', `${where}.path`, 'the path of a file', path)
}

/** Makes the folder of a file where it is not there. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
  } catch (error) {
    throw new FerrogradError('ERR_IO', `${dirname(path)}: cannot make: ${(error as Error).message}`, { cause: error })
  }
}

/** How deep lists and objects of a file may lie in one another. */
const DEPTH = 256

/** The value of JSON; text that is none, or too deep for those who go through it, is refused. */
export function jsonIn(where: string, text: string): unknown {
  if (depthOf(text) > DEPTH) fail('ERR_FORMAT', where, `JSON at most ${DEPTH} levels deep`, { text: 'a deeper one' })
  try {
    return JSON.parse(text)
  } catch (error) {
    return fail('ERR_FORMAT', where, 'JSON', { text: (error as Error).message })
  }
}

/** How deep lists and objects lie in one another. */
function depthOf(text: string): number {
  let [depth, most] = [0, 0]
  // Texts are passed over: brackets in them open nothing.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/gs)) {
    if (token === '[' || token === '{') depth += 1
    else if (token === ']' || token === '}') depth -= 1
    most = Math.max(most, depth)
  }
  return most
}

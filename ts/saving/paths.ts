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

/** The value of JSON; text that is none, too deep for those who go through it, or says two things of one name, is refused. */
export function jsonIn(where: string, text: string): unknown {
  const { depth, twice } = formOf(text)
  if (depth > DEPTH) fail('ERR_FORMAT', where, `JSON at most ${DEPTH} levels deep`, { text: 'a deeper one' })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return fail('ERR_FORMAT', where, 'JSON', { text: (error as Error).message })
  }
  return twice === undefined ? value : fail('ERR_FORMAT', where, 'JSON with each name once', { text: `${twice} twice` })
}

/** How deep lists and objects lie in one another, and a name that an object has twice. */
function formOf(text: string): { readonly depth: number; readonly twice: string | undefined } {
  let most = 0
  let twice: string | undefined
  /** The names of the objects that are open; of lists, none. */
  const open: Set<string>[] = []
  // Texts are passed over: brackets in them open nothing.
  for (const [token, name, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[[{\]}]/gs)) {
    if (token === '[' || token === '{') open.push(new Set())
    else if (token === ']' || token === '}') open.pop()
    else if (colon !== undefined) {
      const names = open.at(-1)
      const plain = unescaped(name!)
      if (names?.has(plain)) twice ??= name
      names?.add(plain)
    }
    most = Math.max(most, open.length)
  }
  return { depth: most, twice }
}

/** `"\u0061"` is `"a"`. */
function unescaped(name: string): string {
  try {
    return name.includes('\\') ? (JSON.parse(name) as string) : name.slice(1, -1)
  } catch {
    // No JSON: whoever parses all of it says so.
    return name
  }
}

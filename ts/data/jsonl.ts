/** Rows out of JSON lines: an object a line. */

import { TextDecoder } from 'node:util'
import { fail } from '../errors.js'
import { type ByteSource, type BytesLike, byteSources } from './bytes.js'
import { type Chunk, List } from './chunk.js'
import { type Demand, dropped, type Flow } from './flow.js'

/** The most characters of one line. */
const LONGEST = 64 << 20

/** The values of the lines, in order; empty lines are passed over. */
export function jsonlFlow<T>(from: BytesLike): Flow<T> {
  const open = async function* ({ left }: Demand): AsyncGenerator<Chunk<T>> {
    for (const source of await byteSources('Dataset.jsonl', from)) yield* valuesOf<T>(source, left)
  }
  return { isWide: true, open: (_, skip, demand) => (skip === 0 ? open(demand) : dropped(open(demand), skip)) }
}

async function* valuesOf<T>({ name, open }: ByteSource, left: AbortSignal | undefined): AsyncGenerator<Chunk<T>> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  // Of a line that goes over several blocks: put together once, where it ends.
  let rest: string[] = []
  let held = 0
  let line = 1
  const parse = (lines: readonly string[]): List<T> => {
    const values: T[] = []
    for (const text of lines) {
      if (text.trim() !== '') values.push(parsed(name, line, text) as T)
      line += 1
    }
    return new List(values)
  }
  for await (const block of open(left)) {
    const lines = decoded(name, decoder, block).split('\n')
    const last = lines.pop()!
    if (lines.length > 0) {
      lines[0] = rest.join('') + lines[0]
      rest = []
      held = 0
    }
    rest.push(last)
    held += last.length
    if (held > LONGEST)
      fail('ERR_DATA', `${name} line ${line + lines.length}`, 'a line of at most 64 MB', { text: 'more' })
    const chunk = parse(lines)
    if (chunk.length > 0) yield chunk
  }
  // What is left of a character that the last block began.
  const chunk = parse([rest.join('') + decoded(name, decoder)])
  if (chunk.length > 0) yield chunk
}

function decoded(name: string, decoder: TextDecoder, block?: Uint8Array): string {
  try {
    return decoder.decode(block, { stream: block !== undefined })
  } catch {
    return fail('ERR_DATA', name, 'UTF-8', { text: 'another encoding' }, 'Convert it: iconv -t utf-8')
  }
}

function parsed(name: string, line: number, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text
    return fail('ERR_DATA', `${name} line ${line}`, 'JSON', { text: `'${shown}' (${(error as Error).message})` })
  }
}

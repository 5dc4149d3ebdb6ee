/** Tables that Rust reads, a block of bytes at a time, by several threads off the event loop. */

import type { BindingTable, BindingTableColumn } from '../core/native.js'
import { job, native, runtime } from '../core/runtime.js'
import { FerrogradError, suggest } from '../errors.js'
import type { Json } from '../types.js'
import { type ByteSource, type BytesLike, byteSources, isPlainFile, unchanged } from './bytes.js'
import { type Chunk, Rows } from './chunk.js'
import { type Column, type ColumnTree, NumberColumn } from './column.js'
import { type Demand, dropped, type Flow, inPieces, wanting } from './flow.js'
import { bytesIdentity } from './identity.js'
import { JsonColumn } from './json-column.js'
import { goneError } from './leaving.js'
import { prefetched } from './prefetch.js'
import type { JsonSchema } from './schema.js'
import { TextColumn } from './text-column.js'

/** Bytes of a file that are read at a time: threads meet before and after each. */
const BLOCK = 4 << 20
/** Blocks that are read while one is used. */
const AHEAD = 2

/** What is read, and how. */
export interface TablePlan {
  /** The method, for messages. */
  readonly where: string
  readonly from: BytesLike
  readonly schema: JsonSchema | undefined
  /** What else decides the rows. */
  readonly options: Json
  /** A table of which nothing is read yet; the schema is the user's, or what an earlier file had. */
  open(name: string, schema: JsonSchema | undefined): BindingTable
}

/** The rows of some tables, one after the other; the first one's columns are those of all. */
export function tableFlow<T>(plan: TablePlan): Flow<T> {
  const blocks = prefetched<T>({ open: (_pass, _from, demand) => blocksOf<T>(plan, demand) }, AHEAD)
  return {
    isWide: true,
    identity: async () => ({ from: await bytesIdentity(plan.where, plan.from), options: plan.options }),
    open(pass, skip, demand) {
      const chunks = blocks.open(
        pass,
        0,
        wanting(() => 1, demand),
      )
      return dropped(inPieces(chunks, demand), skip)
    },
  }
}

async function* blocksOf<T>(plan: TablePlan, { left }: Demand): AsyncGenerator<Chunk<T>> {
  let known = plan.schema
  for (const source of await byteSources(plan.where, plan.from)) {
    const table = native(() => plan.open(source.name, known))
    for await (const rows of rowsOf<T>(source, table, left)) {
      known ??= rows.schema
      yield rows.chunk
    }
  }
}

/** The rows of a block. */
interface Read<T> {
  readonly chunk: Rows<T>
  /** Nothing where the lines are values and no records. */
  readonly schema: JsonSchema | undefined
}

/** The rows of a block are given before the next one is waited for: a stream may be slow. */
async function* rowsOf<T>(
  source: ByteSource,
  table: BindingTable,
  left: AbortSignal | undefined,
): AsyncGenerator<Read<T>> {
  const { path } = source
  const texts: KnownTexts = new Map()
  const read = async (start: (ticket: number) => void): Promise<Read<T> | undefined> => {
    try {
      await job(start)
    } catch (error) {
      throw named(source.name, error)
    }
    return readOf<T>(
      native(() => table.take()),
      texts,
    )
  }
  const given = path !== undefined && (await isPlainFile(path)) ? ofFile(path) : ofBlocks()
  for await (const rows of given) if (rows !== undefined) yield rows

  async function* ofBlocks(): AsyncGenerator<Read<T> | undefined> {
    for await (const block of withLineEnds(source.open(left)))
      yield read((ticket) => table.read(runtime(), block, false, ticket))
    yield read((ticket) => table.read(runtime(), new Uint8Array(0), true, ticket))
  }

  /** Without a visit of its bytes to JavaScript. */
  async function* ofFile(path: string): AsyncGenerator<Read<T> | undefined> {
    yield* unchanged(path, async function* () {
      try {
        native(() => table.open(path))
      } catch (error) {
        throw named(source.name, error)
      }
      try {
        while (table.isOpen) {
          if (left?.aborted === true) throw goneError()
          yield read((ticket) => table.readOn(runtime(), BLOCK, ticket))
        }
      } finally {
        table.close()
      }
    })
  }
}

/** Shorter blocks are looked through before they are read. */
const SHORT = 64 << 10

/** Blocks in which a line ends, or that are long: a stream may come byte by byte, and a visit to another thread takes a while. */
async function* withLineEnds(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const block of blocks) {
    size += block.length
    if (size < SHORT && !block.includes(10) && !block.includes(13)) {
      held.push(block.slice())
      continue
    }
    yield held.length === 0 ? block : Buffer.concat([...held, block])
    held = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(held)
}

/** The same error, with the name of the source in front, and the nearest column where one is not there. */
function named(name: string, error: unknown): unknown {
  if (!(error instanceof FerrogradError)) return error
  const separator = error.message.startsWith('line ') ? ' ' : ': '
  const message = `${name}${separator}${error.message}${nearest(error.message)}`
  return new FerrogradError(error.code, message, { cause: error, where: name })
}

function nearest(message: string): string {
  const [, name, known] = /^no column '(.*)' among (.*)$/s.exec(message) ?? []
  const near = name === undefined ? '' : suggest(name, known!.split(', '))
  return near === '' ? '' : `; ${near}`
}

/** The different values of columns of text so far. */
type KnownTexts = Map<string, string[]>

function readOf<T>(bound: readonly BindingTableColumn[], texts: KnownTexts): Read<T> | undefined {
  const columns = bound.map((column) => columnOf(column, texts))
  const rows = columns[0]?.rows ?? 0
  if (rows === 0) return undefined
  // Values that are no records are one column without a name.
  if (bound[0]!.name === '' && bound[0]!.kind === 'json')
    return { chunk: new Rows<T>(columns[0]!, rows), schema: undefined }
  const tree = Object.fromEntries(bound.map(({ name }, i) => [name, columns[i]])) as ColumnTree
  const schema = Object.fromEntries(bound.map(({ name, kind }) => [name, kind])) as JsonSchema
  return { chunk: new Rows<T>(tree, rows), schema }
}

function columnOf(column: BindingTableColumn, texts: KnownTexts): Column {
  const { float32, float64, int32, bool, values, codes } = column
  if (bool !== undefined) return new NumberColumn(bool, [], 'bool')
  if (codes !== undefined) return new TextColumn(grown(column, texts), codes)
  if (values !== undefined) return new JsonColumn(values)
  return new NumberColumn((float32 ?? float64 ?? int32)!)
}

/** Values that came for the first time behind those of earlier blocks, in the list that all of these share. */
function grown({ name, known, values }: BindingTableColumn, texts: KnownTexts): readonly string[] {
  const all = known === 0 ? [] : texts.get(name)!
  for (const value of values!) all.push(value)
  texts.set(name, all)
  return all
}

/** Bytes of files, of memory and of streams, block by block. */

import { createReadStream, type Stats } from 'node:fs'
import { open as openFile, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Duplex, pipeline, Readable } from 'node:stream'
import zlib from 'node:zlib'
import { FerrogradError, fail } from '../errors.js'
import { untilLeft } from './leaving.js'
import { stageError } from './stage-error.js'

/** A stream of bytes: a `Readable`, a web stream, the body of a response. */
export type ByteStream = AsyncIterable<Uint8Array | string>

/**
 * Where bytes come from: paths (in the last part of one, `*` stands for any characters), bytes, or a stream, any of them packed
 * by gzip or (from Node 22.15 on) Zstandard; of a stream that can be read once alone, a function that opens it for each pass.
 */
export type BytesLike = string | readonly string[] | Uint8Array | ByteStream | (() => ByteStream | Promise<ByteStream>)

/** One file or stream. */
export interface ByteSource {
  /** For messages. */
  readonly name: string
  /** Of a file. */
  readonly path?: string
  /** `left` is aborted when nobody will read on. */
  open(left?: AbortSignal): AsyncIterable<Uint8Array>
}

/** Bytes read at a time. */
const BLOCK = 1 << 20
/** From so many unpacked bytes on, more than {@link RATIO} times the packed ones are refused. */
const MUCH = 256 << 20
const RATIO = 500

/** The sources that are meant, in the order of their names. */
export async function byteSources(where: string, from: BytesLike): Promise<ByteSource[]> {
  if (typeof from === 'string') return (await expanded(where, from)).map(fileSource)
  if (Array.isArray(from) && from.length === 0) fail('ERR_CONFIG', where, 'at least one path', from)
  if (Array.isArray(from)) return (await Promise.all(from.map((path) => byteSources(where, path)))).flat()
  if (from instanceof Uint8Array) return [{ name: 'the bytes', open: () => unpacked('the bytes', inBlocks(from)) }]
  const open = typeof from === 'function' ? from : () => from as ByteStream
  return [{ name: 'the stream', open: (left) => unpacked('the stream', streamed(where, open, left)) }]
}

async function expanded(where: string, path: string): Promise<string[]> {
  const pattern = basename(path)
  if (!pattern.includes('*')) return [path]
  const name = new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`)
  const found = (await listed(dirname(path))).filter((one) => name.test(one)).sort()
  if (found.length === 0) fail('ERR_IO', where, 'files of that name', path)
  return found.map((one) => join(dirname(path), one))
}

async function listed(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    throw unreadable(folder, cause)
  }
}

function fileSource(path: string): ByteSource {
  return {
    name: path,
    path,
    open: (left) =>
      unpacked(
        path,
        unchanged(path, () => streamedFile(path, left)),
      ),
  }
}

async function* streamedFile(path: string, left: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  try {
    yield* untilLeft<Uint8Array>(createReadStream(path, { highWaterMark: BLOCK }), left)
  } catch (cause) {
    throw cause instanceof FerrogradError ? cause : unreadable(path, cause)
  }
}

/** Whether a path is that of a file (and not of a pipe, say) whose bytes are as they are. */
export async function isPlainFile(path: string): Promise<boolean> {
  if (!(await stated(path)).isFile()) return false
  try {
    const file = await openFile(path)
    try {
      const { buffer } = await file.read({ buffer: new Uint8Array(4) })
      return packing(buffer) === undefined
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

async function* inBlocks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += BLOCK) yield bytes.subarray(at, at + BLOCK)
}

/** What is read of a file, which must not change meanwhile. */
export async function* unchanged<T>(path: string, read: () => AsyncIterable<T>): AsyncGenerator<T> {
  const before = await stated(path)
  yield* read()
  const after = await stated(path)
  if (before.size !== after.size || before.mtimeMs !== after.mtimeMs)
    fail('ERR_IO', path, 'a file that stays as it is while it is read', { text: 'one that changed' })
}

async function stated(path: string): Promise<Stats> {
  try {
    return await stat(path)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): FerrogradError {
  return new FerrogradError('ERR_IO', `${path}: cannot read: ${(cause as Error).message}`, { cause, where: path })
}

/** Bytes as they are, or unpacked where they begin as gzip or Zstandard does. */
async function* unpacked(name: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const blocks = bytes[Symbol.asyncIterator]()
  try {
    const { head, done } = await headOf(blocks)
    const rest = async function* (): AsyncGenerator<Uint8Array> {
      if (head.length > 0) yield head
      if (!done) yield* { [Symbol.asyncIterator]: () => blocks }
    }
    const unpack = unpackerOf(name, head)
    yield* unpack === undefined ? rest() : through(name, rest(), unpack)
  } finally {
    await blocks.return?.()
  }
}

/** The first blocks, joined, that hold the four bytes which tell how a file is packed. */
async function headOf(
  blocks: AsyncIterator<Uint8Array>,
): Promise<{ readonly head: Uint8Array; readonly done: boolean }> {
  let head: Uint8Array = new Uint8Array(0)
  while (head.length < 4) {
    const next = await blocks.next()
    if (next.done === true) return { head, done: true }
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  return { head, done: false }
}

/** How bytes are packed, by the first four. */
function packing([a, b, c, d]: Uint8Array): 'gzip' | 'Zstandard' | undefined {
  if (a === 0x1f && b === 0x8b) return 'gzip'
  return a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd ? 'Zstandard' : undefined
}

function unpackerOf(name: string, head: Uint8Array): Duplex | undefined {
  const packed = packing(head)
  if (packed === undefined) return undefined
  if (packed === 'gzip') return zlib.createGunzip({ chunkSize: BLOCK })
  // Node has it from 22.15 on.
  const { createZstdDecompress } = zlib as { createZstdDecompress?: (options: object) => Duplex }
  if (createZstdDecompress !== undefined) return createZstdDecompress({ chunkSize: BLOCK })
  const hint = 'Use Node 22.15 or later, or unpack it: zstd -d'
  return fail('ERR_DATA', name, 'bytes that this Node can unpack', { text: packed }, hint)
}

async function* through(name: string, bytes: AsyncIterable<Uint8Array>, unpack: Duplex): AsyncGenerator<Uint8Array> {
  let [packed, size] = [0, 0]
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const block of bytes) {
      packed += block.length
      yield block
    }
  }
  // What fails ends the pipe, and is thrown by the loop.
  pipeline(Readable.from(counted()), unpack, () => undefined)
  try {
    for await (const block of unpack) {
      size += (block as Uint8Array).length
      if (size > MUCH && size > RATIO * packed)
        fail('ERR_DATA', name, `at most ${RATIO} bytes for each packed one`, { text: 'more' }, 'Unpack it yourself')
      yield block as Uint8Array
    }
  } catch (cause) {
    if (cause instanceof FerrogradError) throw cause
    throw new FerrogradError('ERR_IO', `${name}: cannot unpack: ${(cause as Error).message}`, { cause, where: name })
  } finally {
    unpack.destroy()
  }
}

async function* streamed(
  where: string,
  open: () => ByteStream | Promise<ByteStream>,
  left: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let given = 0
  try {
    const stream = await open()
    if (typeof stream !== 'object' || stream === null || !(Symbol.asyncIterator in stream))
      fail('ERR_DATA', where, 'a path, bytes or a stream of bytes', stream)
    for await (const block of untilLeft(stream, left)) {
      const bytes = typeof block === 'string' ? new TextEncoder().encode(block) : block
      if (!(bytes instanceof Uint8Array))
        fail('ERR_DATA', where, 'bytes or text out of a stream', block, 'Dataset.from takes rows')
      given += bytes.length
      yield bytes
    }
  } catch (cause) {
    throw stageError(`${where}: the stream broke off after ${given} bytes`, cause, 'ERR_IO')
  }
}

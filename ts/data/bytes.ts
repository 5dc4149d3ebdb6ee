/** Bytes of files, of memory and of streams, block by block. */

import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { FerrogradError, fail } from '../errors.js'

/** A stream of bytes: a `Readable`, a web stream, the body of a response. */
export type ByteStream = AsyncIterable<Uint8Array | string>

/**
 * Where bytes come from: paths (in the last part of one, `*` stands for any characters; `.gz` is unpacked), bytes, or a
 * stream; of a stream that can be read once alone, a function that opens it for each pass.
 */
export type BytesLike = string | readonly string[] | Uint8Array | ByteStream | (() => ByteStream | Promise<ByteStream>)

/** One file or stream. */
export interface ByteSource {
  /** For messages. */
  readonly name: string
  open(): AsyncIterable<Uint8Array>
}

/** Bytes read at a time. */
const BLOCK = 4 << 20
/** From so many unpacked bytes on, more than {@link RATIO} times the packed ones are refused. */
const MUCH = 256 << 20
const RATIO = 500

/** The sources that are meant, in the order of their names. */
export async function byteSources(where: string, from: BytesLike): Promise<ByteSource[]> {
  if (typeof from === 'string') return (await expanded(where, from)).map(fileSource)
  if (Array.isArray(from)) return (await Promise.all(from.map((path) => byteSources(where, path)))).flat()
  if (from instanceof Uint8Array) return [{ name: 'the bytes', open: () => inBlocks(from) }]
  const open = typeof from === 'function' ? from : () => from as ByteStream
  return [{ name: 'the stream', open: () => streamed(where, open) }]
}

async function expanded(where: string, path: string): Promise<string[]> {
  const pattern = path.slice(dirname(path).length === 1 && !path.startsWith('.') ? 0 : dirname(path).length + 1)
  if (!pattern.includes('*')) return [path]
  const name = new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`)
  const found = (await readdir(dirname(path))).filter((one) => name.test(one)).sort()
  if (found.length === 0) fail('ERR_IO', where, 'files of that name', path)
  return found.map((one) => join(dirname(path), one))
}

function fileSource(path: string): ByteSource {
  return { name: path, open: () => (path.endsWith('.gz') ? unpacked(path) : unchanged(path)) }
}

async function* inBlocks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += BLOCK) yield bytes.subarray(at, at + BLOCK)
}

/** The bytes of a file, which must not change meanwhile. */
async function* unchanged(path: string): AsyncGenerator<Uint8Array> {
  const before = await stated(path)
  for await (const block of createReadStream(path, { highWaterMark: BLOCK })) yield block as Uint8Array
  const after = await stated(path)
  if (before.size !== after.size || before.mtimeMs !== after.mtimeMs)
    fail('ERR_IO', path, 'a file that stays as it is while it is read', { text: 'one that changed' })
}

async function stated(path: string): Promise<{ readonly size: number; readonly mtimeMs: number }> {
  try {
    return await stat(path)
  } catch (cause) {
    throw new FerrogradError('ERR_IO', `${path}: cannot read: ${(cause as Error).message}`, { cause, where: path })
  }
}

async function* unpacked(path: string): AsyncGenerator<Uint8Array> {
  let packed = 0
  const from = createReadStream(path, { highWaterMark: BLOCK })
  from.on('data', (block) => {
    packed += block.length
  })
  const gunzip = createGunzip({ chunkSize: 1 << 20 })
  from.on('error', (error) => gunzip.destroy(error))
  let size = 0
  try {
    for await (const block of from.pipe(gunzip)) {
      size += (block as Uint8Array).length
      if (size > MUCH && size > RATIO * packed)
        fail('ERR_DATA', path, `at most ${RATIO} bytes for each packed one`, { text: 'more' }, 'Unpack it yourself')
      yield block as Uint8Array
    }
  } catch (cause) {
    if (cause instanceof FerrogradError) throw cause
    throw new FerrogradError('ERR_IO', `${path}: cannot unpack: ${(cause as Error).message}`, { cause, where: path })
  } finally {
    from.destroy()
  }
}

async function* streamed(where: string, open: () => ByteStream | Promise<ByteStream>): AsyncGenerator<Uint8Array> {
  const stream = await open()
  if (typeof stream !== 'object' || stream === null || !(Symbol.asyncIterator in stream))
    fail('ERR_DATA', where, 'a path, bytes or a stream of bytes', stream)
  for await (const block of stream) yield typeof block === 'string' ? new TextEncoder().encode(block) : block
}

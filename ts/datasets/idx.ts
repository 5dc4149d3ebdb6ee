/** Reads IDX, the format of the MNIST files: a big-endian header of magic and lengths, then bytes. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { sizeOf } from '../core/shapes.js'
import type { ShapedArray } from '../data/shaped.js'
import { FerrogradError } from '../errors.js'

/** No data set in this format comes near this many bytes; a file that inflates to more is not one. */
const largest = 2 ** 30

/** The bytes of an IDX file, gzipped or not, with the shape its header states; `rank` is the number of axes expected. */
export function readIdx(path: string, rank: number): ShapedArray<Uint8Array> {
  return parseIdx(inflate(readFileSync(path), path), rank, path)
}

/** The bytes and the shape of an IDX file's content. */
export function parseIdx(bytes: Uint8Array, rank: number, path: string): ShapedArray<Uint8Array> {
  const header = 4 + 4 * rank
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // 0x08: unsigned bytes; the last byte of the magic number is the rank.
  const magic = 0x0800 + rank
  if (bytes.length < header) refuse(path, `a header of ${header} bytes`, `${bytes.length} bytes`)
  if (view.getUint32(0) !== magic) refuse(path, `magic number ${magic}`, String(view.getUint32(0)))
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis))
  const size = sizeOf(shape)
  const values = bytes.subarray(header)
  if (values.length !== size)
    refuse(path, `${size} bytes after the header (${shape.join(' × ')})`, String(values.length))
  return { values, shape }
}

function inflate(bytes: Buffer, path: string): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: largest })
  } catch (cause) {
    throw new FerrogradError('ERR_FORMAT', `${path}: the gzip stream is damaged or cut short`, { cause })
  }
}

function refuse(path: string, expected: string, got: string): never {
  throw new FerrogradError('ERR_FORMAT', `${path}: expected ${expected}, got ${got}`)
}

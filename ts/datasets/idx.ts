/** Reads IDX, the format of the MNIST files, gzipped or not. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { ShapedArray } from '../data/shaped.js'
import { FerrogradError } from '../errors.js'
import { decode } from '../saving/archive.js'

/** No data set in this format comes near this many bytes; a file that inflates to more is not one. */
const largest = 2 ** 30

/** The bytes of an IDX file with the shape its header states; `rank` is the number of axes expected. */
export function readIdx(path: string, rank: number): ShapedArray<Uint8Array> {
  const { dtype, shape, values } = parse(inflate(readFileSync(path), path), path)
  if (!(values instanceof Uint8Array)) refuse(path, 'elements of uint8', dtype)
  if (shape.length !== rank) refuse(path, `${rank} axes`, `${shape.length}`)
  return { values, shape }
}

function parse(bytes: Uint8Array, path: string) {
  try {
    return decode('idx', bytes).arrays.get('')!
  } catch (cause) {
    if (!(cause instanceof FerrogradError)) throw cause
    throw new FerrogradError(cause.code, `${path}: ${cause.message}`, { cause })
  }
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

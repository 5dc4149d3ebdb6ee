/** Sound files of plain samples. */

import { fail } from '../errors.js'
import type { ShapedArray } from '../types.js'

/** Sound as numbers. */
export interface Sound {
  /** (samples, channels), from −1 to 1. */
  readonly sound: ShapedArray<Float32Array>
  /** Samples a second. */
  readonly sampleRate: number
}

/** How samples are written. */
const PCM = 1
const FLOAT = 3
const EXTENSIBLE = 0xfffe

/**
 * The samples of a WAV file (RIFF): whole numbers of 8, 16, 24 or 32 bits, or floats of 32 or 64, of any number of channels.
 *
 * Whole numbers become shares of their range, from −1 to 1. A file that ends early has the samples that are there. Errors:
 * ERR_FORMAT for bytes that are no WAV file, and for compressed samples.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { readWav } from 'ferrograd/data'
 *
 * const { sound, sampleRate } = readWav(readFileSync('word.wav'))
 * console.log(sound.shape, sampleRate) // [16000, 1] 16000
 * ```
 */
export function readWav(bytes: Uint8Array | ArrayBuffer): Sound {
  const view = viewOf(bytes)
  if (textAt(view, 0) !== 'RIFF' || textAt(view, 8) !== 'WAVE')
    fail('ERR_FORMAT', 'readWav', 'a WAV file: RIFF … WAVE', { text: `${view.byteLength} bytes of another kind` })
  const chunks = chunksOf(view)
  const [format, data] = [chunks.get('fmt '), chunks.get('data')]
  if (format === undefined || format.byteLength < 16 || data === undefined)
    return fail('ERR_FORMAT', 'readWav', `parts 'fmt ' and 'data'`, { text: [...chunks.keys()].join(', ') || 'none' })
  const [channels, sampleRate, bits] = [
    format.getUint16(2, true),
    format.getUint32(4, true),
    format.getUint16(14, true),
  ]
  const read = readerOf(kindOf(format), bits)
  if (channels < 1) fail('ERR_FORMAT', 'readWav', 'at least one channel', channels)
  const samples = Math.floor(data.byteLength / ((bits / 8) * channels))
  const values = Float32Array.from({ length: samples * channels }, (_, i) => read(data, (i * bits) / 8))
  return { sound: { values, shape: [samples, channels] }, sampleRate }
}

function viewOf(bytes: unknown): DataView {
  if (bytes instanceof ArrayBuffer) return new DataView(bytes)
  if (bytes instanceof Uint8Array) return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return fail('ERR_DATA', 'readWav', 'the bytes of a file', bytes)
}

/** Four letters; fewer at the end. */
function textAt(view: DataView, at: number): string {
  const codes = Array.from({ length: Math.max(0, Math.min(4, view.byteLength - at)) }, (_, i) => view.getUint8(at + i))
  return String.fromCharCode(...codes)
}

/** The parts of the file by their names; the first of each counts. */
function chunksOf(view: DataView): Map<string, DataView> {
  const chunks = new Map<string, DataView>()
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const [name, length] = [textAt(view, at), view.getUint32(at + 4, true)]
    const there = Math.min(length, view.byteLength - at - 8)
    if (!chunks.has(name)) chunks.set(name, new DataView(view.buffer, view.byteOffset + at + 8, there))
    // Parts begin at even places.
    at += 8 + length + (length % 2)
  }
  return chunks
}

/** The kind of the samples; a longer header says it further behind. */
function kindOf(format: DataView): number {
  const kind = format.getUint16(0, true)
  return kind === EXTENSIBLE && format.byteLength >= 26 ? format.getUint16(24, true) : kind
}

function readerOf(kind: number, bits: number): (data: DataView, at: number) => number {
  const known: Readonly<Record<string, (data: DataView, at: number) => number>> = {
    [`${PCM} 8`]: (data, at) => (data.getUint8(at) - 128) / 128,
    [`${PCM} 16`]: (data, at) => data.getInt16(at, true) / 2 ** 15,
    [`${PCM} 24`]: (data, at) => (data.getUint16(at, true) + 2 ** 16 * data.getInt8(at + 2)) / 2 ** 23,
    [`${PCM} 32`]: (data, at) => data.getInt32(at, true) / 2 ** 31,
    [`${FLOAT} 32`]: (data, at) => data.getFloat32(at, true),
    [`${FLOAT} 64`]: (data, at) => data.getFloat64(at, true),
  }
  const found = known[`${kind} ${bits}`]
  if (found !== undefined) return found
  const hint = 'Convert it: ffmpeg -i in.wav -c:a pcm_s16le out.wav'
  return fail('ERR_FORMAT', 'readWav', 'whole numbers or floats', { text: `kind ${kind} of ${bits} bits` }, hint)
}

/** Sound files against those that Python's `wave` writes of 0, ½, −½, ¼, −1, ¾, and against bytes that are none. */

import { readWav } from 'ferrograd/data'
import { describe, expect, it, test } from 'vitest'
import { caught } from '../caught.js'

const files: readonly (readonly [bits: number, channels: number, bytes: string])[] = [
  [8, 1, 'UklGRioAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQYAAACAwECgAOA='],
  [8, 2, 'UklGRioAAABXQVZFZm10IBAAAAABAAIAQB8AAIA+AAACAAgAZGF0YQYAAACAwECgAOA='],
  [16, 1, 'UklGRjAAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQwAAAAAAABAAMAAIACAAGA='],
  [16, 2, 'UklGRjAAAABXQVZFZm10IBAAAAABAAIAQB8AAAB9AAAEABAAZGF0YQwAAAAAAABAAMAAIACAAGA='],
  [24, 1, 'UklGRjYAAABXQVZFZm10IBAAAAABAAEAQB8AAMBdAAADABgAZGF0YRIAAAAAAAAAAEAAAMAAACAAAIAAAGA='],
  [24, 2, 'UklGRjYAAABXQVZFZm10IBAAAAABAAIAQB8AAIC7AAAGABgAZGF0YRIAAAAAAAAAAEAAAMAAACAAAIAAAGA='],
  [32, 1, 'UklGRjwAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAAEACAAZGF0YRgAAAAAAAAAAAAAQAAAAMAAAAAgAAAAgAAAAGA='],
  [32, 2, 'UklGRjwAAABXQVZFZm10IBAAAAABAAIAQB8AAAD6AAAIACAAZGF0YRgAAAAAAAAAAAAAQAAAAMAAAAAgAAAAgAAAAGA='],
]

describe('whole numbers', () => {
  it.each(files)('of %i bits, %i channels', (_, channels, text) => {
    const { sound, sampleRate } = readWav(Buffer.from(text, 'base64'))
    expect([sampleRate, sound.shape]).toEqual([8000, [6 / channels, channels]])
    expect([...sound.values]).toEqual([0, 0.5, -0.5, 0.25, -1, 0.75])
  })
})

/** A file of floats with a part that nobody knows before the samples, its length odd. */
function floats(bits: 32 | 64, values: readonly number[]): Buffer {
  const data = Buffer.from(bits === 32 ? Float32Array.from(values).buffer : Float64Array.from(values).buffer)
  const format = Buffer.alloc(24)
  format.write('fmt ', 0)
  format.writeUInt32LE(16, 4)
  format.writeUInt16LE(3, 8)
  format.writeUInt16LE(1, 10)
  format.writeUInt32LE(44100, 12)
  format.writeUInt16LE(bits, 22)
  const note = Buffer.from('note\u0003\0\0\0abc\0', 'latin1')
  const head = Buffer.from('data\0\0\0\0', 'latin1')
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), format, note, head, data])
}

test('floats, parts that nobody knows, and files that end early', () => {
  for (const bits of [32, 64] as const) {
    const file = floats(bits, [0.5, -2, 0.125])
    expect([...readWav(file).sound.values]).toEqual([0.5, -2, 0.125])
    expect([...readWav(file.subarray(0, -1)).sound.values]).toEqual([0.5, -2])
    expect(readWav(Uint8Array.from(file).buffer).sampleRate).toBe(44100)
  }
})

test('refuses what is no such file, wherever it is cut', () => {
  const file = floats(32, [1, 2])
  for (let length = 0; length < file.length; length++) {
    const error = caught(() => readWav(file.subarray(0, length)))
    if (error !== undefined) expect(error).toMatchObject({ code: 'ERR_FORMAT' })
  }
  expect(() => readWav(Buffer.from('ID3'))).toThrow(
    'readWav: expected a WAV file: RIFF … WAVE, got 3 bytes of another kind',
  )
  const packed = Buffer.from(file)
  packed.writeUInt16LE(85, 20)
  expect(() => readWav(packed)).toThrow('expected whole numbers or floats, got kind 85 of 32 bits. Convert it')
  expect(() => readWav('a.wav' as never)).toThrow('readWav: expected the bytes of a file')
})

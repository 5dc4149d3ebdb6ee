import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TensorBoard } from 'ferrograd/callbacks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { crc32c, maskedCrc32c } from '../../ts/callbacks/tensor-board/crc32c.js'
import { histogramOf } from '../../ts/callbacks/tensor-board/histogram.js'
import type { Model } from '../../ts/model/model.js'

describe('crc32c', () => {
  // RFC 3720, appendix B.4.
  test.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0 … 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
  ])('%s', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc)
  })
})

/** The events of a file, each frame's checksums checked. */
function records(file: string): Buffer[] {
  const all: Buffer[] = []
  let rest = readFileSync(file)
  while (rest.length > 0) {
    const length = Number(rest.readBigUInt64LE())
    expect(rest.readUInt32LE(8)).toBe(maskedCrc32c(rest.subarray(0, 8)))
    const data = rest.subarray(12, 12 + length)
    expect(rest.readUInt32LE(12 + length)).toBe(maskedCrc32c(data))
    all.push(data)
    rest = rest.subarray(16 + length)
  }
  return all
}

describe('TensorBoard', () => {
  let dir = ''
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ferrograd-board-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))
  const eventsOf = (part: string): Buffer[] => records(join(dir, part, readdirSync(join(dir, part))[0]!))

  test('writes train and validation logs apart, in whole records', () => {
    const board = new TensorBoard({ logDir: dir, histogramFreq: 1 })
    const kernel = { name: 'kernel', dataSync: () => Float32Array.of(-1, 0, 1, 1) }
    board.setModel({ layers: [{ name: 'dense', weights: [kernel] }] } as unknown as Model)
    board.onEpochEnd(0, { loss: 0.5, val_loss: 0.75 })
    board.onEpochEnd(1, { loss: 0.25, val_loss: 0.5 })
    board.onTrainEnd()
    const train = eventsOf('train')
    expect(train).toHaveLength(5)
    expect(train[0]!.includes('brain.Event:2')).toBe(true)
    // tag 'epoch_loss' (field 1 of the value), then simple_value (field 2, fixed32) 0.5
    const half = Buffer.alloc(4)
    half.writeFloatLE(0.5)
    expect(train[1]!.includes(Buffer.concat([Buffer.from('epoch_loss'), Buffer.of(0x15), half]))).toBe(true)
    expect(train[2]!.includes('dense/kernel/histogram')).toBe(true)
    expect(eventsOf('validation')).toHaveLength(3)
    expect(eventsOf('validation')[1]!.includes('epoch_loss')).toBe(true)
  })

  test('histograms count every number once', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => Math.sin(i))
    const { min, max, count, buckets, limits } = histogramOf(values)
    expect(buckets.reduce((a, b) => a + b, 0)).toBe(count)
    expect(limits.at(-1)).toBe(max)
    expect(min).toBeLessThan(limits[0]!)
    expect(histogramOf([2, 2]).buckets[0]).toBe(2)
  })
})

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TensorBoard } from 'ferrograd/callbacks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { epochs, eventFiles, eventsFolder, START, weightsOf } from '../../tools/oracle/our-events.js'
import type { Model } from '../../ts/model/model.js'

/** CRC-32C bit by bit: nothing of the library's. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

/** The checksum of a record: rotated, and a constant added. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

test('the checksum of this test is that of RFC 3720, appendix B.4', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
})

/** The events of a file, each frame's checksums checked. */
function records(file: string): Buffer[] {
  const all: Buffer[] = []
  let rest = readFileSync(file)
  while (rest.length > 0) {
    const length = Number(rest.readBigUInt64LE())
    expect(rest.readUInt32LE(8)).toBe(masked(rest.subarray(0, 8)))
    const data = rest.subarray(12, 12 + length)
    expect(rest.readUInt32LE(12 + length)).toBe(masked(data))
    all.push(data)
    rest = rest.subarray(16 + length)
  }
  return all
}

/** The fields of a protocol buffer by their numbers. */
function fields(message: Buffer): Map<number, Buffer | number> {
  const found = new Map<number, Buffer | number>()
  let at = 0
  const varint = (): number => {
    let [value, factor, byte] = [0, 1, 0]
    do {
      byte = message[at++]!
      value += (byte & 0x7f) * factor
      factor *= 128
    } while (byte >= 0x80)
    return value
  }
  const take = (count: number): Buffer => {
    at += count
    return message.subarray(at - count, at)
  }
  while (at < message.length) {
    const key = varint()
    const field = Math.floor(key / 8)
    if (key % 8 === 0) found.set(field, varint())
    else if (key % 8 === 1) found.set(field, take(8).readDoubleLE())
    else if (key % 8 === 5) found.set(field, take(4).readFloatLE())
    else found.set(field, take(varint()))
  }
  return found
}

/** The value of an event: field 1 of its summary, which is field 5. */
function summaryOf(event: Buffer): Map<number, Buffer | number> {
  return fields(fields(fields(event).get(5) as Buffer).get(1) as Buffer)
}

const doubles = (packed: unknown): number[] => [...new Float64Array(Uint8Array.from(packed as Buffer).buffer)]

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
    expect(String(fields(train[0]!).get(3))).toBe('brain.Event:2')
    const scalar = summaryOf(train[1]!)
    expect([String(scalar.get(1)), scalar.get(2)]).toEqual(['epoch_loss', 0.5])
    expect(fields(train[3]!).get(2)).toBe(1)
    const histogram = summaryOf(train[2]!)
    expect(String(histogram.get(1))).toBe('dense/kernel/histogram')
    const counted = fields(histogram.get(5) as Buffer)
    // Field 1 is the smallest, 2 the largest, 3 how many, 4 their sum, 5 that of their squares, 7 the buckets.
    expect([1, 2, 3, 4, 5].map((field) => counted.get(field))).toEqual([-1, 1, 4, 1, 3])
    const [limits, buckets] = [doubles(counted.get(6)), doubles(counted.get(7))]
    const held = [-1, 0, 1].map((value) => buckets[limits.findIndex((limit) => value < limit)])
    expect([held, buckets.reduce((a, b) => a + b)]).toEqual([[1, 1, 2], 4])
    expect(eventsOf('validation')).toHaveLength(3)
    expect(eventsOf('validation')[1]!.includes('epoch_loss')).toBe(true)
  })
})

/** What TensorBoard's own reader saw in a file of `fixtures/events`: written by `tools/oracle/read_events.py`. */
interface Seen {
  readonly file_version: string
  readonly scalars: Record<string, { step: number; wall_time: number; value: number | string }[]>
  readonly histograms: Record<string, Histogram[]>
}

interface Histogram extends Record<'step' | 'wall_time' | 'min' | 'max' | 'num' | 'sum' | 'sum_squares', number> {
  readonly bucket_limit: number[]
  readonly bucket: number[]
}

const fixture = (name: string): Buffer => readFileSync(new URL(name, eventsFolder))
const seenIn = (part: string): Seen => JSON.parse(String(fixture(`${part}.json`))) as Seen

describe('the files that TensorBoard has read', () => {
  test.each(['train', 'validation'])('%s: the callback writes these very bytes', (part) => {
    expect(
      eventFiles()
        .get(part)!
        .equals(fixture(`${part}.tfevents`)),
    ).toBe(true)
  })

  test('scalars are those of the epochs, as 32-bit floats, at the time that they were written', () => {
    const [train, validation] = [seenIn('train'), seenIn('validation')]
    const logs = (name: string) => epochs.flatMap((one, step) => (name in one ? [[step, told(one[name]!)]] : []))
    const seen = (all: { step: number; value: number | string }[]) => all.map(({ step, value }) => [step, told(value)])
    expect([train.file_version, validation.file_version]).toEqual(['brain.Event:2', 'brain.Event:2'])
    expect(Object.keys(train.scalars)).toEqual(['epoch_loss', 'epoch_accuracy'])
    expect(Object.keys(validation.scalars)).toEqual(['epoch_loss'])
    expect(seen(train.scalars.epoch_loss!)).toEqual(logs('loss'))
    expect(seen(train.scalars.epoch_accuracy!)).toEqual(logs('accuracy'))
    expect(seen(validation.scalars.epoch_loss!)).toEqual(logs('val_loss'))
    const times = [train, validation].flatMap(({ scalars }) =>
      Object.values(scalars)
        .flat()
        .map((one) => one.wall_time),
    )
    for (const time of times) expect((time - START) % 0.125).toBe(0)
    expect(new Set(times).size).toBe(times.length)
  })

  test('histograms count the weights of every second epoch', () => {
    const { histograms } = seenIn('train')
    expect(Object.keys(histograms)).toEqual(['dense/kernel/histogram', 'dense/bias/histogram'])
    for (const [which, all] of Object.values(histograms).entries()) {
      expect(all.map(({ step }) => step)).toEqual([0, 2])
      for (const one of all) expectCounted(one, weightsOf(one.step)[which]!)
    }
  })
})

/** NaN and infinity as the reader writes them, in JSON; others as they are in 32 bits. */
const told = (value: number | string): number =>
  Math.fround(value === 'nan' ? Number.NaN : Number(String(value).replace('inf', 'Infinity')))

function expectCounted(seen: Histogram, weights: Float32Array): void {
  expect([seen.num, seen.min, seen.max]).toEqual([weights.length, Math.min(...weights), Math.max(...weights)])
  expect(seen.sum).toBeCloseTo(
    weights.reduce((a, b) => a + b, 0),
    4,
  )
  let below = Number.NEGATIVE_INFINITY
  for (const [i, limit] of seen.bucket_limit.entries()) {
    expect(seen.bucket[i]).toBe(weights.filter((one) => one >= below && one < limit).length)
    below = limit
  }
}

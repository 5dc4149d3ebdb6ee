/** TensorBoard's events as protocol buffers, framed as records: `length, crc(length), event, crc(event)`. */
import { maskedCrc32c } from './crc32c.js'

/** What a histogram says of many numbers; bucket i counts those up to `limits[i]`. */
export interface Histogram {
  readonly min: number
  readonly max: number
  readonly count: number
  readonly sum: number
  readonly sumOfSquares: number
  readonly limits: readonly number[]
  readonly buckets: readonly number[]
}

/** The first event of every file. */
export function versionEvent(seconds: number): Buffer {
  return record(Buffer.concat([double(1, seconds), bytes(3, Buffer.from('brain.Event:2'))]))
}

/** A number under a tag, at a step. */
export function scalarEvent(seconds: number, step: number, tag: string, value: number): Buffer {
  return summaryEvent(seconds, step, Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)]))
}

/** A histogram under a tag, at a step. */
export function histogramEvent(seconds: number, step: number, tag: string, histogram: Histogram): Buffer {
  const { min, max, count, sum, sumOfSquares, limits, buckets } = histogram
  const scalars = [min, max, count, sum, sumOfSquares].map((value, i) => double(i + 1, value))
  const message = Buffer.concat([...scalars, doubles(6, limits), doubles(7, buckets)])
  return summaryEvent(seconds, step, Buffer.concat([bytes(1, Buffer.from(tag)), bytes(5, message)]))
}

function summaryEvent(seconds: number, step: number, value: Buffer): Buffer {
  return record(Buffer.concat([double(1, seconds), varint(2, step), bytes(5, bytes(1, value))]))
}

/** `u64 length | u32 crc | data | u32 crc`, little-endian. */
function record(data: Buffer): Buffer {
  const head = Buffer.alloc(12)
  head.writeBigUInt64LE(BigInt(data.length))
  head.writeUInt32LE(maskedCrc32c(head.subarray(0, 8)), 8)
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(maskedCrc32c(data))
  return Buffer.concat([head, data, tail])
}

/** Wire types of protocol buffers. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

function key(field: number, type: number): Buffer {
  return Buffer.of((field << 3) | type)
}

function double(field: number, value: number): Buffer {
  const body = Buffer.alloc(8)
  body.writeDoubleLE(value)
  return Buffer.concat([key(field, wire.fixed64), body])
}

function float(field: number, value: number): Buffer {
  const body = Buffer.alloc(4)
  body.writeFloatLE(value)
  return Buffer.concat([key(field, wire.fixed32), body])
}

function varint(field: number, value: number): Buffer {
  return Buffer.concat([key(field, wire.varint), encodeVarint(value)])
}

function bytes(field: number, body: Buffer): Buffer {
  return Buffer.concat([key(field, wire.bytes), encodeVarint(body.length), body])
}

/** A packed list. */
function doubles(field: number, values: readonly number[]): Buffer {
  const body = Buffer.alloc(8 * values.length)
  values.forEach((value, i) => void body.writeDoubleLE(value, 8 * i))
  return bytes(field, body)
}

function encodeVarint(value: number): Buffer {
  const out: number[] = []
  let rest = value
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return Buffer.of(...out, rest)
}

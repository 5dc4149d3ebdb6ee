/** Pictures as PNG files (ISO/IEC 15948). */

import { crc32, deflateSync } from 'node:zlib'

/** Rows of pixels, three bytes each: red, green, blue. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

/** Eight bits a channel, red, green and blue, rows without a filter. */
export function encodePng({ width, height, rgb }: Pixels): Uint8Array {
  const header = new DataView(new ArrayBuffer(13))
  header.setUint32(0, width)
  header.setUint32(4, height)
  header.setUint8(8, 8)
  header.setUint8(9, 2)
  const rows = new Uint8Array(height * (1 + 3 * width))
  for (let y = 0; y < height; y += 1)
    rows.set(rgb.subarray(3 * width * y, 3 * width * (y + 1)), y * (1 + 3 * width) + 1)
  const parts = [
    SIGNATURE,
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array()),
  ]
  return new Uint8Array(Buffer.concat(parts))
}

/** Length, name, data, and a check of the name and the data. */
function chunk(name: string, data: Uint8Array): Uint8Array {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const ends = [data.length, crc32(named)].map((value) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  })
  return Buffer.concat([ends[0]!, named, ends[1]!])
}

/** Each pixel as a square of `scale` × `scale`. */
export function enlarged({ width, height, rgb }: Pixels, scale: number): Pixels {
  if (scale === 1) return { width, height, rgb }
  const [wide, high] = [width * scale, height * scale]
  const large = new Uint8Array(3 * wide * high)
  for (let y = 0; y < high; y += 1)
    for (let x = 0; x < wide; x += 1) {
      const from = 3 * (Math.floor(y / scale) * width + Math.floor(x / scale))
      large.set(rgb.subarray(from, from + 3), 3 * (y * wide + x))
    }
  return { width: wide, height: high, rgb: large }
}

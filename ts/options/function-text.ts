import { crc32 } from 'node:zlib'
import type { OwnFunction } from './registry.js'

/** A checksum of a function's source. */
export function textOf(fn: OwnFunction): string {
  return crc32(Function.prototype.toString.call(fn)).toString(16)
}

/** Batches put one below the other, so that one call can run over all of them. */

import type { TypedArray } from '../types.js'
import { hasNames } from './columnwise.js'
import { isShaped } from './marshal.js'
import { room, type ShapedArray } from './shaped.js'
import { pluck, sideBySide } from './stack.js'

/** Several batches as one. */
export interface Joined {
  readonly value: unknown
  /** Rows of each of them but for the last, which may have fewer. */
  readonly size: number
}

/** The batches as one, perhaps in their own memory, or undefined where they are not arrays of one form. */
export function joinBatches(batches: readonly unknown[]): Joined | undefined {
  const sizes = batches.map(rowsOf)
  const [size] = sizes
  if (size === undefined || size === 0) return undefined
  const last = sizes.length - 1
  if (!sizes.every((rows, i) => rows === size || (i === last && rows !== undefined && rows < size))) return undefined
  const value = joined(batches)
  return value === undefined ? undefined : { value, size }
}

/** How many rows a batch has, where all of its arrays agree. */
function rowsOf(batch: unknown): number | undefined {
  if (isShaped(batch)) return batch.shape[0]
  if (ArrayBuffer.isView(batch)) return (batch as TypedArray).length
  if (typeof batch !== 'object' || batch === null) return undefined
  const [first, ...others] = Object.values(batch)
  const rows = rowsOf(first)
  return others.every((part) => rowsOf(part) === rows) ? rows : undefined
}

function joined(parts: readonly unknown[]): unknown {
  const [first] = parts
  if (isShaped(first)) return joinedShaped(parts as readonly ShapedArray[], first)
  if (ArrayBuffer.isView(first)) return joinedViews(parts as readonly TypedArray[], first as TypedArray)
  const keys = Object.keys(first as object)
  const like = (part: unknown): boolean =>
    hasNames(part as object, keys) && Array.isArray(part) === Array.isArray(first)
  if (!parts.every(like)) return undefined
  const values = keys.map((key) => joined(pluck(parts as readonly Readonly<Record<string, unknown>>[], key)))
  if (values.includes(undefined)) return undefined
  return Array.isArray(first) ? values : Object.fromEntries(keys.map((key, i) => [key, values[i]]))
}

function joinedShaped(parts: readonly ShapedArray[], first: ShapedArray): ShapedArray | undefined {
  const rowShape = first.shape.slice(1)
  const { shape } = first
  if (!parts.every((part) => part?.shape === shape || sameRows(part, rowShape))) return undefined
  const values = joinedViews(pluck(parts, 'values') as TypedArray[], first.values)
  if (values === undefined) return undefined
  return { values, shape: [parts.reduce((sum, { shape }) => sum + shape[0]!, 0), ...rowShape] }
}

function sameRows(part: unknown, rowShape: readonly number[]): boolean {
  const shape = (part as Partial<ShapedArray> | null | undefined)?.shape
  return (
    Array.isArray(shape) && shape.length === rowShape.length + 1 && rowShape.every((n, axis) => n === shape[axis + 1])
  )
}

function joinedViews(parts: readonly TypedArray[], first: TypedArray): TypedArray | undefined {
  if (!parts.every((part) => part?.constructor === first.constructor)) return undefined
  const lying = sideBySide(parts, first)
  if (lying !== undefined) return lying
  const out = room(
    first,
    parts.reduce((sum, { length }) => sum + length, 0),
  )
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Shapes: what may be a length, how many elements there are, whether two are the same. */

import { fail } from '../errors.js'
import type { PartialShape, Shape } from '../types.js'

/** True for what may be the length of an axis. */
export function isLength(length: unknown): boolean {
  return typeof length === 'number' && Number.isInteger(length) && length >= 0 && length <= 0xffff_ffff
}

/** Whether something is a list of lengths, some of which may be unknown. */
export function isShape(value: unknown): value is PartialShape {
  return Array.isArray(value) && value.every((length) => length === null || typeof length === 'number')
}

/** Whether every axis is as long as that of `to`, or 1. */
export function stretchesTo(shape: Shape, to: Shape): boolean {
  return shape.length === to.length && shape.every((length, axis) => length === 1 || length === to[axis])
}

/** Product of the lengths. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1)
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false
  for (let axis = 0; axis < a.length; axis += 1) if (a[axis] !== b[axis]) return false
  return true
}

let last: Shape = Object.freeze([])

/** A copy of the shape that nobody can change. Most often it is that of the last one, which then serves again. */
export function frozen(shape: Shape): Shape {
  if (!sameShape(shape, last)) last = Object.freeze([...shape])
  return last
}

/** Throws unless `got` is the shape that is `wanted`. */
export function checkShape(where: string, got: Shape, wanted: Shape): void {
  if (!sameShape(got, wanted)) fail('ERR_SHAPE', where, `shape [${wanted.join(', ')}]`, { text: `[${got.join(', ')}]` })
}

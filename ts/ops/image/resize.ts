/** Pictures of another size. */

import { type Op, op } from '../../core/operation.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import type { Named, SettledOf } from '../../options/fields.js'
import type { FunctionOptions } from '../../options/reader.js'
import type { Operand } from '../operand.js'
import { opOptions } from '../options.js'
import { pad, slice, take } from '../shape.js'
import { formatFields } from '../windows.js'
import { mapAlong } from './along-axis.js'
import { type Interpolation, interpolation, nearestPlaces } from './interpolation.js'
import { asBatch, checkPlaces } from './pictures.js'

const ownFields = {
  /** What lies between two places. Default 'bilinear'. */
  interpolation: {
    type: 'choice',
    of: ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'],
    default: 'bilinear',
  },
  /** Whether every place of a picture that becomes smaller counts. Default false. */
  antialias: { type: 'boolean', default: false },
  /** Keeps the ratio of the sides by leaving out what is too much, in the middle. Default false. */
  cropToAspectRatio: { type: 'boolean', default: false },
  /** Keeps the ratio of the sides by a frame of `fillValue`. Default false. */
  padToAspectRatio: { type: 'boolean', default: false },
  /** What the frame is filled with. Default 0. */
  fillValue: { type: 'number', default: 0 },
} as const
const resizeFields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }

/** How pictures are brought to another size. */
export interface ResizeOptions extends FunctionOptions<typeof resizeFields>, Named {}

const read = opOptions('image.resize', resizeFields)

/**
 * Pictures drawn anew in `size = [height, width]` places: place `o` of an axis of `length` places lies at
 * `(o + ½) · length / count − ½`. (…, height, width, channels) → (…, size[0], size[1], channels); integers are rounded.
 *
 * Errors: ERR_SHAPE for other than three or four axes, and pictures without a place; ERR_CONFIG for a size below 1 or an unknown interpolation.
 *
 * @see keras.ops.image.resize
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * const small = ops.image.resize(ops.ones([1, 8, 6, 3]), [4, 3], { antialias: true })
 * console.log(small.shape) // [1, 4, 3, 3]
 */
export const resize: Op<[images: Operand, size: readonly [number, number], options?: ResizeOptions]> = op(
  'resize',
  (images, size, options) => {
    const { interpolation: by, antialias, dataFormat, ...ratio } = read(options)
    checkSize(size)
    const batch = asBatch('image.resize', images, dataFormat)
    checkPlaces('image.resize', batch, images)
    const framed = toRatio(batch.x, size, ratio)
    return batch.back(size.reduce((y, count, i) => along(y, i + 1, by, count, antialias), framed))
  },
)

function checkSize(size: readonly number[]): void {
  const good =
    Array.isArray(size) && size.length === 2 && size.every((length) => Number.isInteger(length) && length > 0)
  if (!good) fail('ERR_CONFIG', 'image.resize size', '[height, width], integers from 1', size)
}

function along(x: Tensor, axis: number, by: Interpolation, count: number, antialias: boolean): Tensor {
  const length = x.shape[axis]!
  if (length === count) return x
  if (by === 'nearest') return take(x, tensor(Int32Array.from(nearestPlaces(length, count))), { axis })
  return mapAlong(x, axis, interpolation(by, length, count, antialias))
}

type Ratio = Pick<SettledOf<typeof ownFields>, 'cropToAspectRatio' | 'padToAspectRatio' | 'fillValue'>

function toRatio(x: Tensor, size: readonly [number, number], ratio: Ratio): Tensor {
  const { cropToAspectRatio, padToAspectRatio, fillValue } = ratio
  if (cropToAspectRatio && padToAspectRatio)
    fail('ERR_CONFIG', 'image.resize', 'cropToAspectRatio or padToAspectRatio', { text: 'both' })
  if (cropToAspectRatio) return centerOf(x, size)
  return padToAspectRatio ? framedIn(x, size, fillValue) : x
}

/** The largest part in the middle with the ratio of `size`. */
export function centerOf(x: Tensor, [height, width]: readonly [number, number]): Tensor {
  const [batch = 0, rows = 0, columns = 0, channels = 0] = x.shape
  const high = Math.max(1, Math.min(rows, Math.trunc((columns * height) / width)))
  const wide = Math.max(1, Math.min(columns, Math.trunc((rows * width) / height)))
  const begin = [0, Math.trunc((rows - high) / 2), Math.trunc((columns - wide) / 2), 0]
  return slice(x, { begin, size: [batch, high, wide, channels] })
}

/** The picture in the middle of the smallest frame with the ratio of `size`. */
function framedIn(x: Tensor, [height, width]: readonly [number, number], value: number): Tensor {
  const [, rows = 0, columns = 0] = x.shape
  const above = Math.trunc((Math.max(rows, Math.trunc((columns * height) / width)) - rows) / 2)
  const left = Math.trunc((Math.max(columns, Math.trunc((rows * width) / height)) - columns) / 2)
  return pad(
    x,
    [
      [0, 0],
      [above, above],
      [left, left],
      [0, 0],
    ],
    value,
  )
}

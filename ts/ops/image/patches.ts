/** Parts of pictures. */

import { type Op, op } from '../../core/operation.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import type { Named } from '../../options/fields.js'
import type { FunctionOptions } from '../../options/reader.js'
import type { Operand } from '../operand.js'
import { opOptions } from '../options.js'
import { concatenate, pad, slice } from '../shape.js'
import { formatFields } from '../windows.js'
import { asBatch } from './pictures.js'

const ownFields = {
  /**
   * How far one patch begins from the one before: one number, or for rows and columns; the patch's size unless given.
   */
  strides: { type: 'places', default: null },
  /** How far the places of a patch lie from each other. Default 1. */
  dilationRate: { type: 'integer', default: 1, min: 1 },
  /** Whether zeros are added so that every stride begins a patch. Default 'valid'. */
  padding: { type: 'choice', of: ['valid', 'same'], default: 'valid' },
} as const
const patchFields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }

/** How patches lie. */
export interface ExtractPatchesOptions extends FunctionOptions<typeof patchFields>, Named {}

const where = 'image.extractPatches'
const read = opOptions(where, patchFields)

/** How the patches of one axis lie. */
interface Axis {
  readonly size: number
  readonly stride: number
  readonly count: number
  readonly before: number
  readonly after: number
}

/**
 * The patches of pictures, each laid out along the channels: (…, height, width, channels) → (…, rows, columns,
 * size · size · channels), with patch places by rows, then columns, then channels.
 *
 * Errors: ERR_SHAPE for pictures of other than three or four axes, or smaller than a patch; ERR_CONFIG for sizes, strides
 * or dilations below 1.
 *
 * @see keras.ops.image.extract_patches
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * const patches = ops.image.extractPatches(ops.ones([2, 32, 32, 3]), 4)
 * console.log(patches.shape) // [2, 8, 8, 48]
 */
export const extractPatches: Op<
  [images: Operand, size: number | readonly [number, number], options?: ExtractPatchesOptions]
> = op('extractPatches', (images, size, options) => {
  const { strides: apart, dilationRate: dilation, padding, dataFormat } = read(options)
  const sizes = bothOf(`${where} size`, size)
  const strides = apart === undefined ? sizes : bothOf(`${where} strides`, apart)
  const { x, back } = asBatch(where, images, dataFormat)
  const axes = [0, 1].map((i) => axisOf(x, i, sizes[i]!, strides[i]!, dilation, padding)) as [Axis, Axis]
  return back(patches(x, axes, dilation))
})

function bothOf(where: string, value: number | readonly number[]): readonly [number, number] {
  const [rows, columns] = typeof value === 'number' ? [value, value] : value
  if (![rows, columns].every((one) => Number.isInteger(one) && one! > 0))
    fail('ERR_CONFIG', where, 'an integer from 1, or two', value)
  return [rows!, columns!]
}

function axisOf(x: Tensor, i: number, size: number, stride: number, dilation: number, padding: string): Axis {
  const length = x.shape[i + 1]!
  const reach = (size - 1) * dilation + 1
  if (padding === 'same') {
    const count = Math.ceil(length / stride)
    const more = Math.max(0, (count - 1) * stride + reach - length)
    return { size, stride, count, before: Math.floor(more / 2), after: more - Math.floor(more / 2) }
  }
  if (reach > length)
    fail('ERR_SHAPE', 'image.extractPatches', `pictures of at least ${reach} places along axis ${i + 1}`, x.shape)
  return { size, stride, count: Math.floor((length - reach) / stride) + 1, before: 0, after: 0 }
}

function patches(x: Tensor, [rows, columns]: readonly [Axis, Axis], dilation: number): Tensor {
  const padded = pad(x, [
    [0, 0],
    [rows.before, rows.after],
    [columns.before, columns.after],
    [0, 0],
  ])
  const [batch = 0, , , channels = 0] = x.shape
  const at = (i: number, j: number): Tensor =>
    slice(padded, {
      begin: [0, i * dilation, j * dilation, 0],
      size: [batch, rows.count, columns.count, channels],
      step: [1, rows.stride, columns.stride, 1],
    })
  const places = Array.from({ length: rows.size * columns.size }, (_, place) =>
    at(Math.floor(place / columns.size), place % columns.size),
  )
  return concatenate(places, { axis: 3 })
}

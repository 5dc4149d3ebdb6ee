/** Where the windows of convolution and pooling lie, and how many there are. */

import { fail } from '../../errors.js'
import type { PartialShape } from '../../types.js'
import { type Format, placesOf, withPlaces } from './axes.js'

/** The windows of a layer, one number an axis. */
export interface Windows {
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
  readonly dilations?: readonly number[]
  readonly padding: 'valid' | 'same' | 'causal'
  readonly dataFormat: Format
}

/**
 * The shape of pictures once windows went over them: `⌈length / stride⌉` of them with padding, else
 * `⌊(length − reach) / stride⌋ + 1`, a window reaching over `(size − 1) · dilation + 1` places. Null is an unknown length.
 */
export function throughWindows(where: string, shape: PartialShape, windows: Windows, channels?: number): PartialShape {
  const { sizes, strides, dilations, padding, dataFormat } = windows
  const reaches = sizes.map((size, axis) => (size - 1) * (dilations?.[axis] ?? 1) + 1)
  const places = placesOf(shape.length, dataFormat).map((axis) => shape[axis] ?? null)
  const counts = places.map((length, axis) => {
    if (length === null || length < 0) return null
    const [stride, reach] = [strides[axis]!, reaches[axis]!]
    return padding === 'valid' ? Math.floor((length - reach) / stride) + 1 : Math.ceil(length / stride)
  })
  if (counts.some((count) => count !== null && count < 1)) tooSmall(where, shape, windows, reaches)
  return withPlaces(shape, dataFormat, counts, channels)
}

function tooSmall(where: string, shape: PartialShape, { sizes, padding }: Windows, reaches: readonly number[]): never {
  const least = padding === 'valid' ? reaches : reaches.map(() => 1)
  const got = shape.map((length, axis) => length ?? (axis === 0 ? 'batch' : '?')).join(', ')
  const hint = padding === 'valid' ? `Windows of [${sizes.join(', ')}] need padding: 'same', or be smaller` : undefined
  fail('ERR_SHAPE', `${where} input`, `pictures of at least [${least.join(', ')}] places`, { text: `[${got}]` }, hint)
}

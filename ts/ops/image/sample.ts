/** Pictures read between their places. */

import { type Tensor, tensor } from '../../core/tensor.js'
import {
  abs,
  add,
  floor,
  greaterEqual,
  less,
  logicalAnd,
  maximum,
  minimum,
  mod,
  multiply,
  round,
  subtract,
  where,
} from '../elementwise.js'
import { cast, full } from '../operand.js'
import { arange, expandDims, reshape, take } from '../shape.js'

/** What lies beyond the edge: a value, the last place, the picture again, or mirrored with the edge or without it. */
export type FillMode = 'constant' | 'nearest' | 'wrap' | 'reflect' | 'mirror'

/** How pictures are read. */
export interface Sampling {
  readonly interpolation: 'nearest' | 'bilinear'
  readonly fillMode: FillMode
  readonly fillValue: number
}

/** A place of an axis and its share. */
interface Tap {
  readonly place: Tensor
  readonly share: Tensor | undefined
}

/**
 * `y[b, i, j, c] = x[b, row[b, i, j], column[b, i, j], c]` with rows and columns between places: `x` (batch, height,
 * width, channels), `row` and `column` (batch, height', width') → (batch, height', width', channels).
 */
export function sample(x: Tensor, row: Tensor, column: Tensor, sampling: Sampling): Tensor {
  const taps = tapsOf(row, sampling).flatMap((y) => tapsOf(column, sampling).map((x) => [y, x] as readonly [Tap, Tap]))
  return taps
    .map(([y, z]) => weighed(readAt(x, y.place, z.place, sampling), y.share, z.share))
    .reduce((a, b) => add(a, b))
}

function weighed(value: Tensor, ...shares: readonly (Tensor | undefined)[]): Tensor {
  return shares.reduce<Tensor>((y, share) => (share === undefined ? y : multiply(y, expandDims(share, -1))), value)
}

function tapsOf(at: Tensor, { interpolation }: Sampling): readonly Tap[] {
  if (interpolation === 'nearest') return [{ place: round(at), share: undefined }]
  const place = floor(at)
  const after = subtract(at, place)
  return [
    { place, share: subtract(1, after) },
    { place: add(place, 1), share: after },
  ]
}

/** The pictures at whole places, which may lie beyond the edges. */
function readAt(x: Tensor, row: Tensor, column: Tensor, { fillMode, fillValue }: Sampling): Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape
  const picture = reshape(multiply(arange(batch), height * width), [batch, 1, 1])
  const inside = add(multiply(within(row, height, fillMode), width), within(column, width, fillMode))
  const index = add(cast(inside, 'int32'), picture)
  const read = take(reshape(x, [batch * height * width, channels]), index, { axis: 0 })
  if (fillMode !== 'constant') return read
  const valid = logicalAnd(isWithin(row, height), isWithin(column, width))
  return where(expandDims(valid, -1), read, full([], fillValue, x.dtype))
}

function isWithin(at: Tensor, length: number): Tensor {
  return logicalAnd(greaterEqual(at, 0), less(at, length))
}

/** The place inside that stands for a whole place anywhere. */
function within(at: Tensor, length: number, mode: FillMode): Tensor {
  if (length === 1 || mode === 'constant' || mode === 'nearest') return maximum(minimum(at, length - 1), 0)
  if (mode === 'wrap') return mod(at, length)
  if (mode === 'mirror') return mirrored(at, length)
  return floor(multiply(subtract(mirrored(add(multiply(at, 2), 1), 2 * length + 1), 1), 0.5))
}

/** `… 2 1 0 1 2 … n−1 n−2 …` */
function mirrored(at: Tensor, length: number): Tensor {
  const last = length - 1
  return abs(subtract(mod(add(at, last), 2 * last), last))
}

/** The rows and the columns of a picture: (1, height, 1) and (1, 1, width). */
export function grid(height: number, width: number, dtype: Tensor['dtype']): readonly [row: Tensor, column: Tensor] {
  const upTo = (length: number, shape: readonly number[]): Tensor =>
    tensor(
      Float64Array.from({ length }, (_, i) => i),
      shape,
      dtype,
    )
  return [upTo(height, [1, height, 1]), upTo(width, [1, 1, width])]
}

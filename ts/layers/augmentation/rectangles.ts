/** Rectangles somewhere in pictures. */

import type { Tensor } from '../../core/tensor.js'
import { grid } from '../../ops/image/sample.js'
import * as ops from '../../ops.js'
import type { uniform } from '../../random.js'
import { drawn } from './image-layer.js'

/**
 * Whether each place lies in the picture's rectangle, which is `wide` of the width and `high` of the height (batch) and
 * somewhere: (batch, height, width, 1).
 */
export function rectangles(images: Tensor, wide: Tensor, high: Tensor, seed: Parameters<typeof uniform>[1]): Tensor {
  const [batch = 0, height = 0, width = 0] = images.shape
  const [row, column] = grid(height, width, images.dtype)
  const within = (place: Tensor, length: number, share: Tensor): Tensor => {
    const size = ops.multiply(share, length)
    const start = ops.multiply(drawn(images, [batch], [0, 1], seed), ops.subtract(length, size))
    const [from, to] = [start, ops.add(start, size)].map((end) => ops.reshape(end, [batch, 1, 1])) as [Tensor, Tensor]
    return ops.logicalAnd(ops.greaterEqual(place, from), ops.less(place, to))
  }
  return ops.expandDims(ops.logicalAnd(within(column, width, wide), within(row, height, high)), -1)
}

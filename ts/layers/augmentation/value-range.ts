/** Values of pictures on another scale. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { Range } from '../../options/field-types.js'

/** Black and white as bytes have them. */
export const BYTES: Range = [0, 255]

/** Pictures from one range of values to another. */
export function rescaled(images: Tensor, from: Range, to: Range): Tensor {
  if (from[0] === to[0] && from[1] === to[1]) return images
  const unit = ops.divide(ops.subtract(images, from[0]), from[1] - from[0])
  return ops.add(ops.multiply(unit, to[1] - to[0]), to[0])
}

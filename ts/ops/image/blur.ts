/** Pictures out of focus. */

import { type Op, op } from '../../core/operation.js'
import type { Tensor } from '../../core/tensor.js'
import { tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import type { Named } from '../../options/fields.js'
import type { FunctionOptions } from '../../options/reader.js'
import { depthwiseConv } from '../convolution.js'
import { divide, exp, multiply, square } from '../elementwise.js'
import { type Operand, toFloat } from '../operand.js'
import { opOptions } from '../options.js'
import { sum } from '../reduce.js'
import { broadcastTo, cast, pad, reshape, slice } from '../shape.js'
import { formatFields } from '../windows.js'
import { asBatch } from './pictures.js'

const ownFields = {
  /** Rows and columns that count, [height, width], odd. Default [3, 3]. */
  kernelSize: { type: 'integers', default: [3, 3] },
  /** Standard deviations in places, [x, y]: sideways and up and down. Default [1, 1]. */
  sigma: { type: 'operand', default: [1, 1] },
} as const
const blurFields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }

/** How far and how much. */
export interface GaussianBlurOptions extends FunctionOptions<typeof blurFields>, Named {}

const where = 'image.gaussianBlur'
const read = opOptions(where, blurFields)

/**
 * Each channel folded with `exp(−d² / 2σ²)`, divided by its sum, of the rows and of the columns; zeros lie beyond the
 * edges. (…, height, width, channels) as they are.
 *
 * Errors: ERR_CONFIG for an even kernel size.
 *
 * @see keras.ops.image.gaussian_blur
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * const soft = ops.image.gaussianBlur(ops.ones([8, 8, 3]), { kernelSize: [5, 5], sigma: [1.5, 1.5] })
 */
export const gaussianBlur: Op<[images: Operand, options?: GaussianBlurOptions]> = op(
  'gaussianBlur',
  (images, options) => {
    const { kernelSize, sigma, dataFormat } = read(options)
    if (kernelSize.length !== 2 || !kernelSize.every((size) => Number.isInteger(size) && size > 0 && size % 2 === 1))
      fail('ERR_CONFIG', `${where} kernelSize`, 'two odd integers', kernelSize)
    const { x, back } = asBatch(where, images, dataFormat)
    const spread = cast(toFloat(sigma), x.dtype)
    const [rows, columns] = kernelSize.map((size, i) => bell(size, slice(spread, { begin: [1 - i], size: [1] })))
    return back(folded(folded(x, reshape(rows!, [-1, 1])), reshape(columns!, [1, -1])))
  },
)

/** `exp(−d² / 2σ²)` around the middle, divided by its sum. */
function bell(size: number, sigma: Tensor): Tensor {
  const places = Float64Array.from({ length: size }, (_, i) => i - (size - 1) / 2)
  const weights = exp(multiply(square(divide(tensor(places, [size], sigma.dtype), sigma)), -0.5))
  return divide(weights, sum(weights))
}

function folded(x: Tensor, weights: Tensor): Tensor {
  const [rows = 1, columns = 1] = weights.shape
  const channels = x.shape[3]!
  const filter = broadcastTo(reshape(weights, [rows, columns, 1, 1]), [rows, columns, channels, 1])
  const [above, left] = [(rows - 1) / 2, (columns - 1) / 2]
  return depthwiseConv(
    pad(x, [
      [0, 0],
      [above, above],
      [left, left],
      [0, 0],
    ]),
    filter,
    { padding: 'valid' },
  )
}

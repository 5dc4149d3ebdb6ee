/** Pooling over the axes between the images and the channels, each channel for itself. */

import { type Op, op } from '../core/operation.js'
import type { Tensor } from '../core/tensor.js'
import * as raw from '../generated/ops.js'
import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import { type Operand, toFloat } from './operand.js'
import { opOptions } from './options.js'
import { formatFields, type PerAxis, padding, perAxis, pictures } from './windows.js'

const ownFields = {
  /** From one window to the next; the windows' own size by default. */
  strides: { type: 'places', default: null },
  /**
   * `'valid'`: windows inside the picture. `'same'`: `⌈length / stride⌉` windows, padding no part of them. Or how many
   * places of padding there are before and after each axis, `[[1, 1], [0, 2]]`, fewer than a window has. Default
   * 'valid'.
   */
  padding: { type: 'padding', of: ['valid', 'same'], default: 'valid' },
} as const
const poolFields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }

/** How the windows of a pooling lie. */
export interface PoolOptions extends FunctionOptions<typeof poolFields>, Named {}

type Attributes = { readonly sizes: number[]; readonly strides: number[]; readonly padding: number[] }

type Arguments = [inputs: Operand, poolSize: PerAxis, options?: PoolOptions]

/**
 * `y[n, o, c] = max x[n, o·stride + k − before, c]`, as `keras.ops.max_pool`; the first of equals has the gradient.
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * console.log(ops.maxPool(ops.ones([8, 28, 28, 16]), 2).shape) // [8, 14, 14, 16]
 */
export const maxPool: Op<Arguments> = op('maxPool', pooling('maxPool', raw.maxPool))

/**
 * The mean of each window's places inside the picture, as `keras.ops.average_pool`.
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * console.log(ops.averagePool(ops.ones([8, 9, 9, 16]), [3, 3], { strides: 2, padding: 'same' }).shape) // [8, 5, 5, 16]
 */
export const averagePool: Op<Arguments> = op('averagePool', pooling('averagePool', raw.averagePool))

function pooling(
  name: string,
  draw: (x: Tensor, attributes: Attributes) => Tensor,
): (inputs: Operand, poolSize: PerAxis, options?: PoolOptions) => Tensor {
  const read = opOptions(name, poolFields)
  return (inputs, poolSize, options) => {
    const how = read(options)
    const { x, sizes: places, back } = pictures(name, toFloat(inputs), how.dataFormat)
    const sizes = perAxis(`${name} poolSize`, poolSize, places.length)
    const strides = perAxis(`${name} strides`, how.strides ?? sizes, places.length)
    const windows = places.map((size, axis) => ({ size, kernel: sizes[axis]!, stride: strides[axis]!, dilation: 1 }))
    return back(draw(x, { sizes, strides, padding: padding(`${name} padding`, how.padding, windows) }))
  }
}

/** Pooling over the axes between the images and the channels, each channel for itself. */

import { type Op, op } from '../core/operation.js'
import type { Tensor } from '../core/tensor.js'
import * as raw from '../generated/ops.js'
import { checked, type Operand, toFloat } from './operand.js'
import { type DataFormat, type PerAxis, padding, perAxis, pictures } from './windows.js'

/** How the windows of a pooling lie. */
export interface PoolOptions {
  /** From one window to the next; the windows' own size by default. */
  readonly strides?: PerAxis
  /** `'valid'` (the default): windows inside the picture. `'same'`: `⌈length / stride⌉` windows, padding no part of them. */
  readonly padding?: 'valid' | 'same'
  /** Where the channels lie; `'channelsLast'` by default. */
  readonly dataFormat?: DataFormat
}

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
export const maxPool: Op<Arguments> = op('maxPool', (inputs, poolSize, options = {}) =>
  pool('maxPool', raw.maxPool, inputs, poolSize, options),
)

/**
 * The mean of each window's places inside the picture, as `keras.ops.average_pool`.
 *
 * @example
 * import { ops } from 'ferrograd'
 *
 * console.log(ops.averagePool(ops.ones([8, 9, 9, 16]), [3, 3], { strides: 2, padding: 'same' }).shape) // [8, 5, 5, 16]
 */
export const averagePool: Op<Arguments> = op('averagePool', (inputs, poolSize, options = {}) =>
  pool('averagePool', raw.averagePool, inputs, poolSize, options),
)

function pool(
  name: string,
  draw: (x: Tensor, attributes: Attributes) => Tensor,
  inputs: Operand,
  poolSize: PerAxis,
  options: PoolOptions,
): Tensor {
  const how = checked(name, options, ['strides', 'padding', 'dataFormat'])
  const { x, sizes: places, back } = pictures(name, toFloat(inputs), how.dataFormat)
  const sizes = perAxis(`${name} poolSize`, poolSize, places.length)
  const strides = perAxis(`${name} strides`, how.strides ?? sizes, places.length)
  const windows = places.map((size, axis) => ({ size, kernel: sizes[axis]!, stride: strides[axis]!, dilation: 1 }))
  return back(draw(x, { sizes, strides, padding: padding(`${name} padding`, how.padding ?? 'valid', windows) }))
}

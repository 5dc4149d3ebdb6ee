/** Long short-term memory along sequences of pictures. */

import type { Tensor } from '../../core/tensor.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { LayerOptions } from '../layer.js'
import { forAxes } from '../pictures/axes.js'
import { activityFields } from './cell-options.js'
import { ConvLSTMCell, convLstmFields } from './conv-lstm-cell.js'
import { Recurrent, type RecurrentContext, type RecurrentOptions } from './recurrent.js'

type ConvLSTMFields = typeof convLstmFields & typeof activityFields
const fields: ConvLSTMFields = { ...convLstmFields, ...activityFields }

/** Options of {@link ConvLSTM1D}, {@link ConvLSTM2D} and {@link ConvLSTM3D}. */
export interface ConvLSTMOptions
  extends OptionsOf<ConvLSTMFields>,
    Omit<RecurrentOptions, keyof LayerOptions>,
    LayerOptions {}

type Result<S extends boolean> = S extends true ? readonly [output: Tensor, h: Tensor, c: Tensor] : Tensor

const ConvLSTM1DBase: With<typeof Recurrent, ConvLSTMFields, ConvLSTMOptions> = Recurrent.with(forAxes(fields, 1))

/**
 * Long short-term memory along a sequence of rows (Shi et al., 2015): {@link ConvLSTM2D} with one axis of places, `x` (batch,
 * steps, length, channels).
 *
 * `h = σ(zₒ) · activation(c)`, `c = σ(z_f) · c₋₁ + σ(zᵢ) · activation(z_c)`, `z = x ∗ kernel + h₋₁ ∗ recurrentKernel + bias`.
 *
 * Errors: as those of {@link ConvLSTM2D}, for other than four axes.
 *
 * @see keras.layers.ConvLSTM1D
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { ConvLSTM1D } from 'ferrograd/layers'
 *
 * const y = new ConvLSTM1D({ filters: 4, kernelSize: 3, padding: 'same' }).apply(ops.ones([2, 5, 16, 3])) // (2, 16, 4)
 */
export class ConvLSTM1D<S extends boolean = false> extends ConvLSTM1DBase {
  static override readonly className = 'ConvLSTM1D'
  readonly cell: ConvLSTMCell = new ConvLSTMCell(this.options, this.dtype, this.className)
  protected override readonly stepRank = 2

  // Whether states are returned is part of the type.
  constructor(options: ConvLSTMOptions & { readonly returnState?: S }) {
    super(options)
  }

  override call(x: Tensor, context: RecurrentContext): Result<S> {
    return super.call(x, context) as never
  }
}

const ConvLSTM2DBase: With<typeof Recurrent, ConvLSTMFields, ConvLSTMOptions> = Recurrent.with(forAxes(fields, 2))

/**
 * Long short-term memory along a sequence of pictures (Shi et al., 2015): that of an `LSTM` with convolutions for products.
 *
 * At each step `[zᵢ, z_f, z_c, zₒ] = x ∗ kernel + h₋₁ ∗ recurrentKernel + bias`, `c = σ(z_f) · c₋₁ + σ(zᵢ) ·
 * activation(z_c)`, `h = σ(zₒ) · activation(c)`. `x` (batch, steps, height, width, channels), `h` and `c` (batch, …windows,
 * filters), kernel (…kernelSize, channels, 4 · filters), recurrentKernel (…kernelSize, filters, 4 · filters), bias
 * (4 · filters). The convolution of the input goes as `strides`, `padding` and `dilationRate` say, that of the state from place
 * to place with zeros around. The result is the last `h`, with `returnSequences` all of them (batch, steps, …windows,
 * filters), with `returnState` that, `h` and `c`. With `channelsFirst`, channels come before the places.
 *
 * A step that the mask (batch, steps) leaves out repeats the states and the output. `call` takes `initialState: [h, c]`.
 *
 * Errors: ERR_CONFIG where strides and dilation are both more than 1; ERR_SHAPE for other than five axes, no step, pictures
 * smaller than a window, a mask or states of other shapes, and, where `stateful`, another batch than the first.
 *
 * @see keras.layers.ConvLSTM2D
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { ConvLSTM2D } from 'ferrograd/layers'
 *
 * const layer = new ConvLSTM2D({ filters: 8, kernelSize: 3, padding: 'same', returnSequences: true })
 * const y = layer.apply(ops.ones([2, 5, 16, 16, 1])) // (2, 5, 16, 16, 8)
 */
export class ConvLSTM2D<S extends boolean = false> extends ConvLSTM2DBase {
  static override readonly className = 'ConvLSTM2D'
  readonly cell: ConvLSTMCell = new ConvLSTMCell(this.options, this.dtype, this.className)
  protected override readonly stepRank = 3

  // Whether states are returned is part of the type.
  constructor(options: ConvLSTMOptions & { readonly returnState?: S }) {
    super(options)
  }

  override call(x: Tensor, context: RecurrentContext): Result<S> {
    return super.call(x, context) as never
  }
}

const ConvLSTM3DBase: With<typeof Recurrent, ConvLSTMFields, ConvLSTMOptions> = Recurrent.with(forAxes(fields, 3))

/**
 * Long short-term memory along a sequence of volumes (Shi et al., 2015): {@link ConvLSTM2D} with three axes of places, `x`
 * (batch, steps, depth, height, width, channels).
 *
 * `h = σ(zₒ) · activation(c)`, `c = σ(z_f) · c₋₁ + σ(zᵢ) · activation(z_c)`, `z = x ∗ kernel + h₋₁ ∗ recurrentKernel + bias`.
 *
 * Errors: as those of {@link ConvLSTM2D}, for other than six axes.
 *
 * @see keras.layers.ConvLSTM3D
 *
 * @example
 * import { ConvLSTM3D } from 'ferrograd/layers'
 *
 * const layer = new ConvLSTM3D({ filters: 4, kernelSize: [1, 3, 3], padding: 'same' })
 */
export class ConvLSTM3D<S extends boolean = false> extends ConvLSTM3DBase {
  static override readonly className = 'ConvLSTM3D'
  readonly cell: ConvLSTMCell = new ConvLSTMCell(this.options, this.dtype, this.className)
  protected override readonly stepRank = 4

  // Whether states are returned is part of the type.
  constructor(options: ConvLSTMOptions & { readonly returnState?: S }) {
    super(options)
  }

  override call(x: Tensor, context: RecurrentContext): Result<S> {
    return super.call(x, context) as never
  }
}

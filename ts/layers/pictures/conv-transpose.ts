/** Transposed convolution layers: what a convolution does to gradients, as a layer that makes pictures larger. */

import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { LayerOptions } from '../layer.js'
import { forAxes } from './axes.js'
import { Convolution, checkSteps, convolutionFields, kernelFields } from './convolution.js'

const ownFields = {
  /** How many channels the result has. */
  filters: { type: 'integer', min: 1 },
  /**
   * Places more at the end of each axis, fewer than the stride; unless given, as many as let `'same'` multiply lengths
   * by the stride.
   */
  outputPadding: { type: 'perAxis', default: null, min: 0 },
} as const
const transposeFields: typeof ownFields & typeof convolutionFields & typeof kernelFields = {
  ...ownFields,
  ...convolutionFields,
  ...kernelFields,
}

/** Options of transposed convolutions. */
export interface ConvTransposeOptions extends OptionsOf<typeof transposeFields>, LayerOptions {}

const ConvTransposeBase: With<typeof Convolution, typeof transposeFields, ConvTransposeOptions> =
  Convolution.with(transposeFields)

abstract class ConvTranspose extends ConvTransposeBase {
  kernel!: Variable

  constructor(options: ConvTransposeOptions) {
    super(options)
    const { strides, dilationRate, outputPadding } = this.options
    checkSteps(this.className, strides, dilationRate)
    if (outputPadding?.some((more, axis) => more >= strides[axis]!))
      fail(
        'ERR_CONFIG',
        `${this.className}.outputPadding`,
        `less than the strides [${strides.join(', ')}]`,
        outputPadding,
      )
  }

  protected override filtersOf(): number {
    return this.options.filters
  }

  protected override makeKernels(channels: number): void {
    const { kernelSize, filters, kernelInitializer, kernelRegularizer, kernelConstraint } = this.options
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: [...kernelSize, filters, channels],
      initializer: kernelInitializer,
      regularizer: kernelRegularizer,
      constraint: kernelConstraint,
    })
  }

  protected override convolve(x: Tensor): Tensor {
    const { strides, padding, dilationRate, outputPadding } = this.options
    const more = outputPadding === null ? {} : { outputPadding }
    return ops.convTranspose(x, this.kernel, { strides, padding, dilationRate, ...more })
  }
}

const Conv1DTransposeBase: With<typeof ConvTranspose, typeof transposeFields, ConvTransposeOptions> =
  ConvTranspose.with(forAxes(transposeFields, 1))

/**
 * Transposed convolution along one axis: each step is spread over a window of the result.
 *
 * `y[b, i·stride + k·dilation − before, j] += x[b, i, c] · kernel[k, j, c]`, then bias and activation; `x` (batch, steps,
 * channels), kernel (kernelSize, filters, channels), bias (filters), `y` (batch, length, filters): `steps · stride` for
 * `'same'`, `(steps − 1) · stride + max(reach, stride)` for `'valid'`; with `outputPadding`,
 * `(steps − 1) · stride + reach + outputPadding` for `'valid'` and `(steps − 1) · stride + reach mod 2 + outputPadding`
 * for `'same'`. With `channelsFirst`, channels come before steps in `x` and `y`.
 *
 * Errors: ERR_CONFIG where strides and dilation are both more than 1, or `outputPadding` is not less than the stride;
 * ERR_SHAPE for other than three axes.
 *
 * @see keras.layers.Conv1DTranspose
 *
 * @example
 * import { Conv1DTranspose } from 'ferrograd/layers'
 *
 * const layer = new Conv1DTranspose({ filters: 8, kernelSize: 3, strides: 2, padding: 'same' })
 */
export class Conv1DTranspose extends Conv1DTransposeBase {
  static override readonly className = 'Conv1DTranspose'
}

const Conv2DTransposeBase: With<typeof ConvTranspose, typeof transposeFields, ConvTransposeOptions> =
  ConvTranspose.with(forAxes(transposeFields, 2))

/**
 * Transposed convolution of pictures: each place is spread over a window of the result.
 *
 * As {@link Conv1DTranspose} along both axes, `y[b, i·stride + k·dilation − before, …, j] += x[b, i, …, c] ·
 * kernel[k, l, j, c]`: `x` (batch, height, width, channels), kernel (…kernelSize, filters, channels), bias (filters),
 * `y` (batch, height · stride, width · stride, filters) for `'same'`.
 *
 * Errors: as those of {@link Conv1DTranspose}, for other than four axes.
 *
 * @see keras.layers.Conv2DTranspose
 *
 * @example
 * import { Conv2DTranspose } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new Conv2DTranspose({ filters: 8, kernelSize: 3, strides: 2, padding: 'same' })
 * const y = layer.apply(ops.ones([2, 7, 7, 16])) // (2, 14, 14, 8)
 */
export class Conv2DTranspose extends Conv2DTransposeBase {
  static override readonly className = 'Conv2DTranspose'
}

const Conv3DTransposeBase: With<typeof ConvTranspose, typeof transposeFields, ConvTransposeOptions> =
  ConvTranspose.with(forAxes(transposeFields, 3))

/**
 * Transposed convolution of volumes.
 *
 * As {@link Conv1DTranspose} along three axes, `y[b, i·stride + k·dilation − before, …, j] += x[b, i, …, c] ·
 * kernel[k, …, j, c]`: `x` (batch, depth, height, width, channels), kernel (…kernelSize, filters, channels), bias
 * (filters), `y` (batch, depth · stride, height · stride, width · stride, filters) for `'same'`.
 *
 * Errors: as those of {@link Conv1DTranspose}, for other than five axes.
 *
 * @see keras.layers.Conv3DTranspose
 *
 * @example
 * import { Conv3DTranspose } from 'ferrograd/layers'
 *
 * const layer = new Conv3DTranspose({ filters: 4, kernelSize: 2, strides: 2 })
 */
export class Conv3DTranspose extends Conv3DTransposeBase {
  static override readonly className = 'Conv3DTranspose'
}

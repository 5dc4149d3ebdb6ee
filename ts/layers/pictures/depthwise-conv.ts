/** Depthwise convolution layers: each channel has kernels of its own. */

import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { LayerOptions } from '../layer.js'
import { forAxes } from './axes.js'
import { convolutionFields, depthwiseFields, ForwardConvolution } from './convolution.js'

const fields: typeof convolutionFields & typeof depthwiseFields = { ...convolutionFields, ...depthwiseFields }

/** Options of depthwise convolutions. */
export interface DepthwiseConvOptions extends OptionsOf<typeof fields>, LayerOptions {}

const DepthwiseConvBase: With<typeof ForwardConvolution, typeof fields, DepthwiseConvOptions> =
  ForwardConvolution.with(fields)

abstract class DepthwiseConv extends DepthwiseConvBase {
  kernel!: Variable

  protected override filtersOf(channels: number): number {
    return channels * this.options.depthMultiplier
  }

  protected override makeKernels(channels: number): void {
    const { kernelSize, depthMultiplier, depthwiseInitializer, depthwiseRegularizer, depthwiseConstraint } =
      this.options
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: [...kernelSize, channels, depthMultiplier],
      initializer: depthwiseInitializer,
      regularizer: depthwiseRegularizer,
      constraint: depthwiseConstraint,
    })
  }

  protected override convolve(x: Tensor): Tensor {
    return ops.depthwiseConv(x, this.kernel, this.how)
  }
}

const DepthwiseConv1DBase: With<typeof DepthwiseConv, typeof fields, DepthwiseConvOptions> = DepthwiseConv.with(
  forAxes(fields, 1),
)

/**
 * Convolution of each channel for itself, along one axis.
 *
 * `y[b, o, c·m + j] = activation(Σ x[b, o·stride + k·dilation − before, c] · kernel[k, c, j] + bias[c·m + j])` with
 * `m = depthMultiplier`; `x` (batch, steps, channels), kernel (kernelSize, channels, m), bias (channels · m), `y` (batch,
 * windows, channels · m), with as many windows as `Conv1D` has.
 *
 * Errors: ERR_SHAPE for other than three axes, and sequences shorter than a window.
 *
 * @see keras.layers.DepthwiseConv1D
 *
 * @example
 * import { DepthwiseConv1D } from 'ferrograd/layers'
 *
 * const layer = new DepthwiseConv1D({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })
 */
export class DepthwiseConv1D extends DepthwiseConv1DBase {
  static override readonly className = 'DepthwiseConv1D'
}

const DepthwiseConv2DBase: With<typeof DepthwiseConv, typeof fields, DepthwiseConvOptions> = DepthwiseConv.with(
  forAxes(fields, 2),
)

/**
 * Convolution of each channel of pictures for itself.
 *
 * `y[b, o, p, c·m + j] = activation(Σ x[b, o·stride + k·dilation − before, …, c] · kernel[k, l, c, j] + bias[c·m + j])`
 * with `m = depthMultiplier`; `x` (batch, height, width, channels), kernel (…kernelSize, channels, m), bias
 * (channels · m), `y` (batch, …windows, channels · m), with as many windows as `Conv2D` has.
 *
 * Errors: ERR_SHAPE for other than four axes, and pictures smaller than a window.
 *
 * @see keras.layers.DepthwiseConv2D
 *
 * @example
 * import { DepthwiseConv2D } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new DepthwiseConv2D({ kernelSize: 3, padding: 'same', useBias: false })
 * const y = layer.apply(ops.ones([2, 8, 8, 16])) // (2, 8, 8, 16)
 */
export class DepthwiseConv2D extends DepthwiseConv2DBase {
  static override readonly className = 'DepthwiseConv2D'
}

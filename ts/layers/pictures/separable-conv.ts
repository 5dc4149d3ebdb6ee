/** Separable convolution layers: each channel for itself, then all channels of each place. */

import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { LayerOptions } from '../layer.js'
import { forAxes } from './axes.js'
import { convolutionFields, depthwiseFields, ForwardConvolution } from './convolution.js'

const ownFields = {
  /** How many channels the result has. */
  filters: { type: 'integer', min: 1 },
  /** First value of the kernel that mixes channels. Default 'glorotUniform'. */
  pointwiseInitializer: { type: 'initializer', default: 'glorotUniform' },
  /** Penalty on the kernel that mixes channels. Default null. */
  pointwiseRegularizer: { type: 'regularizer', default: null },
  /** What the kernel that mixes channels is set back to after each step. Default null. */
  pointwiseConstraint: { type: 'constraint', default: null },
} as const
const separableFields: typeof ownFields & typeof convolutionFields & typeof depthwiseFields = {
  ...ownFields,
  ...convolutionFields,
  ...depthwiseFields,
}

/** Options of separable convolutions. */
export interface SeparableConvOptions extends OptionsOf<typeof separableFields>, LayerOptions {}

const SeparableConvBase: With<typeof ForwardConvolution, typeof separableFields, SeparableConvOptions> =
  ForwardConvolution.with(separableFields)

abstract class SeparableConv extends SeparableConvBase {
  depthwiseKernel!: Variable
  pointwiseKernel!: Variable

  protected override filtersOf(): number {
    return this.options.filters
  }

  protected override makeKernels(channels: number): void {
    const { kernelSize, filters, depthMultiplier } = this.options
    const { depthwiseInitializer, depthwiseRegularizer, depthwiseConstraint } = this.options
    const { pointwiseInitializer, pointwiseRegularizer, pointwiseConstraint } = this.options
    this.depthwiseKernel = this.addWeight({
      name: 'depthwise_kernel',
      shape: [...kernelSize, channels, depthMultiplier],
      initializer: depthwiseInitializer,
      regularizer: depthwiseRegularizer,
      constraint: depthwiseConstraint,
    })
    this.pointwiseKernel = this.addWeight({
      name: 'pointwise_kernel',
      shape: [...kernelSize.map(() => 1), channels * depthMultiplier, filters],
      initializer: pointwiseInitializer,
      regularizer: pointwiseRegularizer,
      constraint: pointwiseConstraint,
    })
  }

  protected override convolve(x: Tensor): Tensor {
    return ops.conv(ops.depthwiseConv(x, this.depthwiseKernel, this.how), this.pointwiseKernel)
  }
}

const SeparableConv1DBase: With<typeof SeparableConv, typeof separableFields, SeparableConvOptions> =
  SeparableConv.with(forAxes(separableFields, 1))

/**
 * Convolution of each channel for itself, then of all channels at each step.
 *
 * `y = activation(conv(depthwise(x), pointwiseKernel) + bias)`: `x` (batch, steps, channels), depthwise kernel
 * (kernelSize, channels, m) with `m = depthMultiplier`, pointwise kernel (1, channels · m, filters), bias (filters), `y`
 * (batch, windows, filters), with as many windows as `Conv1D` has.
 *
 * Errors: ERR_SHAPE for other than three axes, and sequences shorter than a window.
 *
 * @see keras.layers.SeparableConv1D
 *
 * @example
 * import { SeparableConv1D } from 'ferrograd/layers'
 *
 * const layer = new SeparableConv1D({ filters: 16, kernelSize: 5, padding: 'same', activation: 'relu' })
 */
export class SeparableConv1D extends SeparableConv1DBase {
  static override readonly className = 'SeparableConv1D'
}

const SeparableConv2DBase: With<typeof SeparableConv, typeof separableFields, SeparableConvOptions> =
  SeparableConv.with(forAxes(separableFields, 2))

/**
 * Convolution of each channel of pictures for itself, then of all channels at each place.
 *
 * `y = activation(conv(depthwise(x), pointwiseKernel) + bias)`: `x` (batch, height, width, channels), depthwise kernel
 * (…kernelSize, channels, m) with `m = depthMultiplier`, pointwise kernel (1, 1, channels · m, filters), bias (filters),
 * `y` (batch, …windows, filters), with as many windows as `Conv2D` has.
 *
 * Errors: ERR_SHAPE for other than four axes, and pictures smaller than a window.
 *
 * @see keras.layers.SeparableConv2D
 *
 * @example
 * import { SeparableConv2D } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new SeparableConv2D({ filters: 32, kernelSize: 3, padding: 'same' })
 * const y = layer.apply(ops.ones([2, 8, 8, 16])) // (2, 8, 8, 32)
 */
export class SeparableConv2D extends SeparableConv2DBase {
  static override readonly className = 'SeparableConv2D'
}

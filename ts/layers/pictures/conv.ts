/** Convolution layers: kernels that see all channels, or those of their group. */

import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import type { LayerOptions } from '../layer.js'
import { loraFields, type Tuned } from '../low-rank.js'
import { forAxes } from './axes.js'
import { checkSteps, convolutionFields, ForwardConvolution, kernelFields } from './convolution.js'

const ownFields = {
  /** How many kernels, and so channels of the result. */
  filters: { type: 'integer', min: 1 },
  /** In how many groups the channels and the filters are: a filter sees the channels of its group. Default 1. */
  groups: { type: 'integer', default: 1, min: 1 },
} as const
const convFields: typeof ownFields & typeof convolutionFields & typeof kernelFields & typeof loraFields = {
  ...ownFields,
  ...convolutionFields,
  ...kernelFields,
  ...loraFields,
}

/** Options of {@link Conv2D} and {@link Conv3D}. */
export interface ConvOptions extends OptionsOf<typeof convFields>, LayerOptions {}

const ConvBase: With<typeof ForwardConvolution, typeof convFields, ConvOptions> = ForwardConvolution.with(convFields)

abstract class Conv extends ConvBase {
  kernel!: Variable

  constructor(options: ConvOptions) {
    super(options)
    const { filters, groups, strides, dilationRate } = this.options
    checkSteps(this.className, strides, dilationRate)
    if (filters % groups !== 0)
      fail('ERR_CONFIG', `${this.className}.groups`, `a divisor of the ${filters} filters`, groups)
  }

  protected override filtersOf(): number {
    return this.options.filters
  }

  protected override makeKernels(channels: number, inputShape: Shape): void {
    const { kernelSize, filters, groups, kernelInitializer, kernelRegularizer, kernelConstraint } = this.options
    if (channels % groups !== 0) {
      const kernels = `${groups} groups of kernels [${kernelSize.join(', ')}]`
      fail('ERR_SHAPE', `${this.className} input`, `channels that ${kernels} share evenly`, inputShape)
    }
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: [...kernelSize, channels / groups, filters],
      initializer: kernelInitializer,
      regularizer: kernelRegularizer,
      constraint: kernelConstraint,
    })
  }

  override build(inputShape: Shape): void {
    super.build(inputShape)
    this.enableGiven(this.options)
  }

  protected override get tuned(): Tuned {
    const { kernelRegularizer: regularizer, kernelConstraint: constraint } = this.options
    return { weight: this.kernel, prefix: 'lora_kernel', regularizer, constraint }
  }

  protected override convolve(x: Tensor): Tensor {
    return ops.conv(x, this.merged(), this.how)
  }
}

const causalPadding = {
  /**
   * Whether windows lie inside the sequence, or zeros around it let one begin at every step (or every stride), or,
   * `causal`, one end there, so that no result sees what comes after it. Default 'valid'.
   */
  padding: { type: 'choice', of: ['valid', 'same', 'causal'], default: 'valid' },
} as const
type CausalFields = Omit<typeof convFields, 'padding'> & typeof causalPadding
const causalFields: CausalFields = { ...convFields, ...causalPadding }

/** Options of {@link Conv1D}. */
export interface Conv1DOptions extends OptionsOf<CausalFields>, LayerOptions {}

const Conv1DBase: With<typeof Conv, CausalFields, Conv1DOptions> = Conv.with(forAxes(causalFields, 1))

/**
 * Convolution along one axis: kernels that go over the steps of sequences.
 *
 * `y[b, o, j] = activation(Σ x[b, o·stride + k·dilation − before, c] · kernel[k, c, j] + bias[j])`, `x` (batch, steps,
 * channels), kernel (kernelSize, channels / groups, filters), bias (filters), `y` (batch, windows, filters):
 * `⌊(steps − reach) / stride⌋ + 1` windows for `'valid'`, where a window reaches over `(kernelSize − 1) · dilation + 1`
 * steps; `⌈steps / stride⌉` for `'same'` and `'causal'`. With `channelsFirst`, channels come before steps in `x` and `y`.
 *
 * Errors: ERR_CONFIG where groups do not divide the filters, or strides and dilation are both more than 1; ERR_SHAPE for
 * other than three axes, channels that the groups do not divide, and sequences shorter than a window.
 *
 * @see keras.layers.Conv1D
 *
 * @example
 * import { Conv1D } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new Conv1D({ filters: 16, kernelSize: 3, padding: 'causal', dilationRate: 2, activation: 'relu' })
 * const y = layer.apply(ops.ones([2, 20, 4])) // (2, 20, 16)
 */
export class Conv1D extends Conv1DBase {
  static override readonly className = 'Conv1D'
}

const Conv2DBase: With<typeof Conv, typeof convFields, ConvOptions> = Conv.with(forAxes(convFields, 2))

/**
 * Convolution of pictures: kernels that go over height and width.
 *
 * `y[b, o, p, j] = activation(Σ x[b, o·stride + k·dilation − before, …, c] · kernel[k, l, c, j] + bias[j])`, `x` (batch,
 * height, width, channels), kernel (…kernelSize, channels / groups, filters), bias (filters), `y` (batch, …windows,
 * filters): along each axis `⌊(length − reach) / stride⌋ + 1` windows for `'valid'`, where a window reaches over
 * `(size − 1) · dilation + 1` places, and `⌈length / stride⌉` for `'same'`, whose zeros are more at the end where they
 * are uneven. With `channelsFirst`, channels come before height and width in `x` and `y`.
 *
 * Errors: ERR_CONFIG where groups do not divide the filters, or strides and dilation are both more than 1; ERR_SHAPE for
 * other than four axes, channels that the groups do not divide, and pictures smaller than a window.
 *
 * @see keras.layers.Conv2D
 *
 * @example
 * import { Conv2D } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const layer = new Conv2D({ filters: 32, kernelSize: 3, activation: 'relu' })
 * const y = layer.apply(ops.ones([8, 28, 28, 1])) // (8, 26, 26, 32)
 */
export class Conv2D extends Conv2DBase {
  static override readonly className = 'Conv2D'
}

const Conv3DBase: With<typeof Conv, typeof convFields, ConvOptions> = Conv.with(forAxes(convFields, 3))

/**
 * Convolution of volumes: kernels that go over three axes.
 *
 * As {@link Conv2D}: `x` (batch, depth, height, width, channels), kernel (…kernelSize, channels / groups, filters), bias
 * (filters), `y` (batch, …windows, filters), `y = activation(Σ x · kernel + bias)` over each window.
 *
 * Errors: as those of {@link Conv2D}, for other than five axes.
 *
 * @see keras.layers.Conv3D
 *
 * @example
 * import { Conv3D } from 'ferrograd/layers'
 *
 * const layer = new Conv3D({ filters: 8, kernelSize: [3, 3, 2], strides: 2, padding: 'same' })
 */
export class Conv3D extends Conv3DBase {
  static override readonly className = 'Conv3D'
}

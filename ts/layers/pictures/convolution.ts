/** What convolutions share: where windows lie, the end of a pass in bias and activation, which axis has the channels. */

import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import { fail } from '../../errors.js'
import { pictures } from '../../ops/windows.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { PartialShape, Shape } from '../../types.js'
import { needsAllSteps } from '../attention/decoding.js'
import { checkSpec } from '../input-spec.js'
import type { LayerOptions } from '../layer.js'
import { LowRankLayer, type Tuned } from '../low-rank.js'
import { channelAxis, formatFields, pictureSpec } from './axes.js'
import { throughWindows, type Windows } from './windows.js'

const ownFields = {
  /** Lengths of a window: one number for all axes, or one for each. */
  kernelSize: { type: 'perAxis' },
  /** From one window to the next. Default 1. */
  strides: { type: 'perAxis', default: 1 },
  /**
   * Whether windows lie inside the picture, or zeros around it let one begin at every place (or every stride). Default
   * 'valid'.
   */
  padding: { type: 'choice', of: ['valid', 'same'], default: 'valid' },
  /** From one number of a window to the next. Default 1. */
  dilationRate: { type: 'perAxis', default: 1 },
  /** Applied to the result. Default 'linear'. */
  activation: { type: 'activation', default: 'linear' },
  /** Whether a bias is added, one number a filter. Default true. */
  useBias: { type: 'boolean', default: true },
  /** First value of the bias. Default 'zeros'. */
  biasInitializer: { type: 'initializer', default: 'zeros' },
  /** Penalty on the bias. Default null. */
  biasRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the result. Default null. */
  activityRegularizer: { type: 'regularizer', default: null },
  /** What the bias is set back to after each step. Default null. */
  biasConstraint: { type: 'constraint', default: null },
} as const

/** Options of every convolution. */
export const convolutionFields: typeof ownFields & typeof formatFields = { ...ownFields, ...formatFields }

/** Options of a convolution with one kernel. */
export const kernelFields = {
  /** First value of the kernel. Default 'glorotUniform'. */
  kernelInitializer: { type: 'initializer', default: 'glorotUniform' },
  /** Penalty on the kernel. Default null. */
  kernelRegularizer: { type: 'regularizer', default: null },
  /** What the kernel is set back to after each step. Default null. */
  kernelConstraint: { type: 'constraint', default: null },
} as const

/** Options of a convolution that has a kernel for each channel. */
export const depthwiseFields = {
  /** How many results each channel has. Default 1. */
  depthMultiplier: { type: 'integer', default: 1, min: 1 },
  /** First value of the channels' kernels. Default 'glorotUniform'. */
  depthwiseInitializer: { type: 'initializer', default: 'glorotUniform' },
  /** Penalty on the channels' kernels. Default null. */
  depthwiseRegularizer: { type: 'regularizer', default: null },
  /** What the channels' kernels are set back to after each step. Default null. */
  depthwiseConstraint: { type: 'constraint', default: null },
} as const

/** Options of every convolution. */
export interface ConvolutionOptions extends OptionsOf<typeof convolutionFields>, LayerOptions {}

const ConvolutionBase: With<typeof LowRankLayer, typeof convolutionFields, ConvolutionOptions> =
  LowRankLayer.with(convolutionFields)

/** A layer of kernels that go over pictures; `convolve` says how, on pictures with channels last. */
export abstract class Convolution extends ConvolutionBase {
  protected override readonly takes = 'one' as const
  bias: Variable | undefined

  constructor(options: ConvolutionOptions) {
    super(options)
    const { kernelSize, dataFormat } = this.options
    this.inputSpec = pictureSpec(kernelSize.length, dataFormat)
  }

  /** Makes the kernels for pictures of so many channels. */
  protected abstract makeKernels(channels: number, inputShape: Shape): void

  /** How many channels the results have. */
  protected abstract filtersOf(channels: number): number

  protected abstract convolve(x: Tensor): Tensor

  override build(inputShape: Shape): void {
    const { kernelSize, dataFormat, useBias, biasInitializer, biasRegularizer, biasConstraint } = this.options
    checkSpec(this.className, inputShape, pictureSpec(kernelSize.length, dataFormat))
    const channels = inputShape.at(channelAxis(dataFormat))!
    if (channels < 1) fail('ERR_SHAPE', `${this.className} input`, 'a known number of channels', inputShape)
    this.checkPlaces(inputShape)
    this.makeKernels(channels, inputShape)
    if (useBias)
      this.bias = this.addWeight({
        name: 'bias',
        shape: [this.filtersOf(channels)],
        initializer: biasInitializer,
        regularizer: biasRegularizer,
        constraint: biasConstraint,
      })
    this.inputSpec = pictureSpec(kernelSize.length, dataFormat, channels)
  }

  protected override get tuned(): Tuned {
    return fail('ERR_CONFIG', `${this.className}.enableLora`, 'a Conv1D, Conv2D or Conv3D', { text: this.className })
  }

  /** Refuses pictures that no window fits. */
  protected checkPlaces(_inputShape: PartialShape): void {}

  override call(input: Tensor): Tensor {
    if (this.options.kernelSize[0]! > 1) needsAllSteps(this, input)
    const { x, back } = pictures(this.className, this.cast(input), this.options.dataFormat)
    const y = this.convolve(x)
    return this.options.activation(back(this.bias === undefined ? y : ops.add(y, this.bias)))
  }
}

/** A convolution whose results are as many as its windows. */
export abstract class ForwardConvolution extends Convolution {
  /** How `ops.conv` is told where the windows lie. */
  protected get how(): Pick<Convolution['options'], 'strides' | 'padding' | 'dilationRate'> {
    const { strides, padding, dilationRate } = this.options
    return { strides, padding, dilationRate }
  }

  get #windows(): Windows {
    const { kernelSize, strides, dilationRate, padding, dataFormat } = this.options
    return { sizes: kernelSize, strides, dilations: dilationRate, padding, dataFormat }
  }

  protected override checkPlaces(inputShape: PartialShape): void {
    throughWindows(this.className, inputShape, this.#windows)
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const channels = inputShape.at(channelAxis(this.options.dataFormat)) ?? null
    return throughWindows(this.className, inputShape, this.#windows, this.filtersOf(channels ?? 0))
  }
}

/** Keras computes no windows that lie apart and have gaps as well. */
export function checkSteps(where: string, strides: readonly number[], dilationRate: readonly number[]): void {
  if (Math.max(...strides) > 1 && Math.max(...dilationRate) > 1)
    fail(
      'ERR_CONFIG',
      `${where}.dilationRate`,
      `1 where strides are more than 1 ([${strides.join(', ')}])`,
      dilationRate,
    )
}

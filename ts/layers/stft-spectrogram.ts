/** Sound as its frequencies, by kernels that can be trained. */

import { epsilon } from '../config.js'
import { type Tensor, tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { STFT, windowFields } from '../initializers/stft.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { PartialShape } from '../types.js'
import { Layer, type LayerOptions } from './layer.js'
import { channelAxis, formatFields } from './pictures/axes.js'
import { throughWindows } from './pictures/windows.js'

const ownFields = {
  /**
   * What the result is: `'magnitude'`, its logarithm (`'log'`), the power density (`'psd'`), the `'real'` or `'imag'`
   * parts or both, one behind the other (`'stft'`), or the `'angle'` between them. Default 'log'.
   */
  mode: {
    type: 'choice',
    of: ['log', 'magnitude', 'psd', 'real', 'imag', 'angle', 'stft'],
    default: 'log',
  },
  /** Samples of a frame. Default 256. */
  frameLength: { type: 'integer', default: 256, min: 1 },
  /** Samples from one frame to the next, at most those of a frame; half of these unless given. */
  frameStep: { type: 'integer', default: null, min: 1 },
  /** Samples of a transform, at least those of a frame; the next power of two unless given. */
  fftLength: { type: 'integer', default: null, min: 1 },
  /** `'same'`: a frame at every step, with zeros around the signal. Default 'valid'. */
  padding: { type: 'choice', of: ['valid', 'same'], default: 'valid' },
  /** Whether frequencies have an axis of their own, as pictures have, beside the channels. Default false. */
  expandDims: { type: 'boolean', default: false },
} as const
const fields: typeof ownFields & typeof windowFields & typeof formatFields = {
  ...ownFields,
  ...windowFields,
  ...formatFields,
}

/** Options of {@link STFTSpectrogram}. */
export interface STFTSpectrogramOptions extends OptionsOf<typeof fields>, LayerOptions {}

const STFTSpectrogramBase: With<typeof Layer, typeof fields, STFTSpectrogramOptions> = Layer.with(fields)

/**
 * Signals (batch, samples, channels) as frequencies and time, (batch, frames, channels · frequencies), with `expandDims` (batch,
 * frames, frequencies, channels): the short-time Fourier transform of each channel as two convolutions, whose kernels begin as
 * cosines and sines under a window and are trained unless `trainable: false`. There are `fftLength/2 + 1` frequencies, of mode
 * `'stft'` twice as many.
 *
 * With `p = re² + im²`: `'magnitude'` is `√max(p, ε)`, `'log'` its logarithm, `'psd'` is `p`, twice that but for the first and the
 * last frequency; ε = 1e-7.
 *
 * Errors: ERR_CONFIG for a transform shorter than a frame, and a step longer than it; ERR_SHAPE for other than three axes, a
 * signal shorter than a frame, and a window of another length than a frame.
 *
 * @see keras.layers.STFTSpectrogram
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { STFTSpectrogram } from 'ferrograd/layers'
 *
 * const layer = new STFTSpectrogram({ frameLength: 256, frameStep: 128, fftLength: 512, trainable: false })
 * console.log(layer.apply(ops.ones([3, 16000, 1])).shape) // [3, 124, 257]
 */
export class STFTSpectrogram extends STFTSpectrogramBase {
  static override readonly className = 'STFTSpectrogram'
  protected override readonly takes = 'one' as const
  realKernel: Variable | undefined
  imagKernel: Variable | undefined

  constructor(options: STFTSpectrogramOptions = {}) {
    super(options)
    const { frameLength, frameStep, fftLength } = this.options
    this.inputSpec = { rank: 3 }
    if (frameStep !== null && frameStep > frameLength)
      fail('ERR_CONFIG', 'STFTSpectrogram.frameStep', `at most ${frameLength}, a frame`, frameStep)
    if (fftLength !== null && fftLength < frameLength)
      fail('ERR_CONFIG', 'STFTSpectrogram.fftLength', `at least ${frameLength}, a frame`, fftLength)
    if (this.#step < 1 || this.#frequencies < 2)
      fail('ERR_CONFIG', 'STFTSpectrogram.frameLength', 'at least 2, or a frameStep and an fftLength', frameLength)
  }

  get #step(): number {
    return this.options.frameStep ?? Math.floor(this.options.frameLength / 2)
  }

  get #frequencies(): number {
    const { frameLength, fftLength } = this.options
    return Math.floor((fftLength ?? 2 ** Math.ceil(Math.log2(frameLength))) / 2) + 1
  }

  override build(): void {
    const { mode, frameLength, window, scaling, periodic } = this.options
    const kernel = (side: 'real' | 'imag'): Variable =>
      this.addWeight({
        name: `${side}_kernel`,
        shape: [frameLength, 1, this.#frequencies],
        initializer: new STFT({ side, window, scaling, periodic }),
      })
    if (mode !== 'imag') this.realKernel = kernel('real')
    if (mode !== 'real') this.imagKernel = kernel('imag')
  }

  override call(input: Tensor): Tensor {
    const { mode, dataFormat } = this.options
    const x = this.cast(input)
    const each = dataFormat === 'channelsFirst' ? x : ops.transpose(x, [0, 2, 1])
    const [batch, channels, samples] = each.shape
    const signals = ops.reshape(each, [batch! * channels!, samples!, 1])
    const parts = [this.realKernel, this.imagKernel].flatMap((kernel) => (kernel ? [this.#part(signals, kernel)] : []))
    const frames = valuesOf(mode, parts)
    return this.#laidOut(ops.reshape(frames, [batch!, channels!, ...frames.shape.slice(1)]))
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const { mode, frameLength, padding, expandDims, dataFormat } = this.options
    const windows = { sizes: [frameLength], strides: [this.#step], padding, dataFormat }
    const channels = inputShape.at(channelAxis(dataFormat)) ?? null
    const frequencies = this.#frequencies * (mode === 'stft' ? 2 : 1)
    const through = throughWindows('STFTSpectrogram', inputShape, windows)
    const [batch, frames] = [through[0] ?? null, through[dataFormat === 'channelsFirst' ? 2 : 1] ?? null]
    const all = channels === null ? null : channels * frequencies
    if (dataFormat === 'channelsFirst')
      return expandDims ? [batch, channels, frames, frequencies] : [batch, all, frames]
    return expandDims ? [batch, frames, frequencies, channels] : [batch, frames, all]
  }

  /** (signals, samples, 1) → (signals, frames, frequencies) */
  #part(signals: Tensor, kernel: Variable): Tensor {
    return ops.conv(signals, kernel, { strides: this.#step, padding: this.options.padding })
  }

  /** (batch, channels, frames, frequencies) as the options say. */
  #laidOut(y: Tensor): Tensor {
    const { expandDims, dataFormat } = this.options
    const [batch, channels, frames, frequencies] = y.shape
    if (dataFormat === 'channelsFirst')
      return expandDims ? y : ops.reshape(ops.transpose(y, [0, 1, 3, 2]), [batch!, channels! * frequencies!, frames!])
    if (expandDims) return ops.transpose(y, [0, 2, 3, 1])
    return ops.reshape(ops.transpose(y, [0, 2, 1, 3]), [batch!, frames!, channels! * frequencies!])
  }
}

/** What is told of real and imaginary parts (…, frequencies). */
function valuesOf(mode: STFTSpectrogram['options']['mode'], parts: readonly Tensor[]): Tensor {
  const [re, im] = parts as [Tensor, Tensor]
  switch (mode) {
    case 'real':
    case 'imag':
      return parts[0]!
    case 'stft':
      return ops.concatenate([re, im], { axis: -1 })
    case 'angle':
      return ops.arctan2(im, re)
    case 'psd':
      return twice(power(re, im))
    case 'magnitude':
      return magnitude(re, im)
    case 'log':
      return ops.log(ops.maximum(magnitude(re, im), epsilon()))
  }
}

function power(re: Tensor, im: Tensor): Tensor {
  return ops.add(ops.square(re), ops.square(im))
}

function magnitude(re: Tensor, im: Tensor): Tensor {
  return ops.sqrt(ops.maximum(power(re, im), epsilon()))
}

/** All frequencies but the first and the last stand for two. */
function twice(power: Tensor): Tensor {
  const frequencies = power.shape.at(-1)!
  const counts = Float64Array.from({ length: frequencies }, (_, k) => (k === 0 || k === frequencies - 1 ? 1 : 2))
  return ops.multiply(power, ops.cast(tensor(counts), power.dtype))
}

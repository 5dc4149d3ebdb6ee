/** Sound as the ear has it: loudness by pitch, as they change. */

import { type Tensor, tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { Config, PartialShape } from '../types.js'
import { Layer, type LayerOptions } from './layer.js'

const fields = {
  /** Samples of a transform. Default 2048. */
  fftLength: { type: 'integer', default: 2048, min: 1 },
  /** Samples between the beginnings of two sequences. Default 512. */
  sequenceStride: { type: 'integer', default: 512, min: 1 },
  /** Samples of a sequence; those of a transform by default. */
  sequenceLength: { type: 'integer', default: null, min: 1 },
  /** What the samples of a sequence are multiplied by. Default 'hann'. */
  window: { type: 'choice', of: ['hann', 'hamming'], default: 'hann' },
  /** Samples a second. Default 16000. */
  samplingRate: { type: 'integer', default: 16000, min: 1 },
  /** How many bands of pitch there are. Default 128. */
  numMelBins: { type: 'integer', default: 128, min: 1 },
  /** Where the lowest band begins, in hertz. Default 20. */
  minFreq: { type: 'number', default: 20, min: 0 },
  /** Where the highest band ends, in hertz; half the sampling rate by default. */
  maxFreq: { type: 'number', default: null, above: 0 },
  /** Whether powers are given in decibels. Default true. */
  powerToDb: { type: 'boolean', default: true },
  /** How far below the loudest all else ends, in decibels. Default 80. */
  topDb: { type: 'number', default: 80, min: 0 },
  /** The power of the magnitudes that is added up. Default 2. */
  magExp: { type: 'number', default: 2, above: 0 },
  /** The least power that is told from none. Default 1e-10. */
  minPower: { type: 'number', default: 1e-10, above: 0 },
  /** The power of 0 decibels. Default 1. */
  refPower: { type: 'number', default: 1 },
} as const

/** Options of {@link MelSpectrogram}. */
export interface MelSpectrogramOptions extends OptionsOf<typeof fields>, LayerOptions {}

const MelSpectrogramBase: With<typeof Layer, typeof fields, MelSpectrogramOptions> = Layer.with(fields)

/**
 * Signals (…, samples) as loudness by pitch and time, (…, numMelBins, sequences): the magnitudes of `ops.stft` to the power
 * `magExp`, added up over `numMelBins` overlapping triangles that are evenly wide on the mel scale, `mel(f) = 1127 ·
 * ln(1 + f/700)`; with `powerToDb` `10 · log₁₀(power / refPower)`, and nothing more than `topDb` below the loudest of all.
 *
 * Errors: ERR_CONFIG for a transform shorter than a sequence, and bands that end before they begin; ERR_SHAPE for signals of
 * half a transform or less.
 *
 * @see keras.layers.MelSpectrogram
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { MelSpectrogram } from 'ferrograd/layers'
 *
 * const layer = new MelSpectrogram({ fftLength: 512, sequenceStride: 160, numMelBins: 40 })
 * const picture = layer.apply(ops.ones([2, 16000])) // (2, 40, 101): two seconds of silence
 */
export class MelSpectrogram extends MelSpectrogramBase {
  static override readonly className = 'MelSpectrogram'

  constructor(options: MelSpectrogramOptions = {}) {
    super(options)
    const { fftLength, minFreq } = this.options
    if (fftLength < this.#sequenceLength)
      fail('ERR_CONFIG', 'MelSpectrogram.fftLength', `at least ${this.#sequenceLength}, a sequence`, fftLength)
    if (minFreq >= this.#maxFreq) fail('ERR_CONFIG', 'MelSpectrogram.minFreq', `less than ${this.#maxFreq}`, minFreq)
  }

  get #sequenceLength(): number {
    return this.options.sequenceLength ?? this.options.fftLength
  }

  get #maxFreq(): number {
    return this.options.maxFreq ?? Math.floor(this.options.samplingRate / 2)
  }

  override call(input: Tensor): Tensor {
    const { fftLength, sequenceStride, window, magExp, powerToDb } = this.options
    const x = this.cast(input)
    const [re, im] = ops.stft(x, { sequenceLength: this.#sequenceLength, sequenceStride, fftLength, window })
    const power = ops.power(ops.add(ops.square(re), ops.square(im)), magExp / 2)
    const bands = ops.matmul(power, this.#bands())
    const loud = powerToDb ? this.#decibels(bands) : bands
    const order = loud.shape.map((_, axis) => axis)
    return ops.transpose(loud, [...order.slice(0, -2), loud.rank - 1, loud.rank - 2])
  }

  protected override outputShape(inputShape: PartialShape): PartialShape {
    const { fftLength, sequenceStride, numMelBins } = this.options
    const samples = inputShape.at(-1) ?? null
    const around = 2 * Math.floor(fftLength / 2) - fftLength
    const count = samples === null ? null : Math.floor((samples + around) / sequenceStride) + 1
    return [...inputShape.slice(0, -1), numMelBins, count]
  }

  /** Keras writes what it settled on. */
  override getConfig(): Config {
    return { ...super.getConfig(), sequence_length: this.#sequenceLength, max_freq: this.#maxFreq }
  }

  #decibels(power: Tensor): Tensor {
    const { minPower, refPower, topDb } = this.options
    const least = (x: number): number => 10 * Math.log10(Math.max(Math.abs(x), minPower))
    const scale = 10 / Math.LN10
    const all = ops.subtract(ops.multiply(ops.log(ops.maximum(power, minPower)), scale), least(refPower))
    return ops.maximum(all, ops.subtract(ops.max(all), topDb))
  }

  /** How much of each frequency is in each band (frequencies, bands); of frequency 0 nothing is. */
  #bands(): Tensor {
    const { fftLength, samplingRate, numMelBins, minFreq } = this.options
    const [count, low, high] = [Math.floor(fftLength / 2) + 1, mel(minFreq), mel(this.#maxFreq)]
    const edge = (i: number): number => low + ((high - low) * i) / (numMelBins + 1)
    const values = new Float64Array(count * numMelBins)
    for (let bin = 1; bin < count; bin++) {
      const pitch = mel((samplingRate / 2) * (bin / (count - 1)))
      for (let band = 0; band < numMelBins; band++) {
        const [from, top, to] = [edge(band), edge(band + 1), edge(band + 2)]
        values[bin * numMelBins + band] = Math.max(
          0,
          Math.min((pitch - from) / (top - from), (to - pitch) / (to - top)),
        )
      }
    }
    return tensor(values, [count, numMelBins], this.dtype)
  }
}

/** A pitch of the scale on which equal steps sound equal. */
function mel(hertz: number): number {
  return 1127 * Math.log(1 + hertz / 700)
}

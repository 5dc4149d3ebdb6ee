/** Frequencies of signals. Complex numbers are pairs of tensors, the real parts and the imaginary ones. */

import { type Op, op, opOfList } from '../core/operation.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import type { Named, SettledOf } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'
import type { DType, TensorLike } from '../types.js'
import { add, cos, divide, greater, multiply, square, subtract, where } from './elementwise.js'
import { type Operand, toFloat, toTensor } from './operand.js'
import { opOptions } from './options.js'
import { arange, broadcastTo, cast, concatenate, flip, ones, pad, reshape, slice } from './shape.js'

/** Real and imaginary parts, of one shape. */
export type ComplexPair = readonly [real: Tensor, imaginary: Tensor]

type ComplexOperand = readonly [real: Operand, imaginary: Operand]

const fourierFields = {
  /**
   * Numbers of a transform: longer signals are cut, shorter ones filled with zeros; as many as there are unless given.
   */
  fftLength: { type: 'integer', default: null, min: 1 },
} as const

/** How long a transform is. */
export interface FourierOptions extends FunctionOptions<typeof fourierFields>, Named {}

const readRfft = opOptions('rfft', fourierFields)
const readIrfft = opOptions('irfft', fourierFields)

/**
 * `Yₖ = Σⱼ Xⱼ e^(−2πi·jk/n)` along the last axis, for any length `n`.
 *
 * @see keras.ops.fft
 */
export const fft: Op<[x: ComplexOperand], ComplexPair> = opOfList('fft', (x) => {
  const [re, im] = pairOf('fft', x)
  return raw.fft(re, im, { inverse: false })
})

/**
 * `Yₖ = 1/n Σⱼ Xⱼ e^(2πi·jk/n)` along the last axis: what {@link fft} was given.
 *
 * @see keras.ops.ifft
 */
export const ifft: Op<[x: ComplexOperand], ComplexPair> = opOfList('ifft', (x) => {
  const [re, im] = pairOf('ifft', x)
  const n = lastOf('ifft', re)
  const [a, b] = raw.fft(re, im, { inverse: true })
  return [divide(a, n), divide(b, n)] as const
})

/**
 * `Xₖ = Σⱼ xⱼ e^(−2πi·jk/n)`, `k = 0 … n/2`, of real numbers along the last axis: the other half are the conjugates.
 *
 * @see keras.ops.rfft
 * @example
 * import { ops } from 'ferrograd'
 *
 * const wave = Float32Array.from({ length: 8 }, (_, i) => Math.cos((2 * Math.PI * 2 * i) / 8))
 * const [real] = ops.rfft(wave)
 * console.log(ops.round(real).arraySync()) // [0, 0, 4, 0, 0]
 */
export const rfft: Op<[x: Operand, options?: FourierOptions], ComplexPair> = op('rfft', (x, options) => {
  const { fftLength } = readRfft(options)
  const signal = toFloat(x)
  return raw.rfft(sized(signal, fftLength ?? lastOf('rfft', signal)))
})

/**
 * The real numbers along the last axis that have these frequencies, `k = 0 … n/2`: what {@link rfft} was given. `n` is
 * `fftLength`, by default `2 · (frequencies − 1)`.
 *
 * @see keras.ops.irfft
 */
export const irfft: Op<[x: ComplexOperand, options?: FourierOptions]> = opOfList('irfft', (x, options) => {
  const { fftLength } = readIrfft(options)
  const [re, im] = pairOf('irfft', x)
  const n = fftLength ?? 2 * (lastOf('irfft', re) - 1)
  if (n < 1) fail('ERR_SHAPE', 'irfft', 'at least 2 frequencies, or fftLength', re.shape)
  const bins = Math.floor(n / 2) + 1
  return raw.irfft(sized(re, bins), sized(im, bins), { n })
})

/** Numbers for each place of a sequence, or the name of such. */
export type WindowLike = 'hann' | 'hamming' | TensorLike | null

const stftFields = {
  /** Samples of a sequence. */
  sequenceLength: { type: 'integer', min: 1 },
  /** Samples between the beginnings of two. */
  sequenceStride: { type: 'integer', min: 1 },
  /** Samples of a transform, at least those of a sequence; zeros are put around it. */
  fftLength: { type: 'integer', min: 1 },
  /** What the samples of a sequence are multiplied by; null: nothing. Default 'hann'. */
  window: { type: 'window', default: 'hann' },
  /** Whether sequences are around their place, the signal reflected at its ends. Default true. */
  center: { type: 'boolean', default: true },
} as const

/** How a signal is cut. */
export interface StftOptions extends FunctionOptions<typeof stftFields>, Named {}

const readStft = opOptions('stft', stftFields)

/**
 * The frequencies of a signal (…, samples) as they change: those of each of its sequences, (…, sequences, fftLength/2 + 1), as
 * real and imaginary parts.
 *
 * @throws `ERR_CONFIG` for a transform shorter than a sequence, or an unknown window; `ERR_SHAPE` for a window of another length
 * and for a signal that is too short.
 * @see keras.ops.stft
 * @example
 * import { ops } from 'ferrograd'
 *
 * const signal = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i / 3))
 * const [re, im] = ops.stft(signal, { sequenceLength: 256, sequenceStride: 128, fftLength: 256 })
 * const power = ops.add(ops.square(re), ops.square(im)) // (32, 129)
 */
export const stft: Op<[x: Operand, options: StftOptions], ComplexPair> = op('stft', (x, options) => {
  const how = cutOf('stft', options, readStft(options))
  const { fftLength, sequenceStride: stride, center } = how
  const signal = toFloat(x)
  const around = center ? reflected(signal, Math.floor(fftLength / 2)) : signal
  if (lastOf('stft', around) < fftLength) fail('ERR_SHAPE', 'stft', `at least ${fftLength} samples`, signal.shape)
  return raw.stft(around, windowOf('stft window', how, signal.dtype), { stride })
})

const lengthFields = {
  /** How many samples the signal has; by default as many as the sequences say. */
  length: { type: 'integer', default: null, min: 1 },
} as const
const istftFields: typeof stftFields & typeof lengthFields = { ...stftFields, ...lengthFields }

/** How a signal was cut. */
export interface IstftOptions extends FunctionOptions<typeof istftFields>, Named {}

const readIstft = opOptions('istft', istftFields)

/**
 * The signal (…, samples) whose {@link stft} is (…, sequences, fftLength/2 + 1): sequences are put back into their places,
 * and each sample divided by what the windows over it add up to.
 *
 * @see keras.ops.istft
 */
export const istft: Op<[x: ComplexOperand, options: IstftOptions]> = opOfList('istft', (x, options) => {
  const given = options as IstftOptions
  const known = readIstft(given)
  const how = cutOf('istft', given, known)
  const { fftLength, sequenceStride, center } = how
  const frames = irfft(pairOf('istft', x), { fftLength })
  const window = windowOf('istft window', how, frames.dtype)
  const counts = frames.shape.at(-2)
  if (counts === undefined || counts < 1) fail('ERR_SHAPE', 'istft', '[…, sequences, frequencies]', frames.shape)
  const sum = overlapped(multiply(frames, window), sequenceStride)
  const weights = overlapped(broadcastTo(square(window), [counts, fftLength]), sequenceStride)
  const signal = divide(sum, where(greater(weights, 1e-11), weights, 1))
  const start = center ? Math.floor(fftLength / 2) : 0
  const end = known.length === undefined ? lastOf('istft', signal) - start : start + known.length
  return sized(cut(signal, start, lastOf('istft', signal)), end - start)
})

/**
 * Sequences of the last axis, (…, samples) → (…, sequences, length): sequence `f` has the samples from `f · stride` on.
 *
 * @see keras.ops.extract_sequences
 */
export const extractSequences: Op<[x: Operand, sequenceLength: number, sequenceStride: number]> = op(
  'extractSequences',
  (x, sequenceLength, sequenceStride) => {
    const [length, stride] = [
      count('extractSequences sequenceLength', sequenceLength),
      count('extractSequences sequenceStride', sequenceStride),
    ]
    const signal = toTensor(x)
    const samples = lastOf('extractSequences', signal)
    if (samples < length) fail('ERR_SHAPE', 'extractSequences', `at least ${length} samples`, signal.shape)
    // Pieces of a stride: a sequence is some consecutive ones.
    const [frames, pieces] = [Math.floor((samples - length) / stride) + 1, Math.ceil(length / stride)]
    const lead = signal.shape.slice(0, -1)
    const rows = frames + pieces - 1
    const grid = reshape(sized(signal, rows * stride), [...lead, rows, stride])
    const none = lead.map(() => 0)
    const part = (piece: number): Tensor => slice(grid, { begin: [...none, piece, 0], size: [...lead, frames, stride] })
    return cut(
      concatenate(
        Array.from({ length: pieces }, (_, piece) => part(piece)),
        { axis: -1 },
      ),
      0,
      length,
    )
  },
)

/** Sequences (…, sequences, length) added up where they lie: the adjoint of {@link extractSequences}. */
function overlapped(frames: Tensor, stride: number): Tensor {
  const [count, length] = frames.shape.slice(-2) as [number, number]
  const [lead, pieces] = [frames.shape.slice(0, -2), Math.ceil(length / stride)]
  const whole = sized(frames, pieces * stride)
  const none = lead.map(() => 0)
  const still = lead.map((): [number, number] => [0, 0])
  const moved = Array.from({ length: pieces }, (_, piece) => {
    const part = slice(whole, { begin: [...none, 0, piece * stride], size: [...lead, count, stride] })
    return pad(part, [...still, [piece, pieces - 1 - piece], [0, 0]])
  })
  const all = moved.reduce((a, b) => add(a, b))
  return cut(reshape(all, [...lead, (count + pieces - 1) * stride]), 0, (count - 1) * stride + length)
}

/** The signal with so many samples before and behind it, as a mirror at its ends shows them. */
function reflected(signal: Tensor, width: number): Tensor {
  const samples = lastOf('stft', signal)
  if (width >= samples) fail('ERR_SHAPE', 'stft', `more than ${width} samples, half a transform`, signal.shape)
  if (width === 0) return signal
  const mirrored = (from: number): Tensor => flip(cut(signal, from, from + width), { axis: -1 })
  return concatenate([mirrored(1), signal, mirrored(samples - width - 1)], { axis: -1 })
}

/** The window of a sequence, with zeros around it, as long as the transform. */
function windowOf(where: string, { sequenceLength, fftLength, window }: Cut, dtype: DType): Tensor {
  const before = Math.floor((fftLength - sequenceLength) / 2)
  return pad(cast(named(where, sequenceLength, window, dtype), dtype), [[before, fftLength - sequenceLength - before]])
}

function named(where: string, length: number, window: WindowLike, dtype: DType): Tensor {
  if (window === null) return ones([length], dtype)
  if (typeof window !== 'string') {
    const own = toTensor(window)
    if (own.rank !== 1 || own.shape[0] !== length) fail('ERR_SHAPE', where, `[${length}]`, own.shape)
    return own
  }
  const share = { hann: 0.5, hamming: 0.54 }[window]
  if (share === undefined) return fail('ERR_CONFIG', where, `'hann', 'hamming', numbers or null`, window)
  const angles = multiply(arange(0, length, 1, dtype), (2 * Math.PI) / length)
  return subtract(share, multiply(cos(angles), 1 - share))
}

/** How a signal is cut, with the defaults. */
type Cut = Omit<SettledOf<typeof stftFields>, 'window'> & { readonly window: WindowLike }

/** The options of a transform, which is as long as a sequence at least; a window may be none. */
function cutOf(where: string, given: StftOptions, known: SettledOf<typeof stftFields>): Cut {
  const { sequenceLength, fftLength, window } = known
  if (sequenceLength === undefined || known.sequenceStride === undefined || fftLength === undefined)
    fail('ERR_CONFIG', where, 'sequenceLength, sequenceStride and fftLength', given)
  if (fftLength < sequenceLength)
    fail('ERR_CONFIG', `${where} fftLength`, `at least ${sequenceLength}, a sequence`, fftLength)
  return { ...known, window: given.window === null ? null : (window ?? null) }
}

function pairOf(where: string, x: unknown): readonly [Tensor, Tensor] {
  if (!Array.isArray(x) || x.length !== 2) return fail('ERR_DATA', where, 'a pair: real and imaginary parts', x)
  const [re, im] = (x as readonly Operand[]).map((part) => toFloat(part)) as [Tensor, Tensor]
  return re.dtype === im.dtype ? [re, im] : [cast(re, 'float64'), cast(im, 'float64')]
}

function lastOf(where: string, x: Tensor): number {
  return x.shape.at(-1) ?? fail('ERR_SHAPE', where, 'at least one axis', x.shape)
}

function count(where: string, value: unknown): number {
  if (!(Number.isInteger(value) && (value as number) >= 1)) fail('ERR_CONFIG', where, 'an integer >= 1', value)
  return value as number
}

/** The last axis cut to a length, or with zeros behind. */
function sized(x: Tensor, length: number): Tensor {
  const samples = x.shape.at(-1)!
  if (samples === length) return x
  if (samples > length) return cut(x, 0, length)
  return pad(x, [...x.shape.slice(0, -1).map((): [number, number] => [0, 0]), [0, length - samples]])
}

function cut(x: Tensor, first: number, end: number): Tensor {
  const lead = x.shape.slice(0, -1)
  if (first === 0 && end === x.shape.at(-1)) return x
  return slice(x, { begin: [...lead.map(() => 0), first], size: [...lead, end - first] })
}

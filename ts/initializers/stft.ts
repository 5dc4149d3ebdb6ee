/** Waves under a window: kernels that turn pieces of a signal into its frequencies. */

import { type Tensor, tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { With } from '../options/configurable.js'
import type { Named, OptionsOf } from '../options/fields.js'
import type { DType, Shape } from '../types.js'
import { Initializer } from './initializer.js'

/** What samples are multiplied by, and what that is divided by. */
export const windowFields = {
  /** What the samples are multiplied by: a name, or a number for each; null: nothing. Default 'hann'. */
  window: { type: 'window', default: 'hann', nullable: true },
  /**
   * What the window is divided by: `'density'` the root of the sum of its squares, `'spectrum'` the sum of its
   * magnitudes; null: nothing. Default 'density'.
   */
  scaling: { type: 'choice', of: ['density', 'spectrum'], default: 'density', nullable: true },
  /** Whether the window is one turn of a wave that goes on, or symmetric. Default false. */
  periodic: { type: 'boolean', default: false },
} as const

const sideFields = {
  /** The cosines, or the sines. Default 'real'. */
  side: { type: 'choice', of: ['real', 'imag'], default: 'real' },
} as const
const fields: typeof sideFields & typeof windowFields = { ...sideFields, ...windowFields }

/** Options of {@link STFT}. */
export interface STFTOptions extends OptionsOf<typeof fields>, Named {}

const STFTBase: With<typeof Initializer, typeof fields, STFTOptions> = Initializer.with(fields)

/**
 * The waves of a short-time Fourier transform, for a kernel (samples, 1, frequencies): a convolution with it gives real parts or
 * imaginary ones.
 *
 * `w[t, 0, k] = window[t]/scale · cos(−2π·t·k/n)`, of 'imag' the sine, with `n = 2 · (frequencies − 1)`.
 *
 * Errors: ERR_SHAPE for a kernel of another form, and for a window of another length; ERR_CONFIG for one that is 0 all over, as a
 * symmetric one of two samples is.
 *
 * @see keras.initializers.STFT
 *
 * @example
 * import { STFT } from 'ferrograd/initializers'
 *
 * const initializer = new STFT({ side: 'imag', window: 'hamming' })
 * console.log(initializer.call([256, 1, 129], 'float32').shape) // [256, 1, 129]
 */
export class STFT extends STFTBase {
  static override readonly className = 'STFT'

  override call(shape: Shape, dtype: DType): Tensor {
    const [samples, one, frequencies] = shape
    if (shape.length !== 3 || one !== 1 || frequencies! < 2)
      fail('ERR_SHAPE', 'STFT', 'a kernel [samples, 1, frequencies] of at least 2 frequencies', shape)
    const { side, window, scaling, periodic } = this.options
    const weights = window === null ? undefined : scaled(windowOf(window, samples!, periodic), scaling)
    const wave = side === 'real' ? Math.cos : Math.sin
    const turns = 2 * (frequencies! - 1)
    const values = new Float64Array(samples! * frequencies!)
    for (let t = 0; t < samples!; t++)
      for (let k = 0; k < frequencies!; k++) {
        // As Keras multiplies: what is left of the sine of whole turns decides on which side of ±π an angle lies.
        const angle = -2 * t * (k / turns) * Math.PI
        values[t * frequencies! + k] = (weights?.[t] ?? 1) * wave(angle)
      }
    return tensor(values, shape, dtype)
  }
}

/** The numbers of a window of so many samples. */
function windowOf(window: NonNullable<STFT['options']['window']>, samples: number, periodic: boolean): number[] {
  if (typeof window !== 'string') {
    const own = window as readonly number[]
    return own.length === samples ? [...own] : fail('ERR_SHAPE', 'STFT window', `${samples} numbers`, [own.length])
  }
  const share = { hann: 0.5, hamming: 0.54 }[window]
  const turn = periodic ? samples : samples - 1
  // A single sample is the middle of a symmetric window.
  const at = (t: number): number => (turn === 0 ? 1 : share - (1 - share) * Math.cos((2 * Math.PI * t) / turn))
  return Array.from({ length: samples }, (_, t) => at(t))
}

function scaled(window: readonly number[], scaling: 'density' | 'spectrum' | null): number[] {
  if (scaling === null) return [...window]
  const sum = window.reduce((total, w) => total + (scaling === 'density' ? w * w : Math.abs(w)), 0)
  if (sum === 0) fail('ERR_CONFIG', 'STFT window', 'a window that is not 0 all over', window, 'Take more samples')
  const scale = scaling === 'density' ? Math.sqrt(sum) : sum
  return window.map((w) => w / scale)
}

/** Layers that disturb their input in training only. */

import * as ops from '../ops.js'
import { SeedGenerator, uniform } from '../random.js'
import type { Tensor } from '../tensor.js'
import type { FloatDType } from '../types.js'
import { type CallContext, Layer } from './layer.js'

const dropoutFields = {
  /** The fraction of entries that is dropped. */
  rate: { type: 'number', min: 0, below: 1 },
  /** Makes the dropped entries reproducible. */
  seed: { type: 'integer', default: null, min: 0 },
  /** The shape of the pattern of dropped entries, broadcast over the input; null stands for the input's own length. */
  noiseShape: { type: 'partialShape', default: null },
} as const

/**
 * Drops entries in training, `y = x · keep / (1 − rate)` with keep 0 in a fraction `rate` of the entries, else 1 (Srivastava et al., 2014).
 *
 * @example
 * import { Dropout } from 'ferrograd/layers'
 *
 * const layer = new Dropout({ rate: 0.5 })
 */
export class Dropout extends Layer<typeof dropoutFields> {
  static override readonly className = 'Dropout'
  static override readonly fields: typeof dropoutFields = dropoutFields
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override call(x: Tensor, { training }: CallContext): Tensor {
    const { rate, noiseShape } = this.options
    if (!training || rate === 0) return x
    const pattern = noiseShape?.map((length, axis) => length ?? x.shape[axis]!) ?? x.shape
    const noise = uniform(pattern, { dtype: x.dtype as FloatDType, seed: this.seedGenerator })
    const keep = ops.cast(ops.greaterEqual(noise, rate), x.dtype)
    return ops.multiply(x, ops.multiply(keep, 1 / (1 - rate)))
  }
}

/** The counter of a layer's random numbers. */
export function seedGenerator(seed: number | null): SeedGenerator {
  return seed === null ? new SeedGenerator() : new SeedGenerator(seed)
}

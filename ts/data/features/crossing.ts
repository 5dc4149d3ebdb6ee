/** Features that mean something together. */

import { crossBins } from '../../core/native.js'
import { native } from '../../core/runtime.js'
import { type CategoryOutput, categorical, type Encoder } from './encoder.js'

/** Which features, in how many bins: plain JSON. */
export interface CrossPlan {
  readonly features: readonly string[]
  readonly dim: number
  readonly output: CategoryOutput
}

/** Its name, as Keras has it. */
export function crossName({ features }: CrossPlan): string {
  return features.join('_X_')
}

/** The numbers of the features' own categories as one: `hash(a, b, …) mod dim`, as `HashedCrossing` has it. */
export function crossEncoder({ features, dim, output }: CrossPlan): Encoder {
  const labels = Array.from({ length: dim }, (_, i) => `#${i}`)
  return categorical(
    (given) => {
      const parts = features.map((name) => Array.from(given.categories(name)))
      return Int32Array.from(native(() => crossBins(parts, dim)))
    },
    labels,
    output,
  )
}

/** Options that several explanations have. */

export const passFields = {
  /** Samples a pass. Default 32. */
  batchSize: { type: 'integer', default: 32, min: 1 },
} as const

export const targetFields = {
  /** What is explained; by default the class that each sample is most likely of. */
  target: { type: 'given', default: null },
} as const

export const insideFields = {
  /**
   * Explains by what this layer gives, rather than by the inputs: by an `Embedding` where these are whole numbers.
   * Default null.
   */
  layer: { type: 'given', default: null },
} as const

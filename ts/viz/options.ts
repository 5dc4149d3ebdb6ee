/** Options that several drawings have. */

export const layoutFields = {
  /** Tiles in a row; about as many as rows unless given. */
  columns: { type: 'integer', default: null, min: 1 },
  /** Pixels between two tiles. Default 1. */
  gap: { type: 'integer', default: 1, min: 0 },
} as const

export const rangeFields = {
  /**
   * What is black and what is white. By default [0, 1] or [0, 255] where all numbers lie there, else their least and
   * most. Default null.
   */
  range: { type: 'given', default: null },
} as const

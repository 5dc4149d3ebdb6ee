/** Options that several ops have. */

import type { Named } from '../options/fields.js'
import type { FunctionOptions } from '../options/reader.js'

export const reduceFields = {
  /** The axes that go; all of them unless given. */
  axis: { type: 'axes', default: null },
  /** Whether they stay as axes of length 1. Default false. */
  keepdims: { type: 'boolean', default: false },
} as const

/** Which axes go, and whether they stay as 1. */
export interface ReduceOptions extends FunctionOptions<typeof reduceFields>, Named {}

export const firstFields = {
  /** The axis. Default 0. */
  axis: { type: 'oneAxis', default: 0 },
} as const

/** One axis, the first by default. */
export interface FirstAxisOptions extends FunctionOptions<typeof firstFields>, Named {}

export const lastFields = {
  /** The axis, or several over which all numbers are one row. Default -1. */
  axis: { type: 'axes', default: -1 },
} as const

/** One axis, the last by default, or several together. */
export interface LastAxisOptions extends FunctionOptions<typeof lastFields>, Named {}

export const rowFields = {
  /** The axis; all elements in one row unless given. */
  axis: { type: 'oneAxis', default: null },
} as const

/** One axis; without it all elements in one row. */
export interface RowAxisOptions extends FunctionOptions<typeof rowFields>, Named {}

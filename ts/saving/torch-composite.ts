/** Weights that PyTorch does not keep one by one: how ours become its arrays, and its arrays ours. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'

/** A weight of ours and PyTorch's: its name, and the axes that are put one after another where the layout is another. */
export type Rule = readonly [own: string, theirs: string, axes?: readonly number[]]

/** A module whose arrays are made of several of our weights, or of one that is cut otherwise. */
export interface Composite {
  /** The names under which `take` leaves our weights. */
  readonly rules: readonly Rule[]
  /** PyTorch's arrays, by the ends of their names. */
  give(variables: readonly Variable[]): readonly (readonly [end: string, tensor: Tensor])[]
  /** Replaces PyTorch's arrays, whose names begin with `prefix`, by ours, where they are all there. */
  take(prefix: string, arrays: Map<string, Tensor>): void
}

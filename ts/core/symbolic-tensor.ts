/** Tensors without numbers, for wiring layers into a graph. */

import type { Layer } from '../layers/layer.js'
import type { FieldTable } from '../options/fields.js'
import type { DType, PartialShape } from '../types.js'

/** Where a symbolic tensor comes from: output `index` of one call of a layer. The outputs of a call share `inputs`. */
export interface History {
  readonly layer: Layer<FieldTable>
  readonly inputs: readonly SymbolicTensor[]
  readonly index: number
}

/** A shape, an element type, and the call that will make the numbers. Lengths that are not known yet are null. */
export class SymbolicTensor {
  readonly shape: PartialShape
  readonly dtype: DType
  readonly history: History

  constructor(shape: PartialShape, dtype: DType, history: History) {
    this.shape = shape
    this.dtype = dtype
    this.history = history
  }
}

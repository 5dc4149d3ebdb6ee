/** The cell without gates. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { CellResult } from './cell.js'
import { GatedCell, type GatedCellOptions, type Recurrence } from './gated-cell.js'

/** Options of {@link SimpleRNNCell}. */
export interface SimpleRNNCellOptions extends GatedCellOptions {}

/**
 * One step of the simplest recurrent network, `h = activation(x · kernel + h₋₁ · recurrentKernel + bias)`.
 *
 * `x` (batch, features), `h` (batch, units), kernel (features, units), recurrentKernel (units, units), bias (units).
 * Returns `[h, [h]]`.
 *
 * @see keras.layers.SimpleRNNCell
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { SimpleRNNCell } from 'ferrograd/layers'
 *
 * const cell = new SimpleRNNCell({ units: 4 })
 * const [output, states] = cell.apply(ops.ones([2, 3]), { states: [ops.zeros([2, 4])] })
 */
export class SimpleRNNCell extends GatedCell {
  static override readonly className = 'SimpleRNNCell'
  protected override readonly gates = 1

  protected override advance(x: Tensor, [h]: readonly [Tensor], recurrence: Recurrence): CellResult {
    const next = this.options.activation(ops.add(x, recurrence(h, 0, 1)))
    return [next, [next]]
  }
}

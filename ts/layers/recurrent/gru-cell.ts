/** The cell of gated recurrent units. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import type { LayerOptions } from '../layer.js'
import type { CellResult } from './cell.js'
import { cellFields, GatedCell, gateFields, type Recurrence } from './gated-cell.js'

const ownFields = {
  /**
   * Whether the reset gate meets the state after its matrix, with a bias of its own (as cuDNN computes), or before it
   * (as first published). Default true.
   */
  resetAfter: { type: 'boolean', default: true },
} as const
type GRUCellFields = typeof cellFields & typeof gateFields & typeof ownFields

/** Options of {@link GRUCell}. */
export const gruCellFields: GRUCellFields = { ...cellFields, ...gateFields, ...ownFields }

/** Options of {@link GRUCell}. */
export interface GRUCellOptions extends OptionsOf<GRUCellFields>, LayerOptions {}

const GRUCellBase: With<typeof GatedCell, GRUCellFields, GRUCellOptions> = GatedCell.with(gruCellFields)

/**
 * One step of gated recurrent units (Cho et al., 2014).
 *
 * `z = σ(x·W_z + h₋₁·U_z)`, `r = σ(x·W_r + h₋₁·U_r)`, `ĥ = activation(x·W_h + r · (h₋₁·U_h))`, or, with `resetAfter:
 * false`, `ĥ = activation(x·W_h + (r · h₋₁)·U_h)`, and `h = z · h₋₁ + (1 − z) · ĥ`, biases left out; σ is the recurrent
 * activation.
 *
 * `x` (batch, features), `h` (batch, units), kernel (features, 3 · units), recurrentKernel (units, 3 · units), bias (2,
 * 3 · units): that of the inputs and that of the state; (3 · units) with `resetAfter: false`. Returns `[h, [h]]`.
 *
 * @see keras.layers.GRUCell
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { GRUCell } from 'ferrograd/layers'
 *
 * const cell = new GRUCell({ units: 4 })
 * const [output, states] = cell.apply(ops.ones([2, 3]), { states: [ops.zeros([2, 4])] })
 */
export class GRUCell extends GRUCellBase {
  static override readonly className = 'GRUCell'
  protected override readonly gates = 3

  protected override get biasShape(): Shape {
    const width = 3 * this.options.units
    return this.options.resetAfter ? [2, width] : [width]
  }

  protected override biases(bias: Tensor): readonly [input: Tensor, recurrent?: Tensor] {
    if (!this.options.resetAfter) return [bias]
    const [input, recurrent] = ops.split(bias, 2, { axis: 0 })
    return [ops.squeeze(input!, 0), ops.squeeze(recurrent!, 0)]
  }

  protected override advance(x: Tensor, [h]: readonly [Tensor], recurrence: Recurrence, bias?: Tensor): CellResult {
    const { activation, recurrentActivation, resetAfter } = this.options
    const [update, reset, candidate] = ops.split(x, 3, { axis: -1 })
    const product = recurrence(h, 0, resetAfter ? 3 : 2)
    const inner = ops.split(bias === undefined ? product : ops.add(product, bias), resetAfter ? 3 : 2, { axis: -1 })
    const z = recurrentActivation(ops.add(update!, inner[0]!))
    const r = recurrentActivation(ops.add(reset!, inner[1]!))
    const old = resetAfter ? ops.multiply(r, inner[2]!) : recurrence(ops.multiply(r, h), 2, 3)
    const fresh = activation(ops.add(candidate!, old))
    const next = ops.add(ops.multiply(z, h), ops.multiply(ops.subtract(1, z), fresh))
    return [next, [next]]
  }
}

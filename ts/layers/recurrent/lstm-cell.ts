/** The cell of long short-term memory. */

import type { Tensor } from '../../core/tensor.js'
import { Initializer } from '../../initializers/initializer.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { DType, Shape } from '../../types.js'
import type { LayerOptions } from '../layer.js'
import type { CellResult, StateSize } from './cell.js'
import { cellFields, GatedCell, gateFields, type Recurrence } from './gated-cell.js'

const ownFields = {
  /** Whether the bias of the forget gate begins with ones, so that a new cell remembers. Default true. */
  unitForgetBias: { type: 'boolean', default: true },
} as const
type LSTMCellFields = typeof cellFields & typeof gateFields & typeof ownFields

/** Options of {@link LSTMCell}. */
export const lstmCellFields: LSTMCellFields = { ...cellFields, ...gateFields, ...ownFields }

/** Options of {@link LSTMCell}. */
export interface LSTMCellOptions extends OptionsOf<LSTMCellFields>, LayerOptions {}

const LSTMCellBase: With<typeof GatedCell, LSTMCellFields, LSTMCellOptions> = GatedCell.with(lstmCellFields)

/**
 * One step of long short-term memory (Hochreiter & Schmidhuber, 1997).
 *
 * `[zᵢ, z_f, z_c, zₒ] = x · kernel + h₋₁ · recurrentKernel + bias`, `c = σ(z_f) · c₋₁ + σ(zᵢ) · activation(z_c)`,
 * `h = σ(zₒ) · activation(c)`, where σ is the recurrent activation.
 *
 * `x` (batch, features), `h` and `c` (batch, units), kernel (features, 4 · units), recurrentKernel (units, 4 · units), bias
 * (4 · units). Returns `[h, [h, c]]`.
 *
 * @see keras.layers.LSTMCell
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { LSTMCell } from 'ferrograd/layers'
 *
 * const cell = new LSTMCell({ units: 4 })
 * const nothing = ops.zeros([2, 4])
 * const [output, [h, c]] = cell.apply(ops.ones([2, 3]), { states: [nothing, nothing] })
 */
export class LSTMCell extends LSTMCellBase {
  static override readonly className = 'LSTMCell'
  protected override readonly gates = 4

  override get stateSize(): StateSize {
    return [this.options.units, this.options.units]
  }

  protected override get biasInitializer(): Initializer {
    const { biasInitializer, unitForgetBias } = this.options
    return unitForgetBias ? new OpenForgetGate(biasInitializer) : biasInitializer
  }

  protected override advance(x: Tensor, [h, c]: readonly [Tensor, Tensor], recurrence: Recurrence): CellResult {
    const { activation, recurrentActivation } = this.options
    const [input, forget, candidate, output] = ops.split(ops.add(x, recurrence(h, 0, 4)), 4, { axis: -1 })
    const kept = ops.multiply(recurrentActivation(forget!), c)
    const added = ops.multiply(recurrentActivation(input!), activation(candidate!))
    const next = ops.add(kept, added)
    const shown = ops.multiply(recurrentActivation(output!), activation(next))
    return [shown, [shown, next]]
  }
}

/** Ones for the second of four gates, `others` for the rest. */
export class OpenForgetGate extends Initializer {
  readonly #others: Initializer

  constructor(others: Initializer) {
    super()
    this.#others = others
  }

  call([length = 0]: Shape, dtype: DType): Tensor {
    const units = length / 4
    const [first, rest] = [this.#others.call([units], dtype), this.#others.call([2 * units], dtype)]
    return ops.concatenate([first, ops.ones([units], dtype), rest])
  }
}

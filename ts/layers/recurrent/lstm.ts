/** Long short-term memory along a sequence. */

import type { Tensor } from '../../core/tensor.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { LayerOptions } from '../layer.js'
import { activityFields, cellOptions } from './cell-options.js'
import { LSTMCell, lstmCellFields } from './lstm-cell.js'
import { Recurrent, type RecurrentContext, type RecurrentOptions } from './recurrent.js'

type LSTMFields = typeof lstmCellFields & typeof activityFields
const fields: LSTMFields = { ...lstmCellFields, ...activityFields }

/** Options of {@link LSTM}. */
export interface LSTMOptions extends OptionsOf<LSTMFields>, Omit<RecurrentOptions, keyof LayerOptions>, LayerOptions {}

const LSTMBase: With<typeof Recurrent, LSTMFields, LSTMOptions> = Recurrent.with(fields)

/**
 * Long short-term memory (Hochreiter & Schmidhuber, 1997): an {@link LSTMCell} run along (batch, steps, features).
 *
 * At each step `[zᵢ, z_f, z_c, zₒ] = x · kernel + h₋₁ · recurrentKernel + bias`, `c = σ(z_f) · c₋₁ + σ(zᵢ) ·
 * activation(z_c)`, `h = σ(zₒ) · activation(c)`. The result is the last `h` (batch, units), with `returnSequences` all of
 * them (batch, steps, units), with `returnState` that, `h` and `c` after the last step.
 *
 * A step that the mask (batch, steps) leaves out repeats the states and the output. `call` takes `initialState: [h, c]`.
 *
 * Errors: ERR_SHAPE for other than three axes, no step, a mask or states of other shapes, and, where `stateful`, another
 * batch than the first.
 *
 * @see keras.layers.LSTM
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { LSTM } from 'ferrograd/layers'
 *
 * const layer = new LSTM({ units: 4, returnSequences: true, returnState: true })
 * const [all, h, c] = layer.apply(ops.ones([2, 5, 3])) // (2, 5, 4), (2, 4), (2, 4)
 * const more = layer.apply(ops.ones([2, 5, 3]), { initialState: [h, c] })
 */
export class LSTM<S extends boolean = false> extends LSTMBase {
  static override readonly className = 'LSTM'
  readonly cell: LSTMCell = new LSTMCell(cellOptions(this, lstmCellFields))

  // Whether states are returned is part of the type.
  constructor(options: LSTMOptions & { readonly returnState?: S }) {
    super(options)
  }

  override call(
    x: Tensor,
    context: RecurrentContext,
  ): S extends true ? readonly [output: Tensor, h: Tensor, c: Tensor] : Tensor {
    return super.call(x, context) as never
  }
}

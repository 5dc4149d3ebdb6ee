/** Gated recurrent units along a sequence. */

import type { Tensor } from '../../core/tensor.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { LayerOptions } from '../layer.js'
import { activityFields, cellOptions } from './cell-options.js'
import { GRUCell, gruCellFields } from './gru-cell.js'
import { Recurrent, type RecurrentContext, type RecurrentOptions } from './recurrent.js'

type GRUFields = typeof gruCellFields & typeof activityFields
const fields: GRUFields = { ...gruCellFields, ...activityFields }

/** Options of {@link GRU}. */
export interface GRUOptions extends OptionsOf<GRUFields>, Omit<RecurrentOptions, keyof LayerOptions>, LayerOptions {}

const GRUBase: With<typeof Recurrent, GRUFields, GRUOptions> = Recurrent.with(fields)

/**
 * Gated recurrent units (Cho et al., 2014): a {@link GRUCell} run along (batch, steps, features).
 *
 * At each step `h = z · h₋₁ + (1 − z) · ĥ`, gates and candidate as {@link GRUCell} says. The result is the last `h` (batch,
 * units), with `returnSequences` all of them (batch, steps, units), with `returnState` that and `h` after the last step.
 *
 * A step that the mask (batch, steps) leaves out repeats state and output. `call` takes `initialState: h`.
 *
 * Errors: as those of {@link LSTM}.
 *
 * @see keras.layers.GRU
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { GRU } from 'ferrograd/layers'
 *
 * const layer = new GRU({ units: 4, returnSequences: true })
 * const y = layer.apply(ops.ones([2, 5, 3])) // (2, 5, 4)
 */
export class GRU<S extends boolean = false> extends GRUBase {
  static override readonly className = 'GRU'
  readonly cell: GRUCell = new GRUCell(cellOptions(this, gruCellFields))

  // Whether states are returned is part of the type.
  constructor(options: GRUOptions & { readonly returnState?: S }) {
    super(options)
  }

  override call(x: Tensor, context: RecurrentContext): S extends true ? readonly [output: Tensor, h: Tensor] : Tensor {
    return super.call(x, context) as never
  }
}

/** The simplest recurrent network along a sequence. */

import type { Tensor } from '../../core/tensor.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { LayerOptions } from '../layer.js'
import { activityFields, cellOptions } from './cell-options.js'
import { cellFields } from './gated-cell.js'
import { Recurrent, type RecurrentContext, type RecurrentOptions } from './recurrent.js'
import { SimpleRNNCell } from './simple-rnn-cell.js'

type SimpleRNNFields = typeof cellFields & typeof activityFields
const fields: SimpleRNNFields = { ...cellFields, ...activityFields }

/** Options of {@link SimpleRNN}. */
export interface SimpleRNNOptions
  extends OptionsOf<SimpleRNNFields>,
    Omit<RecurrentOptions, keyof LayerOptions>,
    LayerOptions {}

const SimpleRNNBase: With<typeof Recurrent, SimpleRNNFields, SimpleRNNOptions> = Recurrent.with(fields)

/**
 * The simplest recurrent network: a {@link SimpleRNNCell} run along (batch, steps, features).
 *
 * At each step `h = activation(x · kernel + h₋₁ · recurrentKernel + bias)`. The result is the last `h` (batch, units), with
 * `returnSequences` all of them (batch, steps, units), with `returnState` that and `h` after the last step.
 *
 * A step that the mask (batch, steps) leaves out repeats state and output. `call` takes `initialState: h`.
 *
 * Errors: as those of {@link LSTM}.
 *
 * @see keras.layers.SimpleRNN
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { SimpleRNN } from 'ferrograd/layers'
 *
 * const layer = new SimpleRNN({ units: 4 })
 * const y = layer.apply(ops.ones([2, 5, 3])) // (2, 4)
 */
export class SimpleRNN<S extends boolean = false> extends SimpleRNNBase {
  static override readonly className = 'SimpleRNN'
  readonly cell: SimpleRNNCell = new SimpleRNNCell(cellOptions(this, cellFields))

  // Whether states are returned is part of the type.
  constructor(options: SimpleRNNOptions & { readonly returnState?: S }) {
    super(options)
  }

  override call(x: Tensor, context: RecurrentContext): S extends true ? readonly [output: Tensor, h: Tensor] : Tensor {
    return super.call(x, context) as never
  }
}

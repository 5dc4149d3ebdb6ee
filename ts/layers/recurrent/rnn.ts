/** Any cell along a sequence. */

import type { Tensor } from '../../core/tensor.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { LayerOptions } from '../layer.js'
import type { Cell } from './cell.js'
import { Recurrent, type RecurrentContext, type RecurrentOptions } from './recurrent.js'
import { StackedRNNCells } from './stacked-rnn-cells.js'

const ownFields = {
  /**
   * What is run at each step: a layer with a `stateSize` and `call(x, { states })`; a list is one of `StackedRNNCells`.
   */
  cell: { type: 'cell' },
} as const

/** Options of {@link RNN}. */
export interface RNNOptions
  extends Omit<OptionsOf<typeof ownFields>, 'cell'>,
    Omit<RecurrentOptions, keyof LayerOptions>,
    LayerOptions {
  /** What is run at each step: a layer with a `stateSize` and `call(x, { states })`; a list is one of `StackedRNNCells`. */
  readonly cell: Cell | readonly Cell[]
}

// A list of cells is made one before the table sees it.
const RNNBase: With<typeof Recurrent, typeof ownFields, RNNOptions> = Recurrent.with(ownFields) as never

/**
 * Runs a cell along (batch, steps, …), one of ours or your own: `(outputₜ, statesₜ) = cell(xₜ, statesₜ₋₁)`.
 *
 * The result is the last output (batch, outputSize), with `returnSequences` all of them (batch, steps, outputSize), with
 * `returnState` that and the states after the last step. A step that the mask (batch, steps) leaves out repeats the states
 * and the output. `call` takes `initialState`, the states in a list.
 *
 * A cell of your own is a layer with a `stateSize`: its `call(x, { states })` takes the inputs of a step (batch, features)
 * and the states in a list, and returns the output and the new states.
 *
 * Errors: ERR_SHAPE for fewer than three axes, no step, a mask or states of other shapes, and, where `stateful`, another
 * batch than the first; ERR_DATA for a cell that returns anything else.
 *
 * @see keras.layers.RNN
 *
 * @example
 * import { ops, type Shape, type Tensor, type Variable } from 'ferrograd'
 * import { type CellContext, type CellResult, Layer, RNN } from 'ferrograd/layers'
 *
 * class Leaky extends Layer.with({ units: { type: 'integer', min: 1 } }) {
 *   readonly stateSize = this.options.units
 *   kernel!: Variable
 *   override build(inputShape: Shape): void {
 *     this.kernel = this.addWeight({ name: 'kernel', shape: [inputShape.at(-1)!, this.options.units] })
 *   }
 *   override call(x: Tensor, { states: [h] }: CellContext): CellResult {
 *     const next = ops.add(ops.multiply(h!, 0.9), ops.matmul(x, this.kernel))
 *     return [next, [next]]
 *   }
 * }
 * const layer = new RNN({ cell: new Leaky({ units: 4 }), returnSequences: true })
 * const y = layer.apply(ops.ones([2, 5, 3])) // (2, 5, 4)
 */
export class RNN<S extends boolean = false> extends RNNBase {
  static override readonly className = 'RNN'
  readonly cell: Cell = this.options.cell
  protected override readonly stepRank = undefined

  // Whether states are returned is part of the type.
  constructor(options: RNNOptions & { readonly returnState?: S }) {
    super(stacked(options))
  }

  override call(
    x: Tensor,
    context: RecurrentContext,
  ): S extends true ? readonly [output: Tensor, ...states: Tensor[]] : Tensor {
    return super.call(x, context) as never
  }
}

/** The options with cells in a list as one. */
function stacked(options: RNNOptions): RNNOptions {
  const cells: unknown = options?.cell
  return Array.isArray(cells) ? { ...options, cell: new StackedRNNCells({ cells }) } : options
}

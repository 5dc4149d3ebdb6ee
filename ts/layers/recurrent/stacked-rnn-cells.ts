/** Cells one above another, as one. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import { Layer, type LayerOptions } from '../layer.js'
import {
  type Cell,
  type CellContext,
  initialStates,
  outputShapeOf,
  outputSizeOf,
  type StateSize,
  type States,
  type Stepper,
  stepperOf,
} from './cell.js'

const fields = {
  /** The cells, that of the input first. */
  cells: { type: 'cells' },
} as const

/** Options of {@link StackedRNNCells}. */
export interface StackedRNNCellsOptions extends OptionsOf<typeof fields>, LayerOptions {}

const StackedRNNCellsBase: With<typeof Layer, typeof fields, StackedRNNCellsOptions> = Layer.with(fields)

/**
 * Cells one above another, as one: each takes what the one below puts out, `yₖ, statesₖ = cellₖ(yₖ₋₁, statesₖ)`, `y₀ = x`.
 *
 * Its states are those of the cells, a list for each cell of several.
 *
 * @see keras.layers.StackedRNNCells
 *
 * @example
 * import { ops } from 'ferrograd'
 * import { GRUCell, LSTMCell, RNN, StackedRNNCells } from 'ferrograd/layers'
 *
 * const cell = new StackedRNNCells({ cells: [new LSTMCell({ units: 8 }), new GRUCell({ units: 4 })] })
 * const y = new RNN({ cell }).apply(ops.ones([2, 5, 3])) // (2, 4)
 */
export class StackedRNNCells extends StackedRNNCellsBase implements Cell {
  static override readonly className = 'StackedRNNCells'
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  readonly cells: readonly Cell[] = this.options.cells

  get stateSize(): StateSize {
    return this.cells.map(({ stateSize }) => stateSize)
  }

  get outputSize(): number {
    return outputSizeOf(this.cells.at(-1)!)
  }

  override build(inputShape: Shape): void {
    for (const [cell, shape] of this.#shapes(inputShape)) cell.ensureBuilt(shape)
  }

  getInitialState(batch: number): readonly States[] {
    return this.#shapes([batch, 1]).map(([cell, shape]) => {
      const states = initialStates(cell, shape)
      return typeof cell.stateSize === 'number' ? states[0]! : states
    })
  }

  stepper(stepShape: Shape, training: boolean): Stepper {
    const [first, ...rest] = this.#shapes(stepShape).map(([cell, shape]) => stepperOf(cell, shape, training))
    return {
      prepare: (xs) => first!.prepare(xs),
      step: (x, [bottom, ...above]) => {
        let [output, after] = first!.step(x, listed(bottom!))
        const all = [as(after, bottom!)]
        for (const [i, stepper] of rest.entries()) {
          ;[output, after] = stepper.step(stepper.prepare(output), listed(above[i]!))
          all.push(as(after, above[i]!))
        }
        return [output, all]
      },
    }
  }

  override call(
    x: Tensor,
    { states, training }: Omit<CellContext, 'states'> & { readonly states: readonly States[] },
  ): readonly [output: Tensor, states: readonly States[]] {
    if (!Array.isArray(states) || states.length !== this.cells.length)
      fail('ERR_DATA', 'StackedRNNCells states', 'those of each cell', states, 'Pass { states: [state, …] }')
    const { prepare, step } = this.stepper(x.shape, training)
    return step(prepare(x), states)
  }

  /** The cells, each with the shape of what it takes. */
  #shapes(inputShape: Shape): (readonly [cell: Cell, shape: Shape])[] {
    let shape = inputShape
    return this.cells.map((cell) => {
      const own = shape
      shape = outputShapeOf(cell, own) as Shape
      return [cell, own] as const
    })
  }
}

/** The states of one cell in a list. */
function listed(states: States): readonly States[] {
  return Array.isArray(states) ? (states as readonly States[]) : [states]
}

/** A list of states as those before it were: of one state alone. */
function as(states: readonly States[], before: States): States {
  return Array.isArray(before) ? states : states[0]!
}

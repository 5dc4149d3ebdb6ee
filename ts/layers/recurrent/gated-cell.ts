/** What the cells share whose state meets a matrix: weights, dropout, and what is computed before the loop. */

import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import { fail } from '../../errors.js'
import type { Initializer } from '../../initializers/initializer.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { dropoutMask, type SeedGenerator } from '../../random.js'
import type { Shape } from '../../types.js'
import { Layer, type LayerOptions } from '../layer.js'
import { seedGenerator } from '../regularization.js'
import type { Cell, CellContext, CellResult, StateSize, States, Stepper } from './cell.js'

/** Options of every cell with a matrix for its state. */
export const cellFields = {
  /** Length of the state, and of the output. */
  units: { type: 'integer', min: 1 },
  /** Applied to what may become the new state. Default 'tanh'. */
  activation: { type: 'activation', default: 'tanh' },
  /** Whether a bias is added. Default true. */
  useBias: { type: 'boolean', default: true },
  /** First value of the matrix of the inputs. Default 'glorotUniform'. */
  kernelInitializer: { type: 'initializer', default: 'glorotUniform' },
  /** First value of the matrix of the state. Default 'orthogonal'. */
  recurrentInitializer: { type: 'initializer', default: 'orthogonal' },
  /** First value of the bias. Default 'zeros'. */
  biasInitializer: { type: 'initializer', default: 'zeros' },
  /** Penalty on the matrix of the inputs. Default null. */
  kernelRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the matrix of the state. Default null. */
  recurrentRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the bias. Default null. */
  biasRegularizer: { type: 'regularizer', default: null },
  /** What the matrix of the inputs is set back to after each step. Default null. */
  kernelConstraint: { type: 'constraint', default: null },
  /** What the matrix of the state is set back to after each step. Default null. */
  recurrentConstraint: { type: 'constraint', default: null },
  /** What the bias is set back to after each step. Default null. */
  biasConstraint: { type: 'constraint', default: null },
  /** The fraction of the inputs that is dropped in training, the same at all steps of a sequence. Default 0. */
  dropout: { type: 'number', default: 0, min: 0, below: 1 },
  /** The fraction of the state that is dropped in training, the same at all steps of a sequence. Default 0. */
  recurrentDropout: { type: 'number', default: 0, min: 0, below: 1 },
  /** Makes what is dropped reproducible. Default null. */
  seed: { type: 'integer', default: null, min: 0 },
} as const

/** Options of cells with gates. */
export const gateFields = {
  /** Applied to the gates. Default 'sigmoid'. */
  recurrentActivation: { type: 'activation', default: 'sigmoid' },
} as const

/** Options of every cell with a matrix for its state. */
export interface GatedCellOptions extends OptionsOf<typeof cellFields>, LayerOptions {}

const GatedCellBase: With<typeof Layer, typeof cellFields, GatedCellOptions> = Layer.with(cellFields)

/** The state's part of a step: `h · recurrentKernel` over the columns of some of the gates, with their dropout. */
export type Recurrence = (h: Tensor, first: number, last: number) => Tensor

/**
 * A cell with matrices for its inputs and its state, whose columns are those of its gates, side by side.
 *
 * Weights: kernel (features, gates · units), recurrentKernel (units, gates · units), bias (gates · units).
 */
export abstract class GatedCell extends GatedCellBase implements Cell {
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  kernel!: Variable
  recurrentKernel!: Variable
  bias: Variable | undefined
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  /** How many gates there are, what may become the new state included. */
  protected abstract readonly gates: number

  /** The new output and states from the inputs' part of a step (batch, gates · units). */
  protected abstract advance(
    x: Tensor,
    states: readonly Tensor[],
    recurrence: Recurrence,
    bias: Tensor | undefined,
  ): CellResult

  get stateSize(): StateSize {
    return this.options.units
  }

  get outputSize(): number {
    return this.options.units
  }

  /** The shape of the bias. */
  protected get biasShape(): Shape {
    return [this.gates * this.options.units]
  }

  /** What the bias begins with. */
  protected get biasInitializer(): Initializer {
    return this.options.biasInitializer
  }

  override build(inputShape: Shape): void {
    const { units, useBias } = this.options
    if (inputShape.length !== 2) fail('ERR_SHAPE', `${this.className} input`, '[batch, features]', inputShape)
    const width = this.gates * units
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: [inputShape[1]!, width],
      initializer: this.options.kernelInitializer,
      regularizer: this.options.kernelRegularizer,
      constraint: this.options.kernelConstraint,
    })
    this.recurrentKernel = this.addWeight({
      name: 'recurrent_kernel',
      shape: [units, width],
      initializer: this.options.recurrentInitializer,
      regularizer: this.options.recurrentRegularizer,
      constraint: this.options.recurrentConstraint,
    })
    if (useBias)
      this.bias = this.addWeight({
        name: 'bias',
        shape: this.biasShape,
        initializer: this.biasInitializer,
        regularizer: this.options.biasRegularizer,
        constraint: this.options.biasConstraint,
      })
    this.inputSpec = { rank: 2, axes: { [-1]: inputShape[1]! } }
  }

  /** The bias of the inputs' part, and that of the state's where it has its own. */
  protected biases(bias: Tensor): readonly [input: Tensor, recurrent?: Tensor] {
    return [bias]
  }

  stepper(stepShape: Shape, training: boolean): Stepper {
    const [kernel, recurrent] = [this.kernel.read(), this.recurrentKernel.read()]
    const [inputBias, recurrentBias] = this.bias === undefined ? [] : this.biases(this.bias.read())
    const { dropout, recurrentDropout, units } = this.options
    const dropped = this.#patterns(stepShape, dropout, training)
    const forgotten = this.#patterns([stepShape[0]!, units], recurrentDropout, training)
    const recurrence: Recurrence = (h, first, last) => this.#product(h, recurrent, forgotten, first, last)
    return {
      prepare: (xs) => {
        const product = this.#product(this.cast(xs), kernel, dropped, 0, this.gates)
        return inputBias === undefined ? product : ops.add(product, inputBias)
      },
      step: (x, states) => this.advance(x, states as readonly Tensor[], recurrence, recurrentBias),
    }
  }

  override call(x: Tensor, { states, training }: CellContext): CellResult {
    const given: readonly States[] = checkedStates(this.className, states, this.stateSize, x)
    const { prepare, step } = this.stepper(x.shape, training)
    return step(prepare(x), given) as CellResult
  }

  /** What inputs, or states, are multiplied by: nothing, one pattern for all gates, or, where states are dropped, one a gate. */
  #patterns(shape: Shape, rate: number, training: boolean): Tensor[] {
    if (!training || rate === 0) return []
    const count = this.options.recurrentDropout > 0 ? this.gates : 1
    const draw = (): Tensor => dropoutMask(shape, 1 - rate, { dtype: this.dtype, seed: this.seedGenerator })
    return Array.from({ length: count }, draw)
  }

  /** `x · kernel` over the columns of some gates; each of its own `x` where patterns differ. */
  #product(x: Tensor, kernel: Tensor, patterns: readonly Tensor[], first: number, last: number): Tensor {
    if (patterns.length > 1) {
      const each = Array.from({ length: last - first }, (_, i) => first + i)
      const parts = each.map((gate) =>
        ops.matmul(ops.multiply(x, patterns[gate]!), this.#columns(kernel, gate, gate + 1)),
      )
      return ops.concatenate(parts, { axis: -1 })
    }
    const [pattern] = patterns
    return ops.matmul(pattern === undefined ? x : ops.multiply(x, pattern), this.#columns(kernel, first, last))
  }

  #columns(kernel: Tensor, first: number, last: number): Tensor {
    if (last - first === this.gates) return kernel
    const { units } = this.options
    return ops.slice(kernel, { begin: [0, first * units], size: [kernel.shape[0]!, (last - first) * units] })
  }
}

/** States as many and as long as a cell has them. */
function checkedStates(where: string, states: unknown, size: StateSize, x: Tensor): readonly Tensor[] {
  const sizes = [size].flat() as readonly number[]
  const list = (Array.isArray(states) ? states : [states]) as readonly Tensor[]
  const expected = sizes.map((length) => `[${x.shape[0]}, ${length}]`).join(' and ')
  const got = list.map((state) => (state === undefined ? 'none' : `[${state.shape.join(', ')}]`)).join(' and ')
  if (expected !== got) fail('ERR_SHAPE', `${where} states`, expected, { text: got }, 'Pass { states: [state, …] }')
  return list
}

/** The cell of long short-term memory whose states are pictures. */

import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import * as ops from '../../ops.js'
import type { OptionsOf, ValuesOf } from '../../options/fields.js'
import { dropoutMask, type SeedGenerator } from '../../random.js'
import type { FloatDType, PartialShape, Shape } from '../../types.js'
import { Layer } from '../layer.js'
import { channelAxis, pictureSpec } from '../pictures/axes.js'
import { checkSteps, convolutionFields } from '../pictures/convolution.js'
import { throughWindows } from '../pictures/windows.js'
import { seedGenerator } from '../regularization.js'
import type { Cell, CellContext, CellResult, StateSize, Stepper } from './cell.js'
import { lstmCellFields, OpenForgetGate } from './lstm-cell.js'

const ownFields = {
  /** How many channels the states, and so the result, have. */
  filters: { type: 'integer', min: 1 },
} as const

type WindowFields = Pick<typeof convolutionFields, 'kernelSize' | 'strides' | 'padding' | 'dilationRate' | 'dataFormat'>
type GateFields = Omit<typeof lstmCellFields, 'units'>
type ConvLSTMCellFields = typeof ownFields & WindowFields & GateFields

function windowFields(): WindowFields {
  const { kernelSize, strides, padding, dilationRate, dataFormat } = convolutionFields
  return { kernelSize, strides, padding, dilationRate, dataFormat }
}

function gateFields(): GateFields {
  const { units: _, ...fields } = lstmCellFields
  return fields
}

/** What the layers with such a cell are told. */
export const convLstmFields: ConvLSTMCellFields = { ...ownFields, ...windowFields(), ...gateFields() }

/** What the layers with such a cell are told. */
export interface ConvLSTMCellOptions extends OptionsOf<ConvLSTMCellFields> {}

const GATES = 4

/**
 * One step of long short-term memory over pictures (Shi et al., 2015): as that of an `LSTMCell`, with convolutions for
 * products. That of the state keeps its places: it goes from place to place, with zeros around.
 *
 * Weights: kernel (…kernelSize, channels, 4 · filters), recurrentKernel (…kernelSize, filters, 4 · filters), bias (4 · filters).
 */
export class ConvLSTMCell extends Layer implements Cell {
  static override readonly className = 'ConvLSTMCell'
  protected override readonly takes = 'one' as const
  readonly #owner: string
  readonly how: ValuesOf<ConvLSTMCellFields>
  readonly seedGenerator: SeedGenerator
  kernel!: Variable
  recurrentKernel!: Variable
  bias: Variable | undefined

  /** `how` has the options of the layer whose cell it is, `owner` its name in errors. */
  constructor(how: ValuesOf<ConvLSTMCellFields>, dtype: FloatDType, owner: string) {
    super({ name: 'conv_lstm_cell', dtype })
    this.how = how
    this.seedGenerator = seedGenerator(how.seed)
    this.#owner = owner
    checkSteps(owner, how.strides, how.dilationRate)
  }

  get stateSize(): StateSize {
    return [this.how.filters, this.how.filters]
  }

  stateShape(stepShape: PartialShape): PartialShape {
    const { kernelSize, strides, dilationRate, padding, dataFormat, filters } = this.how
    const windows = { sizes: kernelSize, strides, dilations: dilationRate, padding, dataFormat }
    return throughWindows(this.#owner, stepShape, windows, filters)
  }

  override build(inputShape: Shape): void {
    const { how } = this
    const channels = inputShape.at(channelAxis(how.dataFormat))!
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: [...how.kernelSize, channels, GATES * how.filters],
      initializer: how.kernelInitializer,
      regularizer: how.kernelRegularizer,
      constraint: how.kernelConstraint,
    })
    this.recurrentKernel = this.addWeight({
      name: 'recurrent_kernel',
      shape: [...how.kernelSize, how.filters, GATES * how.filters],
      initializer: how.recurrentInitializer,
      regularizer: how.recurrentRegularizer,
      constraint: how.recurrentConstraint,
    })
    if (how.useBias)
      this.bias = this.addWeight({
        name: 'bias',
        shape: [GATES * how.filters],
        initializer: how.unitForgetBias ? new OpenForgetGate(how.biasInitializer) : how.biasInitializer,
        regularizer: how.biasRegularizer,
        constraint: how.biasConstraint,
      })
    this.inputSpec = pictureSpec(how.kernelSize.length, how.dataFormat, channels)
  }

  stepper(stepShape: Shape, training: boolean): Stepper {
    const { dropout, recurrentDropout, dataFormat, strides, padding, dilationRate } = this.how
    const [kernel, recurrent] = [this.kernel.read(), this.recurrentKernel.read()]
    const bias = this.bias === undefined ? undefined : this.#laid(this.bias.read())
    const dropped = this.#patterns(stepShape, dropout, training)
    const forgotten = this.#patterns(this.stateShape(stepShape) as Shape, recurrentDropout, training)
    const input = { strides, padding, dilationRate, dataFormat }
    const own = { padding: 'same', dataFormat } as const
    return {
      prepare: (xs) => {
        const y = this.#gates(this.cast(xs), kernel, dropped, input)
        return bias === undefined ? y : ops.add(y, bias)
      },
      step: (x, [h, c]) => this.#advance(ops.add(x, this.#gates(h as Tensor, recurrent, forgotten, own)), c as Tensor),
    }
  }

  override call(x: Tensor, { states, training }: CellContext): CellResult {
    const { prepare, step } = this.stepper(x.shape, training)
    return step(prepare(x), states) as CellResult
  }

  #advance(gates: Tensor, c: Tensor): CellResult {
    const { activation, recurrentActivation, dataFormat } = this.how
    const [input, forget, candidate, output] = ops.split(gates, GATES, { axis: channelAxis(dataFormat) })
    const added = ops.multiply(recurrentActivation(input!), activation(candidate!))
    const next = ops.add(ops.multiply(recurrentActivation(forget!), c), added)
    const shown = ops.multiply(recurrentActivation(output!), activation(next))
    return [shown, [shown, next]]
  }

  /** The convolution for all gates; each of its own `x` where patterns are dropped. */
  #gates(x: Tensor, kernel: Tensor, patterns: readonly Tensor[], how: ops.ConvOptions): Tensor {
    if (patterns.length === 0) return convolved(x, kernel, how)
    const kernels = ops.split(kernel, GATES, { axis: -1 })
    const parts = patterns.map((pattern, gate) => convolved(ops.multiply(x, pattern), kernels[gate]!, how))
    const channels = parts[0]!.rank - (this.how.dataFormat === 'channelsLast' ? 1 : kernel.rank - 1)
    return ops.concatenate(parts, { axis: channels })
  }

  /** What inputs, or states, are multiplied by, one for each gate; none where nothing is dropped. */
  #patterns(shape: Shape, rate: number, training: boolean): Tensor[] {
    if (!training || rate === 0) return []
    const draw = (): Tensor => dropoutMask(shape, 1 - rate, { dtype: this.dtype, seed: this.seedGenerator })
    return Array.from({ length: GATES }, draw)
  }

  /** A bias along the channels. */
  #laid(bias: Tensor): Tensor {
    if (this.how.dataFormat === 'channelsLast') return bias
    return ops.reshape(bias, [bias.size, ...this.how.kernelSize.map(() => 1)])
  }
}

/** A convolution of pictures, or of all steps of (steps, batch, …) at once. */
function convolved(x: Tensor, kernel: Tensor, how: ops.ConvOptions): Tensor {
  if (x.rank === kernel.rank) return ops.conv(x, kernel, how)
  const [steps, batch, ...picture] = x.shape as readonly [number, number, ...number[]]
  const y = ops.conv(ops.reshape(x, [steps * batch, ...picture]), kernel, how)
  return ops.reshape(y, [steps, batch, ...y.shape.slice(1)])
}

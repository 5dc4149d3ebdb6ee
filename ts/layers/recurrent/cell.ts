/** What a recurrent layer runs at each step: a layer with a state. */

import { mapStructure } from '../../core/structure.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { FloatDType, PartialShape, Shape } from '../../types.js'
import type { CallContext } from '../context.js'
import type { AnyLayer, Layer } from '../layer.js'

/** The lengths of a cell's states without the batch: one state, or several. Those of a stack of cells are nested. */
export type StateSize = number | readonly StateSize[]

/** One state, or several. Those of a stack of cells are nested. */
export type States = Tensor | readonly States[]

/** What a cell's `call` learns besides its input. */
export interface CellContext extends CallContext {
  /** The states that the step before left, in a list. */
  readonly states: readonly Tensor[]
}

/** What a cell's `call` returns. */
export type CellResult = readonly [output: Tensor, states: readonly Tensor[]]

/**
 * A cell on its way along one sequence. What stays the same at every step is drawn before the loop: weights are read,
 * patterns of dropout made, and what does not need the states is computed for all steps at once.
 */
export interface Stepper {
  /** What the loop walks along instead of the inputs (…, features): their product with the kernel, say. */
  prepare(xs: Tensor): Tensor
  /** One step: from what {@link prepare} gave for it, and the states. */
  step(x: Tensor, states: readonly States[]): readonly [output: Tensor, states: readonly States[]]
}

/**
 * A layer that a recurrent layer can run: `call(x, { states })`, `x` (batch, features), returns the output (batch,
 * outputSize) and the states of the next step.
 */
export interface Cell extends AnyLayer {
  /** The length of its state, or of each of several. */
  readonly stateSize: StateSize
  /** The length of its output; that of the first state where the cell does not say. */
  readonly outputSize?: number | undefined
  /** The states before the first step, (batch, size) each; zeros where the cell does not say. */
  getInitialState?(batch: number): readonly States[]
  /** Of pictures: the shape of each state, and of the output, for inputs of a step (batch, …). */
  stateShape?(stepShape: PartialShape): PartialShape
  /** How it goes along a sequence of inputs of a shape (batch, …); it is called at each step where it does not say. */
  stepper?(stepShape: Shape, training: boolean): Stepper
}

/** Whether a layer is a cell. */
export function isCell(layer: AnyLayer): layer is Cell {
  return isStateSize((layer as Partial<Cell>).stateSize)
}

function isStateSize(size: unknown): size is StateSize {
  if (typeof size === 'number') return Number.isInteger(size) && size > 0
  return Array.isArray(size) && size.length > 0 && size.every(isStateSize)
}

/** The sizes of the states: always a list. */
export function sizesOf({ stateSize }: Cell): readonly StateSize[] {
  return typeof stateSize === 'number' ? [stateSize] : stateSize
}

/** The shapes of the states for inputs of a step, in their structure. */
export function stateShapes(cell: Cell, stepShape: PartialShape): readonly unknown[] {
  if (cell.stateShape !== undefined) return sizesOf(cell).map(() => cell.stateShape!(stepShape))
  const shapeOf = (size: StateSize): unknown =>
    typeof size === 'number' ? [stepShape[0] ?? null, size] : size.map(shapeOf)
  return sizesOf(cell).map(shapeOf)
}

/** The shape of the output for inputs of a step. */
export function outputShapeOf(cell: Cell, stepShape: PartialShape): PartialShape {
  if (cell.stateShape !== undefined) return cell.stateShape(stepShape)
  return [stepShape[0] ?? null, outputSizeOf(cell)]
}

/** The length of the output. */
export function outputSizeOf(cell: Cell): number {
  const [first] = sizesOf(cell)
  return cell.outputSize ?? (typeof first === 'number' ? first : lengthIn(cell, first))
}

function lengthIn(cell: Cell, size: StateSize | undefined): number {
  return fail('ERR_CONFIG', `${cell.className}.outputSize`, 'a length: the first state is several', size)
}

/** The states before the first step. */
export function initialStates(cell: Cell, stepShape: Shape): States[] {
  if (cell.getInitialState !== undefined) return [...cell.getInitialState(stepShape[0]!)]
  return zerosOf(stateShapes(cell, stepShape), cell.dtype) as States[]
}

function zerosOf(shapes: unknown, dtype: FloatDType): unknown {
  if (Array.isArray(shapes) && typeof shapes[0] === 'number') return ops.zeros(shapes as number[], dtype)
  return (shapes as readonly unknown[]).map((one) => zerosOf(one, dtype))
}

/** How a cell goes along a sequence whose steps are of a shape (batch, …). */
export function stepperOf(cell: Cell, stepShape: Shape, training: boolean): Stepper {
  if (cell.stepper !== undefined) return cell.stepper(stepShape, training)
  return {
    prepare: (xs) => xs,
    step: (x, states) => resultOf(cell, (cell as unknown as Layer).apply(x, { states, training } as never)),
  }
}

/** What a cell of the user's returned. */
function resultOf(cell: Cell, result: unknown): readonly [Tensor, readonly States[]] {
  const where = `${cell.className}.call`
  if (!Array.isArray(result) || result.length !== 2 || Array.isArray(result[0]))
    fail('ERR_DATA', where, 'the output and the states: [output, [state, …]]', result)
  const [output, states] = result as [Tensor, States]
  return [output, Array.isArray(states) ? (states as readonly States[]) : [states]]
}

/** Two structures of states put through `change`, pair by pair. */
export function zipStates(
  a: readonly States[],
  b: readonly States[],
  change: (a: Tensor, b: Tensor) => Tensor,
): States[] {
  return a.map((one, i) => {
    const other = b[i]!
    return Array.isArray(one)
      ? zipStates(one as readonly States[], other as readonly States[], change)
      : change(one as Tensor, other as Tensor)
  })
}

/** States put through `change`, one by one. */
export function mapStates(states: readonly States[], change: (state: Tensor) => Tensor): States[] {
  return mapStructure(states, change as (leaf: unknown) => unknown) as States[]
}

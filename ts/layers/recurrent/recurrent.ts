/** The base of recurrent layers: a cell that is run along the steps of a sequence. */

import { leavesOf, packAs } from '../../core/structure.js'
import { Tensor, tensor } from '../../core/tensor.js'
import { untraced } from '../../core/trace.js'
import { type Variable, variable } from '../../core/variable.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { PartialShape, Shape, TensorLike } from '../../types.js'
import { needsAllSteps } from '../attention/decoding.js'
import type { CallContext } from '../context.js'
import { Layer, type LayerOptions, type Masks, type Tensors } from '../layer.js'
import {
  type Cell,
  initialStates,
  mapStates,
  outputShapeOf,
  type States,
  type Stepper,
  stateShapes,
  stepperOf,
  zipStates,
} from './cell.js'
import { walk, walkUnrolled } from './walk.js'

/** Options of every recurrent layer. */
export const recurrentFields = {
  /** Whether the outputs of all steps are returned, or that of the last. Default false. */
  returnSequences: { type: 'boolean', default: false },
  /** Whether the states after the last step are returned too, behind the output. Default false. */
  returnState: { type: 'boolean', default: false },
  /** Whether the sequence is gone through from its end; the outputs are in that order. Default false. */
  goBackwards: { type: 'boolean', default: false },
  /** Whether a batch begins with the states that the one before it ended with, sample by sample. Default false. */
  stateful: { type: 'boolean', default: false },
  /** Whether each step is drawn for itself: no loop, but a graph that grows with the sequence. Default false. */
  unroll: { type: 'boolean', default: false },
  /** Whether the output of a masked step is 0; else it is that of the step before. Default false. */
  zeroOutputForMask: { type: 'boolean', default: false },
} as const

/** Options of every recurrent layer. */
export interface RecurrentOptions extends OptionsOf<typeof recurrentFields>, LayerOptions {}

/** What the `call` of a recurrent layer learns besides its input. */
export interface RecurrentContext extends CallContext {
  /** The states before the first step, (batch, size) each, in a list; zeros unless given. */
  readonly initialState?: States | undefined
}

const RecurrentBase: With<typeof Layer, typeof recurrentFields, RecurrentOptions> = Layer.with(recurrentFields)

/** What is carried from step to step: states, and where there is a mask the output to be repeated. */
interface Carried {
  readonly states: readonly States[]
  readonly output?: Tensor
}

/** What the loop walks along. */
interface Entry {
  readonly x: Tensor
  /** Where a sample's step counts. */
  readonly keep?: Tensor
}

/** Base of recurrent layers: runs {@link cell} along the second axis of (batch, steps, …). */
export abstract class Recurrent extends RecurrentBase {
  static override readonly trainingDefault: boolean | undefined = false
  protected override readonly takes = 'one' as const
  /** What is run at each step. */
  abstract readonly cell: Cell
  #states: Variable[] | undefined

  /** How many axes a step of the input has, the batch not counted; any number where that is undefined. */
  protected readonly stepRank: number | undefined = 1

  override build(inputShape: Shape): void {
    const { stepRank, className } = this
    if (stepRank === undefined ? inputShape.length < 3 : inputShape.length !== stepRank + 2)
      fail(
        'ERR_SHAPE',
        `${className} input`,
        stepRank === 1 ? '[batch, steps, features]' : '[batch, steps, …]',
        inputShape,
      )
    this.cell.ensureBuilt(stepShapeOf(inputShape) as Shape)
    const axes = stepRank === 1 ? { axes: { [-1]: inputShape.at(-1)! } } : {}
    this.inputSpec = stepRank === undefined ? { minRank: 3 } : { rank: stepRank + 2, ...axes }
  }

  protected override outputShape(inputShape: PartialShape): PartialShape | readonly PartialShape[] {
    const { returnSequences, returnState } = this.options
    const stepShape = stepShapeOf(inputShape)
    const [batch = null, ...rest] = outputShapeOf(this.cell, stepShape)
    const output = returnSequences ? [batch, inputShape[1] ?? null, ...rest] : [batch, ...rest]
    return returnState ? [output, ...(stateShapes(this.cell, stepShape) as PartialShape[])] : output
  }

  /** The shapes of the results for a shape of the input. */
  shapeFor(inputShape: PartialShape): PartialShape | readonly PartialShape[] {
    return this.outputShape(inputShape)
  }

  protected override computeMask(_x: Tensors | object, mask: Masks): Masks {
    const output = this.options.returnSequences && mask instanceof Tensor ? mask : undefined
    return this.options.returnState ? [output] : output
  }

  override call(x: Tensor, { initialState, mask, training }: RecurrentContext): Tensors | object {
    const { returnSequences, returnState, stateful } = this.options
    if (x.shape[1] === 0) fail('ERR_SHAPE', `${this.className} input`, 'a sequence of at least one step', x.shape)
    needsAllSteps(this, x)
    const states = this.#firstStates(x, initialState)
    const { last, all, after } = this.#run(this.cast(x), states, maskFor(this.className, x, mask), training)
    if (stateful) for (const [i, state] of tensorsIn(after).entries()) this.#states![i]!.assign(state)
    const output = returnSequences ? all : last
    return returnState ? [output, ...after] : output
  }

  /** Sets the states that a stateful layer has kept back to 0. */
  override resetStates(): void {
    for (const state of this.#states ?? []) state.assign(ops.zeros(state.shape, this.dtype))
  }

  protected override get kept(): readonly Variable[] {
    return this.#states ?? []
  }

  #run(
    x: Tensor,
    states: readonly States[],
    mask: Tensor | undefined,
    training: boolean,
  ): { readonly last: Tensor; readonly all: Tensor; readonly after: readonly States[] } {
    const { goBackwards, unroll } = this.options
    const stepShape = stepShapeOf(x.shape) as Shape
    const stepper = stepperOf(this.cell, stepShape, training)
    const inTime = (one: Tensor): Tensor => (goBackwards ? ops.flip(stepsFirst(one), { axis: 0 }) : stepsFirst(one))
    const entries: Entry = { x: stepper.prepare(inTime(x)), ...(mask === undefined ? {} : { keep: inTime(mask) }) }
    const along = unroll ? walkUnrolled : walk
    const { step, initial, stateOf } = this.#steps(stepper, states, stepShape, mask !== undefined)
    const { carry, outputs } = along(step, initial, entries)
    // Where the output is a state, nothing has to be kept of the steps before.
    const state = tensorsIn(carry.states)[stateOf()]
    const last = carry.output ?? state ?? ops.getItem(outputs, outputs.shape[0]! - 1)
    return { last, all: stepsFirst(outputs), after: carry.states }
  }

  /**
   * The step of the loop, what it begins with, and, once it was drawn, which of the states its output is (−1: none); masked
   * steps repeat the states, and the output or 0.
   */
  #steps(
    { step }: Stepper,
    states: readonly States[],
    stepShape: Shape,
    masked: boolean,
  ): {
    readonly initial: Carried
    readonly step: (carry: Carried, entry: Entry) => readonly [Carried, Tensor]
    readonly stateOf: () => number
  } {
    if (!masked) {
      let shown = -1
      const plain = ({ states: before }: Carried, { x }: Entry): readonly [Carried, Tensor] => {
        const [output, after] = step(x, before)
        shown = tensorsIn(after).indexOf(output)
        return [{ states: after }, output]
      }
      return { initial: { states }, step: plain, stateOf: () => shown }
    }
    const nothing = ops.zeros(outputShapeOf(this.cell, stepShape) as Shape, this.dtype)
    const { zeroOutputForMask } = this.options
    const keeping = ({ states: before, output: shown }: Carried, { x, keep }: Entry): readonly [Carried, Tensor] => {
      const [fresh, next] = step(x, before)
      const chosen = (now: Tensor, old: Tensor): Tensor => ops.where(laid(keep!, now.rank), now, old)
      const output = chosen(fresh, zeroOutputForMask ? nothing : shown!)
      return [{ states: zipStates(next, before, chosen), output }, output]
    }
    return { initial: { states, output: nothing }, step: keeping, stateOf: () => -1 }
  }

  /** Those given, else those kept, else those of the cell. */
  #firstStates(x: Tensor, given: States | undefined): readonly States[] {
    const stepShape = stepShapeOf(x.shape) as Shape
    const fresh = (): readonly States[] => mapStates(initialStates(this.cell, stepShape), (one) => this.cast(one))
    if (this.options.stateful) this.#keep(x, fresh)
    if (given !== undefined && given !== null) return this.#given(given, stepShape)
    if (!this.options.stateful) return fresh()
    return packAs(
      stateShapes(this.cell, stepShape).map(marked),
      isMark,
      this.#states!.map((state) => state.read()),
    ) as States[]
  }

  /** States given to a call, as long as the cell has them. */
  #given(given: States, stepShape: Shape): readonly States[] {
    const list = Array.isArray(given) ? (given as readonly States[]) : [given]
    const expected = stateShapes(this.cell, stepShape)
    const shown = (structure: unknown): string => JSON.stringify(structure).replaceAll(',', ', ')
    const tensors = mapStates(list, (one) => this.cast(one instanceof Tensor ? one : tensor(one as TensorLike)))
    const got = shown(shapesOf(tensors))
    if (got !== shown(expected))
      fail('ERR_SHAPE', `${this.className} initialState`, `states of shapes ${shown(expected)}`, { text: got })
    return tensors
  }

  /** Makes the states that are kept between batches, at the first; all batches have to be of its size. */
  #keep(x: Tensor, fresh: () => readonly States[]): void {
    const batch = x.shape[0]!
    this.#states ??= untraced(() =>
      tensorsIn(fresh()).map((one) => variable(one, { name: 'rnn_state', trainable: false })),
    )
    const known = this.#states[0]!.shape[0]!
    if (known !== batch)
      fail(
        'ERR_SHAPE',
        `${this.className} input`,
        `batches of ${known} samples, as the first was`,
        x.shape,
        'A stateful layer keeps a state for each sample: let the batch size divide the number of samples',
      )
  }
}

/** (batch, steps, …) → (batch, …). */
function stepShapeOf([batch = null, , ...rest]: PartialShape): PartialShape {
  return [batch, ...rest]
}

/** The first two axes change places. */
function stepsFirst(x: Tensor): Tensor {
  return ops.transpose(x, [1, 0, ...Array.from({ length: x.rank - 2 }, (_, i) => i + 2)])
}

/** A mask (batch, 1) with as many axes as what it chooses from. */
function laid(keep: Tensor, rank: number): Tensor {
  return ops.reshape(keep, [keep.shape[0]!, ...new Array<number>(rank - 1).fill(1)])
}

/** A mask as booleans, one a step of each sample. */
export function maskFor(where: string, x: Tensor, mask: unknown): Tensor | undefined {
  const given = maskOf(mask)
  if (given === undefined) return undefined
  const [batch, steps] = x.shape
  if (given.rank !== 2 || given.shape[0] !== batch || given.shape[1] !== steps)
    fail('ERR_SHAPE', `${where} mask`, `[${batch}, ${steps}], one entry a step`, given.shape)
  return given
}

/** Whatever a call was given for a mask, as booleans. */
export function maskOf(mask: unknown): Tensor | undefined {
  if (mask === undefined || mask === null) return undefined
  return ops.cast(mask instanceof Tensor ? mask : tensor(mask as TensorLike), 'bool')
}

function tensorsIn(states: readonly States[]): Tensor[] {
  return leavesOf(states, (one): one is Tensor => one instanceof Tensor)
}

function shapesOf(states: readonly States[]): unknown {
  return states.map((one) => (Array.isArray(one) ? shapesOf(one as readonly States[]) : (one as Tensor).shape))
}

/** Stands for a state in a structure of them. */
const MARK: unique symbol = Symbol('state')

function isMark(leaf: unknown): boolean {
  return leaf === MARK
}

function marked(shape: unknown): unknown {
  const isShape = (shape as readonly unknown[]).every((one) => typeof one === 'number' || one === null)
  return isShape ? MARK : (shape as readonly unknown[]).map(marked)
}

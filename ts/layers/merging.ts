/** Layers that make one tensor out of several. */

import { fail } from '../errors.js'
import type { FieldTable, NoFields } from '../fields.js'
import { normalize } from '../losses/regression.js'
import type { SymbolicTensor } from '../model/symbolic.js'
import * as ops from '../ops.js'
import { sizeOf } from '../shapes.js'
import { Tensor } from '../tensor.js'
import type { Shape } from '../types.js'
import { Layer, type Masks, type Tensors } from './layer.js'

/** Element by element over inputs of equal rank, or made so: missing axes come after the batch. */
abstract class Merge<F extends FieldTable = NoFields> extends Layer<F> {
  /** What two of the inputs make. */
  protected abstract pair(a: Tensor, b: Tensor): Tensor

  override build(inputShapes: Shape | readonly Shape[]): void {
    checkSeveral(inputShapes, this.className)
  }

  /** What counts in any input counts; no mask where an input has none. */
  protected override computeMask(_xs: Tensors, masks: Masks): Tensor | undefined {
    const all = listOfMasks(masks)
    if (all.some((mask) => mask === undefined)) return undefined
    return (all as readonly Tensor[]).reduce((either, mask) => ops.logicalOr(either, mask))
  }

  override call(xs: readonly Tensor[]): Tensor {
    const rank = Math.max(...xs.map((x) => x.rank))
    const aligned = xs.map((x) => withRank(x, rank))
    return aligned.slice(1).reduce((merged, x) => this.pair(merged, x), aligned[0]!)
  }
}

function checkSeveral(shapes: Shape | readonly Shape[], where: string): void {
  const several = Array.isArray(shapes[0]) && shapes.length >= 2
  if (!several) fail('ERR_SHAPE', `${where} input`, 'a list of at least two tensors', shapes)
}

function withRank(x: Tensor, rank: number): Tensor {
  return x.rank === rank
    ? x
    : ops.reshape(x, [x.shape[0]!, ...new Array<number>(rank - x.rank).fill(1), ...x.shape.slice(1)])
}

/**
 * `y = a + b + …`.
 *
 * @see keras.layers.Add
 *
 * @example
 * import { Add, Dense } from 'ferrograd/layers'
 * import { input } from 'ferrograd'
 *
 * const x = input({ shape: [8] })
 * const y = new Add().apply([x, new Dense({ units: 8 }).apply(x)])
 */
export class Add extends Merge {
  static override readonly className = 'Add'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.add(a, b)
  }
}

/**
 * `y = a − b`, of exactly two inputs.
 *
 * @see keras.layers.Subtract
 *
 * @example
 * import { Subtract } from 'ferrograd/layers'
 *
 * const layer = new Subtract()
 */
export class Subtract extends Merge {
  static override readonly className = 'Subtract'

  override build(inputShapes: Shape | readonly Shape[]): void {
    super.build(inputShapes)
    if (inputShapes.length !== 2) fail('ERR_SHAPE', 'Subtract input', 'two tensors', { text: `${inputShapes.length}` })
  }

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.subtract(a, b)
  }
}

/**
 * `y = a · b · …`, element by element.
 *
 * @see keras.layers.Multiply
 *
 * @example
 * import { Multiply } from 'ferrograd/layers'
 *
 * const layer = new Multiply()
 */
export class Multiply extends Merge {
  static override readonly className = 'Multiply'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.multiply(a, b)
  }
}

/**
 * The mean of the inputs, element by element.
 *
 * `y = (x₁ + … + xₙ) / n`, elementwise; shapes equal, or of length 1 where they differ.
 *
 * @see keras.layers.Average
 *
 * @example
 * import { Average } from 'ferrograd/layers'
 *
 * const layer = new Average()
 */
export class Average extends Merge {
  static override readonly className = 'Average'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.add(a, b)
  }

  override call(xs: readonly Tensor[]): Tensor {
    return ops.divide(super.call(xs), xs.length)
  }
}

/**
 * The largest of the inputs, element by element.
 *
 * `y = max(x₁, …, xₙ)`, elementwise; shapes equal, or of length 1 where they differ.
 *
 * @see keras.layers.Maximum
 *
 * @example
 * import { Maximum } from 'ferrograd/layers'
 *
 * const layer = new Maximum()
 */
export class Maximum extends Merge {
  static override readonly className = 'Maximum'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.maximum(a, b)
  }
}

/**
 * The smallest of the inputs, element by element.
 *
 * `y = min(x₁, …, xₙ)`, elementwise; shapes equal, or of length 1 where they differ.
 *
 * @see keras.layers.Minimum
 *
 * @example
 * import { Minimum } from 'ferrograd/layers'
 *
 * const layer = new Minimum()
 */
export class Minimum extends Merge {
  static override readonly className = 'Minimum'

  protected override pair(a: Tensor, b: Tensor): Tensor {
    return ops.minimum(a, b)
  }
}

const concatenateFields = {
  /** The axis along which the inputs follow each other. */
  axis: { type: 'integer', default: -1, min: -32 },
} as const

/**
 * The inputs one after another along `axis`; all other lengths are equal.
 *
 * `y = [x₁ | … | xₙ]`: (batch, a), (batch, b) → (batch, a + b).
 *
 * @see keras.layers.Concatenate
 *
 * @example
 * import { Concatenate } from 'ferrograd/layers'
 *
 * const layer = new Concatenate({ axis: 1 })
 */
export class Concatenate extends Layer<typeof concatenateFields> {
  static override readonly className = 'Concatenate'
  static override readonly fields: typeof concatenateFields = concatenateFields

  override build(inputShapes: Shape | readonly Shape[]): void {
    checkSeveral(inputShapes, 'Concatenate')
    const shapes = inputShapes as readonly Shape[]
    const rest = shapes.map((shape) =>
      shape.filter((_, i) => i !== (this.options.axis + shape.length) % shape.length).join(),
    )
    if (new Set(rest).size > 1)
      fail('ERR_SHAPE', 'Concatenate input', `shapes equal but for axis ${this.options.axis}`, shapes)
  }

  override call(xs: readonly Tensor[]): Tensor {
    return ops.concatenate(xs, { axis: this.options.axis })
  }

  /** A step counts where any of the features that meet there does; an input without a mask counts whole. */
  protected override computeMask(xs: Tensors, masks: Masks): Tensor | undefined {
    const all = listOfMasks(masks)
    if (all.every((mask) => mask === undefined)) return undefined
    const wide = (xs as readonly Tensor[]).map((x, i) => overFeatures(all[i], x))
    return ops.any(ops.concatenate(wide, { axis: this.options.axis }), { axis: -1 })
  }
}

const listOfMasks = (masks: Masks): readonly (Tensor | undefined)[] =>
  masks instanceof Tensor || masks === undefined ? [] : masks

/** A mask over the steps, over all that is in them. */
function overFeatures(mask: Tensor | undefined, x: Tensor): Tensor {
  const all = ops.cast(ops.onesLike(x), 'bool')
  if (mask === undefined) return all
  return ops.logicalAnd(mask.rank < x.rank ? ops.expandDims(mask, -1) : mask, all)
}

const dotFields = {
  /** The axis that is summed over, of both inputs or of each. */
  axes: { type: 'axis' },
  /** Whether the vectors are first made length 1: the result is then a cosine. */
  normalize: { type: 'boolean', default: false },
} as const

/**
 * Products summed over one axis of two inputs, sample by sample: (batch, …a, n) and (batch, n, …b) → (batch, …a, …b);
 * two (batch, n) → (batch, 1).
 *
 * `y[b, i, j] = Σₖ x₁[b, i, k] · x₂[b, k, j]` over the axes named; with `normalize` of vectors of length 1, `x / √max(Σx², ε)`.
 *
 * @see keras.layers.Dot
 *
 * @example
 * import { Dot } from 'ferrograd/layers'
 *
 * const layer = new Dot({ axes: 1, normalize: true })
 */
export class Dot extends Layer<typeof dotFields> {
  static override readonly className = 'Dot'
  static override readonly fields: typeof dotFields = dotFields

  override build(inputShapes: Shape | readonly Shape[]): void {
    checkSeveral(inputShapes, 'Dot')
    if (inputShapes.length !== 2) fail('ERR_SHAPE', 'Dot input', 'two tensors', { text: `${inputShapes.length}` })
    const [a, b] = inputShapes as readonly [Shape, Shape]
    const [i, j] = this.#axes(a.length, b.length)
    if (i <= 0 || j <= 0 || a[i] !== b[j])
      fail(
        'ERR_SHAPE',
        'Dot.axes',
        'axes of one length, not the batch',
        this.options.axes,
        `Inputs are [${a.join(', ')}] and [${b.join(', ')}]`,
      )
  }

  override call([a, b]: readonly [Tensor, Tensor]): Tensor {
    const [i, j] = this.#axes(a.rank, b.rank)
    const unit = (x: Tensor, axis: number): Tensor => (this.options.normalize ? normalize(x, axis) : x)
    const left = matrixBy(unit(a, i), i, 'last')
    const right = matrixBy(unit(b, j), j, 'first')
    const free = [...without(a.shape, i), ...without(b.shape, j)]
    return ops.reshape(ops.matmul(left, right), [a.shape[0]!, ...(free.length === 0 ? [1] : free)])
  }

  #axes(rankA: number, rankB: number): [number, number] {
    const { axes } = this.options
    const [i, j] = typeof axes === 'number' ? [axes, axes] : [axes[0]!, axes[1]!]
    return [i < 0 ? i + rankA : i, j < 0 ? j + rankB : j]
  }
}

/** Lengths of a sample but for one axis. */
function without(shape: Shape, axis: number): number[] {
  return shape.filter((_, i) => i !== 0 && i !== axis)
}

/** (batch, rest, axis) or (batch, axis, rest). */
function matrixBy(x: Tensor, axis: number, place: 'first' | 'last'): Tensor {
  const rest = [...x.shape.keys()].filter((i) => i !== 0 && i !== axis)
  const moved = ops.transpose(x, place === 'last' ? [0, ...rest, axis] : [0, axis, ...rest])
  const [batch, length] = [x.shape[0]!, x.shape[axis]!]
  const free = sizeOf(without(x.shape, axis))
  return ops.reshape(moved, place === 'last' ? [batch, free, length] : [batch, length, free])
}

/** What a merging call takes, and gives: symbolic tensors in a functional graph, else tensors. */
type Merged<T> = T extends SymbolicTensor ? SymbolicTensor : Tensor

function merge<T extends Tensor | SymbolicTensor>(layer: Layer, xs: readonly T[]): Merged<T> {
  return layer.apply(xs as never) as unknown as Merged<T>
}

/**
 * `a + b + …`, as {@link Add}.
 *
 * @example
 * import { add } from 'ferrograd/layers'
 * import { input } from 'ferrograd'
 *
 * const sum = add([input({ shape: [2] }), input({ shape: [2] })])
 */
export function add<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Add(), xs)
}

/** `a − b`, as {@link Subtract}. */
export function subtract<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Subtract(), xs)
}

/** `a · b · …`, as {@link Multiply}. */
export function multiply<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Multiply(), xs)
}

/** The mean, as {@link Average}. */
export function average<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Average(), xs)
}

/** The largest, as {@link Maximum}. */
export function maximum<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Maximum(), xs)
}

/** The smallest, as {@link Minimum}. */
export function minimum<T extends Tensor | SymbolicTensor>(xs: readonly T[]): Merged<T> {
  return merge(new Minimum(), xs)
}

/** One after another, as {@link Concatenate}. */
export function concatenate<T extends Tensor | SymbolicTensor>(xs: readonly T[], axis = -1): Merged<T> {
  return merge(new Concatenate({ axis }), xs)
}

/** Products summed over an axis, as {@link Dot}. */
export function dot<T extends Tensor | SymbolicTensor>(
  xs: readonly T[],
  axes: number | readonly number[],
  normalized = false,
): Merged<T> {
  return merge(new Dot({ axes, normalize: normalized }), xs)
}

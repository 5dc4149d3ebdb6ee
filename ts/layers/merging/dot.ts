/** The layer of dot products of two inputs. */

import { sizeOf } from '../../core/shapes.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { Shape } from '../../types.js'
import { Layer, type LayerOptions } from '../layer.js'
import { checkSeveral, without } from './merge.js'

const dotFields = {
  /** The axis that is summed over, of both inputs or of each. */
  axes: { type: 'axis' },
  /** Whether the vectors are first made length 1: the result is then a cosine. Default false. */
  normalize: { type: 'boolean', default: false },
} as const

/** Options of {@link Dot}. */
export interface DotOptions extends OptionsOf<typeof dotFields>, LayerOptions {}

const DotBase: With<typeof Layer, typeof dotFields, DotOptions> = Layer.with(dotFields)

/**
 * Products summed over one axis of two inputs, sample by sample: (batch, …a, n) and (batch, n, …b) → (batch, …a, …b);
 * two (batch, n) → (batch, 1).
 *
 * `y[b, i, j] = Σₖ x₁[b, i, k] · x₂[b, k, j]` over the axes named; with `normalize` of vectors of length 1, `x / max(‖x‖, ε)`.
 *
 * @see keras.layers.Dot
 *
 * @example
 * import { Dot } from 'ferrograd/layers'
 *
 * const layer = new Dot({ axes: 1, normalize: true })
 */
export class Dot extends DotBase {
  static override readonly className = 'Dot'
  protected override readonly takes = 'several' as const

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
    const unit = (x: Tensor, axis: number): Tensor => (this.options.normalize ? ops.normalize(x, { axis }) : x)
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

/** (batch, rest, axis) or (batch, axis, rest). */
function matrixBy(x: Tensor, axis: number, place: 'first' | 'last'): Tensor {
  const rest = [...x.shape.keys()].filter((i) => i !== 0 && i !== axis)
  const moved = ops.transpose(x, place === 'last' ? [0, ...rest, axis] : [0, axis, ...rest])
  const [batch, length] = [x.shape[0]!, x.shape[axis]!]
  const free = sizeOf(without(x.shape, axis))
  return ops.reshape(moved, place === 'last' ? [batch, free, length] : [batch, length, free])
}

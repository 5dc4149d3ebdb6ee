/** Learnt rows for places. */

import type { Tensor } from '../../core/tensor.js'
import type { Variable } from '../../core/variable.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { PartialShape, Shape } from '../../types.js'
import { Layer, type LayerOptions } from '../layer.js'
import { decoding } from './decoding.js'
import { type PositionContext, placesOfStep, positionsOf } from './positions.js'

const fields = {
  /** How many places there are. */
  sequenceLength: { type: 'integer', min: 1 },
  /** First value of the rows. Default 'glorotUniform'. */
  initializer: { type: 'initializer', default: 'glorotUniform' },
} as const

/** Options of {@link PositionEmbedding}. */
export interface PositionEmbeddingOptions extends OptionsOf<typeof fields>, LayerOptions {}

const PositionEmbeddingBase: With<typeof Layer, typeof fields, PositionEmbeddingOptions> = Layer.with(fields)

/**
 * `y[…, t, :] = embeddings[startIndex + t]`: a learnt row for each place, to be added to the input; keras-hub's layer of
 * this name.
 *
 * `x` (batch, …, steps, features), of which the shape alone matters, `y` of its shape. Weight: embeddings (sequenceLength,
 * features).
 *
 * Errors: ERR_SHAPE for more steps than there are places.
 *
 * @see keras_hub.layers.PositionEmbedding
 *
 * @example
 * import { PositionEmbedding } from 'ferrograd/layers'
 * import { ops } from 'ferrograd'
 *
 * const x = ops.ones([2, 10, 16])
 * const y = ops.add(x, new PositionEmbedding({ sequenceLength: 50 }).apply(x))
 */
export class PositionEmbedding extends PositionEmbeddingBase {
  static override readonly className = 'PositionEmbedding'
  protected override readonly takes = 'one' as const
  static readonly module = 'keras_hub.src.layers.modeling.position_embedding'
  positionEmbeddings!: Variable

  override build(inputShape: Shape): void {
    if (inputShape.length < 2) fail('ERR_SHAPE', 'PositionEmbedding input', '[batch, …, steps, features]', inputShape)
    const { sequenceLength, initializer } = this.options
    this.positionEmbeddings = this.addWeight({
      name: 'embeddings',
      shape: [sequenceLength, inputShape.at(-1)!],
      initializer,
    })
  }

  override call(x: Tensor, context: PositionContext): Tensor {
    return ops.broadcastTo(this.#rows(x, context), x.shape)
  }

  /** Any length goes, as long as it is unknown. */
  protected override outputShape(inputShape: PartialShape): PartialShape {
    const steps = inputShape.at(-2) ?? null
    if (steps !== null) this.#checkSteps(steps, 0)
    return inputShape
  }

  #checkSteps(steps: number, startIndex: number): void {
    const { sequenceLength } = this.options
    if (!Number.isInteger(startIndex) || startIndex < 0 || startIndex + steps > sequenceLength)
      fail(
        'ERR_SHAPE',
        'PositionEmbedding input',
        `steps within the ${sequenceLength} places`,
        { text: startIndex === 0 ? `${steps}` : `${steps} from ${startIndex}` },
        decoding() && `generate goes up to maxLength: ${sequenceLength + 1}`,
      )
  }

  #rows(x: Tensor, context: PositionContext): Tensor {
    const { startIndex = 0, positions = placesOfStep() } = context
    const steps = x.shape.at(-2)!
    if (context.positions === undefined) decoding()?.bound(this.options.sequenceLength)
    if (typeof startIndex !== 'number' || positions !== undefined)
      return ops.take(this.positionEmbeddings, positionsOf(this.className, steps, context, 'int32'), { axis: 0 })
    this.#checkSteps(steps, startIndex)
    return ops.slice(this.positionEmbeddings, { begin: [startIndex, 0], size: [steps, x.shape.at(-1)!] })
  }
}

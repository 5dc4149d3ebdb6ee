/** Pictures seen from the side in training. */

import { type Tensor, tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import type { SeedGenerator } from '../../random.js'
import { seedGenerator } from '../regularization.js'
import { chosen, happens } from './chance.js'
import { drawn, ImageLayer, type ImageLayerOptions, seedFields, type Transformation } from './image-layer.js'

const ownFields = {
  /** How likely a picture is changed. Default [0, 1]. */
  factor: { type: 'range', default: [0, 1], min: 0, max: 1 },
  /** How far corners move, of their distance from the first: up to half of it either way. Default 1. */
  scale: { type: 'number', default: 1, min: 0, max: 1 },
  /** What lies between two places. Default 'bilinear'. */
  interpolation: { type: 'choice', of: ['nearest', 'bilinear'], default: 'bilinear' },
  /** What lies beyond the edge. Default 0. */
  fillValue: { type: 'number', default: 0 },
} as const
const fields: typeof ownFields & typeof seedFields = { ...ownFields, ...seedFields }

/** Options of {@link RandomPerspective}. */
export interface RandomPerspectiveOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomPerspectiveBase: With<typeof ImageLayer, typeof fields, RandomPerspectiveOptions> = ImageLayer.with(fields)

/**
 * Shows pictures as if from the side in training: corner `c` moves to `c · (1 + m)`, `|m| ≤ scale / 2`, each by its own `m`.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor or a scale outside [0, 1]; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomPerspective
 *
 * @example
 * import { RandomPerspective } from 'ferrograd/layers'
 *
 * const layer = new RandomPerspective({ factor: 0.5, scale: 0.3 })
 */
export class RandomPerspective extends RandomPerspectiveBase {
  static override readonly className = 'RandomPerspective'
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  override getRandomTransformation(images: Tensor): Transformation {
    const { scale } = this.options
    const [batch = 0, height = 0, width = 0] = images.shape
    const seed = { seed: this.seedGenerator }
    const applyPerspective = happens(images, this.options.factor, seed)
    const moves = drawn(images, [batch, 4, 2], [-0.5 * scale, 0.5 * scale], seed)
    const [right, bottom] = [width - 1, height - 1]
    const corners = tensor(Float64Array.of(0, 0, right, 0, 0, bottom, right, bottom), [1, 4, 2], images.dtype)
    const startPoints = ops.broadcastTo(corners, [batch, 4, 2])
    return { applyPerspective, startPoints, endPoints: ops.add(startPoints, ops.multiply(startPoints, moves)) }
  }

  override transformImages(images: Tensor, { applyPerspective, startPoints, endPoints }: Transformation): Tensor {
    const { interpolation, fillValue } = this.options
    const seen = ops.image.perspectiveTransform(images, startPoints!, endPoints!, { interpolation, fillValue })
    return chosen(applyPerspective!, seen, images)
  }
}

/** Pictures turned, moved, stretched and slanted in training. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { Range } from '../../options/field-types.js'
import type { OptionsOf } from '../../options/fields.js'
import { checkRange } from '../../options/kinds.js'
import type { SeedGenerator } from '../../random.js'
import { seedGenerator } from '../regularization.js'
import { drawn, ImageLayer, type ImageLayerOptions, seedFields, type Transformation } from './image-layer.js'

const ownReadingFields = {
  /** What lies beyond the edge: mirrored, the picture again, a value, or the last place. Default 'reflect'. */
  fillMode: { type: 'choice', of: ['reflect', 'wrap', 'constant', 'nearest'], default: 'reflect' },
  /** What lies between two places. Default 'bilinear'. */
  interpolation: { type: 'choice', of: ['nearest', 'bilinear'], default: 'bilinear' },
  /** The constant. Default 0. */
  fillValue: { type: 'number', default: 0 },
} as const
const readingFields: typeof ownReadingFields & typeof seedFields = { ...ownReadingFields, ...seedFields }

const ReadingBase: With<typeof ImageLayer, typeof readingFields, OptionsOf<typeof readingFields> & ImageLayerOptions> =
  ImageLayer.with(readingFields)

/** Layers that read their pictures from other places. */
abstract class RandomAffine extends ReadingBase {
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  /** One number of a range for each picture: (batch, 1). */
  protected factor(images: Tensor, range: Range): Tensor {
    return drawn(images, [images.shape[0]!, 1], range, { seed: this.seedGenerator })
  }

  /** Reads pictures by `[a₀, a₁, a₂, b₀, b₁, b₂]`: a number, or one for each picture (batch, 1). */
  protected read(images: Tensor, columns: readonly (Tensor | number)[]): Tensor {
    const { fillMode, interpolation, fillValue } = this.options
    const batch = images.shape[0]!
    const eight = [...columns, 0, 0].map((one) =>
      typeof one === 'number' ? ops.full([batch, 1], one, images.dtype) : one,
    )
    return ops.image.affineTransform(images, ops.concatenate(eight, { axis: 1 }), {
      fillMode,
      interpolation,
      fillValue,
    })
  }
}

const rotationFields = {
  /** How far, in whole turns: as much either way, or the least and the most. */
  factor: { type: 'range', min: -1, max: 1 },
} as const

/** Options of {@link RandomRotation}. */
export interface RandomRotationOptions
  extends OptionsOf<typeof rotationFields>,
    OptionsOf<typeof readingFields>,
    ImageLayerOptions {}

const RandomRotationBase: With<typeof RandomAffine, typeof rotationFields, RandomRotationOptions> =
  RandomAffine.with(rotationFields)

/**
 * Turns pictures around their middle in training, each by an angle of its own from `factor[0]` to `factor[1]` whole turns.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [−1, 1]; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomRotation
 *
 * @example
 * import { RandomRotation } from 'ferrograd/layers'
 *
 * const layer = new RandomRotation({ factor: 0.1, seed: 1 })
 */
export class RandomRotation extends RandomRotationBase {
  static override readonly className = 'RandomRotation'

  override getRandomTransformation(images: Tensor): Transformation {
    return { angle: ops.multiply(this.factor(images, this.options.factor), 360) }
  }

  override transformImages(images: Tensor, { angle }: Transformation): Tensor {
    const [height = 0, width = 0] = images.shape.slice(1)
    const turn = ops.multiply(ops.reshape(angle!, [-1, 1]), Math.PI / 180)
    const [cos, sin] = [ops.cos(turn), ops.sin(turn)]
    const [x, y] = [0.5 * (width - 1), 0.5 * (height - 1)]
    const toMiddle = (middle: number, a: Tensor, b: Tensor): Tensor =>
      ops.subtract(ops.subtract(middle, ops.multiply(a, x)), ops.multiply(b, y))
    const back = ops.negative(sin)
    return this.read(images, [cos, back, toMiddle(x, cos, back), sin, cos, toMiddle(y, sin, cos)])
  }
}

const sidesFields = {
  /** How far up and down, of the height: as much either way, or the least and the most. */
  heightFactor: { type: 'range', min: -1, max: 1 },
  /** How far left and right, of the width. */
  widthFactor: { type: 'range', min: -1, max: 1 },
} as const

/** Options of {@link RandomTranslation}. */
export interface RandomTranslationOptions
  extends OptionsOf<typeof sidesFields>,
    OptionsOf<typeof readingFields>,
    ImageLayerOptions {}

const RandomTranslationBase: With<typeof RandomAffine, typeof sidesFields, RandomTranslationOptions> =
  RandomAffine.with(sidesFields)

/**
 * Moves pictures in training, `y[i, j] = x[i − f_y · height, j − f_x · width]` with parts `f` of each picture's own.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [−1, 1]; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomTranslation
 *
 * @example
 * import { RandomTranslation } from 'ferrograd/layers'
 *
 * const layer = new RandomTranslation({ heightFactor: 0.1, widthFactor: 0.1, fillMode: 'nearest' })
 */
export class RandomTranslation extends RandomTranslationBase {
  static override readonly className = 'RandomTranslation'

  override getRandomTransformation(images: Tensor): Transformation {
    const [height = 0, width = 0] = images.shape.slice(1)
    const down = ops.multiply(this.factor(images, this.options.heightFactor), height)
    const right = ops.multiply(this.factor(images, this.options.widthFactor), width)
    return { translations: ops.concatenate([right, down], { axis: 1 }) }
  }

  override transformImages(images: Tensor, { translations }: Transformation): Tensor {
    const [right, down] = columnsOf(translations!)
    return this.read(images, [1, 0, ops.negative(right), 0, 1, ops.negative(down)])
  }
}

/** The two columns of (batch, 2), (batch, 1) each. */
function columnsOf(x: Tensor): readonly [Tensor, Tensor] {
  const column = (at: number): Tensor => ops.slice(x, { begin: [0, at], size: [x.shape[0]!, 1] })
  return [column(0), column(1)]
}

const zoomFields = {
  /** How much is added to the height that is seen: above 0 the picture becomes smaller. */
  heightFactor: { type: 'range', above: -1, max: 1 },
  /** The same of the width; null keeps the ratio of the sides. Default null. */
  widthFactor: { type: 'range', default: null, above: -1, max: 1 },
} as const

/** Options of {@link RandomZoom}. */
export interface RandomZoomOptions
  extends OptionsOf<typeof zoomFields>,
    OptionsOf<typeof readingFields>,
    ImageLayerOptions {}

const RandomZoomBase: With<typeof RandomAffine, typeof zoomFields, RandomZoomOptions> = RandomAffine.with(zoomFields)

/**
 * Makes pictures smaller or larger around their middle in training: `1 + factor` times the height and the width are seen.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside (−1, 1]; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomZoom
 *
 * @example
 * import { RandomZoom } from 'ferrograd/layers'
 *
 * const layer = new RandomZoom({ heightFactor: [-0.2, 0.1] })
 */
export class RandomZoom extends RandomZoomBase {
  static override readonly className = 'RandomZoom'
  override getRandomTransformation(images: Tensor): Transformation {
    const { heightFactor, widthFactor } = this.options
    const seen = (factor: Range): Tensor => ops.add(1, this.factor(images, factor))
    const heightZoom = seen(heightFactor)
    return { heightZoom, widthZoom: widthFactor === null ? heightZoom : seen(widthFactor) }
  }

  override transformImages(images: Tensor, { heightZoom, widthZoom }: Transformation): Tensor {
    const [height = 0, width = 0] = images.shape.slice(1)
    const from = (length: number, zoom: Tensor): Tensor => ops.multiply(ops.subtract(1, zoom), (length - 1) / 2)
    return this.read(images, [widthZoom!, 0, from(width, widthZoom!), 0, heightZoom!, from(height, heightZoom!)])
  }
}

const shearFields = {
  /** How far columns are slanted, of their distance from the first row. Default 0. */
  xFactor: { type: 'numeric', default: 0 },
  /** How far rows are slanted, of their distance from the first column. Default 0. */
  yFactor: { type: 'numeric', default: 0 },
} as const

/** Options of {@link RandomShear}. */
export interface RandomShearOptions
  extends OptionsOf<typeof shearFields>,
    OptionsOf<typeof readingFields>,
    ImageLayerOptions {}

const RandomShearBase: With<typeof RandomAffine, typeof shearFields, RandomShearOptions> =
  RandomAffine.with(shearFields)

/**
 * Slants pictures in training, `y[i, j] = x[i + f_y·j, j + f_x·i]` with factors of each picture's own, and of either sign.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [−1, 1]; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomShear
 *
 * @example
 * import { RandomShear } from 'ferrograd/layers'
 *
 * const layer = new RandomShear({ xFactor: 0.2, fillMode: 'constant' })
 */
export class RandomShear extends RandomShearBase {
  static override readonly className = 'RandomShear'
  readonly #x: Range = checkRange(this.options.xFactor, 'RandomShear.xFactor', { min: -1, max: 1 })
  readonly #y: Range = checkRange(this.options.yFactor, 'RandomShear.yFactor', { min: -1, max: 1 })

  override getRandomTransformation(images: Tensor): Transformation {
    const side = this.factor(images, [0, 1])
    const sign = ops.where(ops.greater(side, 0.5), ops.negative(ops.onesLike(side)), ops.onesLike(side))
    const [y, x] = [this.factor(images, this.#y), this.factor(images, this.#x)]
    return { shearFactor: ops.multiply(ops.concatenate([x, y], { axis: 1 }), sign) }
  }

  override transformImages(images: Tensor, { shearFactor }: Transformation): Tensor {
    const [x, y] = columnsOf(shearFactor!)
    return this.read(images, [1, x, 0, y, 1, 0])
  }
}

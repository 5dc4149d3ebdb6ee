/** Pictures mixed with others of their batch in training, and their labels with theirs. */

import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import { asBatch } from '../../ops/image/pictures.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { beta, type SeedGenerator, shuffle } from '../../random.js'
import type { FloatDType } from '../../types.js'
import { type CallContext, Layer } from '../layer.js'
import { formatFields } from '../pictures/axes.js'
import { seedGenerator } from '../regularization.js'
import { drawn, type ImageLayerOptions, seedFields, type Transformation } from './image-layer.js'
import { rectangles } from './rectangles.js'

/** Pictures, and what each of them shows: labels as floats, one row a picture. */
export interface LabelledImages {
  readonly images: Tensor
  readonly labels?: Tensor | undefined
}

const MixingBase: With<
  typeof Layer,
  typeof formatFields & typeof seedFields,
  ImageLayerOptions & OptionsOf<typeof seedFields>
> = Layer.with({ ...formatFields, ...seedFields })

/** Mixes each picture of a batch with another one, in an order of the batch that is drawn. */
abstract class Mixing extends MixingBase {
  static override readonly parameters: readonly string[] = ['images', 'labels']
  static override readonly trainingDefault: boolean | undefined = true
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)

  /** Draws the other picture of each, `permutationOrder`, and `mixWeight`, the share of its own. */
  abstract getRandomTransformation(images: Tensor): Transformation

  /** The pictures after what was drawn. */
  abstract transformImages(images: Tensor, transformation: Transformation): Tensor

  /** `w · label + (1 − w) · other`, with the share of each picture's own. */
  transformLabels(labels: Tensor, { mixWeight, permutationOrder }: Transformation): Tensor {
    return mixed(labels, ops.reshape(mixWeight!, [-1, ...labels.shape.slice(1).map(() => 1)]), permutationOrder!)
  }

  override call({ images, labels }: LabelledImages, { training }: CallContext): Tensor {
    const x = this.cast(images)
    const { x: batch, back } = asBatch(this.className, x, this.options.dataFormat)
    if (!training) return both(x, labels)
    const single = images.rank === 3
    if (labels !== undefined && !single && labels.shape[0] !== images.shape[0])
      fail('ERR_SHAPE', `${this.className} labels`, `a row for each of ${images.shape[0]} pictures`, labels.shape)
    const transformation = this.getRandomTransformation(batch)
    const y = back(this.transformImages(batch, transformation))
    // There is nobody but itself to mix a picture alone with.
    return both(y, single ? labels : labels && this.transformLabels(this.cast(labels), transformation))
  }
}

/** Pictures alone, or with their labels: two results, which `applyMany` gives in a list. */
function both(images: Tensor, labels: Tensor | undefined): Tensor {
  return (labels === undefined ? images : [images, labels]) as Tensor
}

function mixed(x: Tensor, share: Tensor, order: Tensor): Tensor {
  const other = ops.take(x, order, { axis: 0 })
  return ops.add(ops.multiply(share, x), ops.multiply(ops.subtract(1, share), other))
}

const mixUpFields = {
  /**
   * Both parameters of the beta distribution of the shares: small ones leave pictures nearly as they are. Default 0.2.
   */
  alpha: { type: 'number', default: 0.2, above: 0 },
} as const

/** Options of {@link MixUp}. */
export interface MixUpOptions extends OptionsOf<typeof mixUpFields>, OptionsOf<typeof seedFields>, ImageLayerOptions {}

const MixUpBase: With<typeof Mixing, typeof mixUpFields, MixUpOptions> = Mixing.with(mixUpFields)

/**
 * Mixes each picture with another of its batch in training, and their labels, `y = w·x + (1 − w)·other` with `w` from a beta
 * distribution (Zhang et al., 2017).
 *
 * `apply({ images })`, or `applyMany({ images, labels })` for both; labels are floats, as one-hot rows are.
 *
 * Errors: ERR_CONFIG for an alpha not above 0; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.MixUp
 *
 * @example
 * import { MixUp } from 'ferrograd/layers'
 *
 * const layer = new MixUp({ alpha: 0.4, seed: 1 })
 */
export class MixUp extends MixUpBase {
  static override readonly className = 'MixUp'

  override getRandomTransformation(images: Tensor): Transformation {
    const [batch = 0] = images.shape
    const { alpha } = this.options
    const permutationOrder = shuffle(ops.arange(batch), { seed: this.seedGenerator })
    const mixWeight = beta([batch], alpha, alpha, { dtype: images.dtype as FloatDType, seed: this.seedGenerator })
    return { mixWeight, permutationOrder }
  }

  override transformImages(images: Tensor, { mixWeight, permutationOrder }: Transformation): Tensor {
    return mixed(images, ops.reshape(mixWeight!, [-1, 1, 1, 1]), permutationOrder!)
  }
}

const cutMixFields = {
  /**
   * Both parameters of the beta distribution of the shares: drawn from 0 to it, or from the least and the most. Default
   * [0, 1].
   */
  factor: { type: 'range', default: [0, 1], min: 0, max: 1 },
} as const

/** Options of {@link CutMix}. */
export interface CutMixOptions
  extends OptionsOf<typeof cutMixFields>,
    OptionsOf<typeof seedFields>,
    ImageLayerOptions {}

const CutMixBase: With<typeof Mixing, typeof cutMixFields, CutMixOptions> = Mixing.with(cutMixFields)

/**
 * Puts a rectangle of another picture of its batch into each picture in training; the labels are mixed by the area that is
 * left (Yun et al., 2019).
 *
 * `apply({ images })`, or `applyMany({ images, labels })` for both; labels are floats, as one-hot rows are.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1]; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.CutMix
 *
 * @example
 * import { CutMix } from 'ferrograd/layers'
 *
 * const layer = new CutMix({ factor: [0.8, 1], seed: 1 })
 */
export class CutMix extends CutMixBase {
  static override readonly className = 'CutMix'

  override getRandomTransformation(images: Tensor): Transformation {
    const [batch = 0, height = 0, width = 0] = images.shape
    const seed = { seed: this.seedGenerator }
    const dtype = images.dtype as FloatDType
    const alpha = ops.add(drawn(images, [], this.options.factor, seed), 1e-6)
    const side = ops.sqrt(ops.subtract(1, beta([batch], alpha, alpha, { dtype, ...seed })))
    const batchMasks = rectangles(images, side, side, seed)
    const permutationOrder = shuffle(ops.arange(batch), seed)
    const area = ops.multiply(ops.multiply(side, width), ops.multiply(side, height))
    return { permutationOrder, batchMasks, mixWeight: ops.subtract(1, ops.divide(area, width * height)) }
  }

  override transformImages(images: Tensor, { batchMasks, permutationOrder }: Transformation): Tensor {
    return ops.where(batchMasks!, ops.take(images, permutationOrder!, { axis: 0 }), images)
  }
}

/** Some of many changes of pictures in training. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { randint, type SeedGenerator } from '../../random.js'
import { seedGenerator } from '../regularization.js'
import { AutoContrast } from './auto-contrast.js'
import { Equalization } from './equalization.js'
import { ImageLayer, type ImageLayerOptions, seedFields, type Transformation, valueRangeFields } from './image-layer.js'
import { RandomRotation, RandomShear, RandomTranslation } from './random-affine.js'
import { RandomBrightness } from './random-brightness.js'
import { RandomColorDegeneration } from './random-color-degeneration.js'
import { ofStep } from './random-color-jitter.js'
import { RandomContrast } from './random-contrast.js'
import { RandomPosterization } from './random-posterization.js'
import { RandomSharpness } from './random-sharpness.js'
import { Solarization } from './solarization.js'

const ownFields = {
  /** How many changes, one after the other. Default 2. */
  numOps: { type: 'integer', default: 2, min: 1 },
  /** How strong they are: from 0 to it, or the least and the most. Default [0, 0.5]. */
  factor: { type: 'range', default: [0, 0.5], min: 0, max: 1 },
  /** What lies between two places. Default 'bilinear'. */
  interpolation: { type: 'choice', of: ['nearest', 'bilinear'], default: 'bilinear' },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandAugment}. */
export interface RandAugmentOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandAugmentBase: With<typeof ImageLayer, typeof fields, RandAugmentOptions> = ImageLayer.with(fields)

/**
 * `y = change(change(x))`, `numOps` of eleven changes in training, which ones is drawn anew for each batch (Cubuk et al., 2019): shear,
 * translation, rotation, brightness, paler colours, contrast, sharpness, posterization, solarization, auto-contrast and
 * equalization.
 *
 * (batch, height, width, channels) as they are; one picture alone without the batch.
 *
 * Errors: ERR_CONFIG for a factor outside [0, 1]; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandAugment
 *
 * @example
 * import { RandAugment } from 'ferrograd/layers'
 *
 * const layer = new RandAugment({ valueRange: [0, 1], factor: 0.3 })
 */
export class RandAugment extends RandAugmentBase {
  static override readonly className = 'RandAugment'
  protected override readonly channels: readonly number[] = [1, 3]
  readonly seedGenerator: SeedGenerator = seedGenerator(this.options.seed)
  /** The changes that there are. */
  readonly changes: readonly ImageLayer[] = this.#changes()

  #changes(): ImageLayer[] {
    const { valueRange, interpolation, seed, factor } = this.options
    const all = { dtype: this.dtype, trainable: this.trainable }
    const [places, colours] = [
      { interpolation, seed, ...all },
      { valueRange, seed, ...all },
    ]
    return [
      new RandomShear({ xFactor: factor, yFactor: factor, ...places }),
      new RandomTranslation({ heightFactor: factor, widthFactor: factor, ...places }),
      new RandomRotation({ factor, ...places }),
      new RandomBrightness({ factor, ...colours }),
      new RandomColorDegeneration({ factor, ...colours }),
      new RandomContrast({ factor, ...colours }),
      new RandomSharpness({ factor, ...colours }),
      new RandomPosterization({ factor: Math.max(1, Math.trunc(8 * factor[1])), ...colours }),
      new Solarization({ additionFactor: factor, thresholdFactor: factor, ...colours }),
      new AutoContrast({ valueRange, ...all }),
      new Equalization({ valueRange, ...all }),
    ]
  }

  override getRandomTransformation(images: Tensor): Transformation {
    const layerIdxes = randint([this.options.numOps], 0, this.changes.length, { seed: this.seedGenerator })
    const drawn = this.changes.flatMap((change, i) =>
      Object.entries(change.getRandomTransformation(images)).map(([name, value]) => [`${i} ${name}`, value] as const),
    )
    return { layerIdxes, ...Object.fromEntries(drawn) }
  }

  override transformImages(images: Tensor, transformation: Transformation): Tensor {
    const turns = Array.from({ length: this.options.numOps }, (_, turn) =>
      ops.reshape(ops.slice(transformation.layerIdxes!, { begin: [turn], size: [1] }), []),
    )
    return turns.reduce((x, chosen) => this.#changed(x, chosen, transformation), images)
  }

  /** The pictures after the change of which the number was drawn: all are made, since which one is known only then. */
  #changed(images: Tensor, number: Tensor, transformation: Transformation): Tensor {
    return this.changes.reduce(
      (x, change, i) => ops.where(ops.equal(number, i), change.transformImages(images, ofStep(transformation, i)), x),
      images,
    )
  }
}

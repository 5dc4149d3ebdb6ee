/** Pictures of other brightness, contrast, saturation and hue in training. */

import type { Tensor } from '../../core/tensor.js'
import type { With } from '../../options/configurable.js'
import type { OptionsOf } from '../../options/fields.js'
import { ImageLayer, type ImageLayerOptions, seedFields, type Transformation, valueRangeFields } from './image-layer.js'
import { RandomBrightness } from './random-brightness.js'
import { RandomContrast } from './random-contrast.js'
import { RandomHue } from './random-hue.js'
import { RandomSaturation } from './random-saturation.js'

const ownFields = {
  /** As of {@link RandomBrightness}; null leaves it. Default null. */
  brightnessFactor: { type: 'numeric', default: null },
  /** As of {@link RandomContrast}; null leaves it. Default null. */
  contrastFactor: { type: 'numeric', default: null },
  /** As of {@link RandomSaturation}; null leaves it. Default null. */
  saturationFactor: { type: 'numeric', default: null },
  /** As of {@link RandomHue}; null leaves it. Default null. */
  hueFactor: { type: 'numeric', default: null },
} as const
const fields: typeof ownFields & typeof valueRangeFields & typeof seedFields = {
  ...ownFields,
  ...valueRangeFields,
  ...seedFields,
}

/** Options of {@link RandomColorJitter}. */
export interface RandomColorJitterOptions extends OptionsOf<typeof fields>, ImageLayerOptions {}

const RandomColorJitterBase: With<typeof ImageLayer, typeof fields, RandomColorJitterOptions> = ImageLayer.with(fields)

/**
 * `y = hue(saturation(contrast(brightness(x))))` in training, each where it has a factor.
 *
 * (batch, height, width, 3) as they are; one picture alone without the batch.
 *
 * Errors: those of the four layers; ERR_SHAPE for other than three or four axes.
 *
 * @see keras.layers.RandomColorJitter
 *
 * @example
 * import { RandomColorJitter } from 'ferrograd/layers'
 *
 * const layer = new RandomColorJitter({ brightnessFactor: 0.2, hueFactor: 0.1, valueRange: [0, 1] })
 */
export class RandomColorJitter extends RandomColorJitterBase {
  static override readonly className = 'RandomColorJitter'
  protected override readonly channels: readonly number[] | undefined =
    this.options.saturationFactor === null && this.options.hueFactor === null ? undefined : [3]
  /** The changes, in their order. */
  readonly steps: readonly ImageLayer[] = this.#steps()

  #steps(): ImageLayer[] {
    const { valueRange, brightnessFactor, contrastFactor, saturationFactor, hueFactor, seed } = this.options
    const dtype = this.dtype
    const made = [
      [RandomBrightness, brightnessFactor],
      [RandomContrast, contrastFactor],
      [RandomSaturation, saturationFactor],
      [RandomHue, hueFactor],
    ] as const
    return made.flatMap(([Change, factor]) =>
      factor === null ? [] : [new Change({ factor, valueRange, seed, dtype, trainable: this.trainable })],
    )
  }

  override getRandomTransformation(images: Tensor): Transformation {
    const drawn = this.steps.map((step, i) => [i, step.getRandomTransformation(images)] as const)
    return Object.fromEntries(
      drawn.flatMap(([i, one]) => Object.entries(one).map(([name, value]) => [`${i} ${name}`, value])),
    )
  }

  override transformImages(images: Tensor, transformation: Transformation): Tensor {
    return this.steps.reduce((x, step, i) => step.transformImages(x, ofStep(transformation, i)), images)
  }
}

/** What was drawn for one step of several. */
export function ofStep(transformation: Transformation, i: number): Transformation {
  const own = Object.entries(transformation).filter(([name]) => name.startsWith(`${i} `))
  return Object.fromEntries(own.map(([name, value]) => [name.slice(`${i} `.length), value]))
}

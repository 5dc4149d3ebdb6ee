/** Grad-CAM. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { Layer } from '../layers/layer.js'
import type { Model } from '../model/model.js'
import type { InputsFor, Symbols } from '../model/typed-model.js'
import * as ops from '../ops.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { Asked, type Part } from './asked.js'
import { aimFor, furtherOf, keyOf, slopesOf } from './gradients.js'
import { type LayerChoice, lastConvolution, layerOf } from './layer.js'
import { passFields, targetFields } from './options.js'
import type { Target } from './target.js'

const mapFields = {
  /** Whose feature maps; by default those of the last convolution. */
  layer: { type: 'given', default: null },
  /** Whether maps are drawn in the height and width of the pictures, between their places. Default true. */
  resize: { type: 'boolean', default: true },
  /** Whether the largest number of each map becomes 1; one that is 0 everywhere stays so. Default true. */
  normalize: { type: 'boolean', default: true },
} as const
const fields: typeof targetFields & typeof mapFields & typeof passFields = {
  ...targetFields,
  ...mapFields,
  ...passFields,
}

const read = optionsReader('explain.gradCam', fields)

/** Options of {@link gradCam}. */
export interface GradCamOptions extends OptionsOf<typeof fields> {
  readonly target?: Target
  readonly layer?: LayerChoice
}

/**
 * Where a convolutional network sees a class: `map = relu(Σₖ αₖ · Aₖ)` over the feature maps `A` of a layer, with
 * `αₖ = mean over the places of ∂score / ∂Aₖ` (Selvaraju et al., 2017). Pictures (samples, height, width, channels) give
 * maps (samples, height, width) from 0 to 1.
 *
 * Errors: ERR_CONFIG for a class that there is not or a layer that the model does not call; ERR_SHAPE where the layer gives no
 * pictures, or the model has several outputs and `target` is no function.
 *
 * @example
 * ```ts
 * import { explain, ops, Sequential } from 'ferrograd'
 * import { Conv2D, Dense, GlobalAveragePooling2D } from 'ferrograd/layers'
 *
 * const model = new Sequential([
 *   new Conv2D({ filters: 4, kernelSize: 3, strides: 2, activation: 'relu', inputShape: [16, 16, 3] }),
 *   new GlobalAveragePooling2D(),
 *   new Dense({ units: 10 }),
 * ])
 * const maps = await explain.gradCam(model, ops.ones([2, 16, 16, 3]))
 * console.log(maps.shape) // [2, 16, 16]
 * ```
 */
export async function gradCam<In extends Symbols, Out extends Symbols>(
  model: Model<In, Out>,
  x: InputsFor<In>,
  options: GradCamOptions = {},
): Promise<Tensor> {
  const where = 'explain.gradCam'
  const { target, layer: choice, resize, normalize, batchSize } = read(options)
  const asked = new Asked(where, model, x, batchSize)
  const layer = choice === undefined ? lastConvolution(where, asked.model) : layerOf(where, asked.model, choice)
  const aim = await aimFor(asked, target)
  const draw = (given: Part, classes: Tensor | undefined): Tensor => {
    const { slopes, inside } = slopesOf(asked, given, aim, classes, { layer })
    const map = mapOf(lastChannels(where, layer, inside!), lastChannels(where, layer, slopes[0]!))
    const sized = resize ? ops.image.resize(map, sizeOf(where, given, isFirst(layer))) : map
    return ops.squeeze(normalize ? upToOne(sized) : sized, -1)
  }
  const [maps] = await asked.over((part, first, count) =>
    asked.run(
      keyOf(`gradCam ${resize} ${normalize}`, aim, layer),
      part,
      furtherOf(aim, first, count),
      (given, [classes]) => [draw(given, classes)],
    ),
  )
  return maps!
}

/** (samples, height, width, 1) */
function mapOf(features: Tensor, slopes: Tensor): Tensor {
  const weights = ops.mean(slopes, { axis: [1, 2], keepdims: true })
  return ops.relu(ops.sum(ops.multiply(features, weights), { axis: -1, keepdims: true }))
}

/** Each map divided by its largest number. */
function upToOne(maps: Tensor): Tensor {
  const most = ops.max(maps, { axis: [1, 2, 3], keepdims: true })
  return ops.divide(maps, ops.where(ops.greater(most, 0), most, ops.onesLike(most)))
}

function lastChannels(where: string, layer: Layer, features: Tensor): Tensor {
  if (features.rank !== 4) {
    const hint = 'Pass layer: a convolution over pictures'
    fail('ERR_SHAPE', `${where}.layer`, 'a layer that gives [samples, height, width, channels]', features.shape, hint)
  }
  return isFirst(layer) ? ops.transpose(features, [0, 2, 3, 1]) : features
}

function isFirst(layer: Layer): boolean {
  return (layer.options as { readonly dataFormat?: unknown }).dataFormat === 'channelsFirst'
}

/** Height and width of the pictures that go in. */
function sizeOf(where: string, x: Part, first: boolean): readonly [number, number] {
  const picture = x.find((one) => one?.rank === 4)
  const hint = 'Pass resize: false'
  if (picture === undefined) fail('ERR_SHAPE', `${where}.x`, 'pictures [samples, height, width, channels]', {}, hint)
  const [height, width] = picture.shape.slice(first ? 2 : 1)
  return [height!, width!]
}

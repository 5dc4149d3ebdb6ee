/** Saliency maps. */

import type { Tensor } from '../core/tensor.js'
import { checkNames } from '../errors.js'
import type { Model } from '../model/model.js'
import type { InputsFor, Symbols, TensorsOf } from '../model/typed-model.js'
import * as ops from '../ops.js'
import { Asked } from './asked.js'
import { aimFor, checkFloats, furtherOf, keyOf, slopesOf } from './gradients.js'
import { type LayerChoice, layerOf } from './layer.js'
import type { Target } from './target.js'

/** Options of {@link saliency}. */
export interface SaliencyOptions {
  /** What is explained; by default the class that each sample is most likely of. */
  readonly target?: Target
  /** Gives the gradient itself, rather than how large it is. Default false. */
  readonly signed?: boolean
  /** Explains by what this layer gives, rather than by the inputs: by an `Embedding` where these are whole numbers. */
  readonly layer?: LayerChoice
  /** Samples a pass. Default 32. */
  readonly batchSize?: number
}

/**
 * How much the score of a class changes with each number of a sample, `|∂score / ∂x|` (Simonyan et al., 2014), in the shape
 * of `x`; of pictures and sequences the largest of the channels: (samples, height, width, channels) → (samples, height,
 * width). With `signed` it is the gradient itself, in the shape of `x`.
 *
 * A score behind a softmax hardly changes where the model is sure: explain the logits, or pass
 * `target: (y) => ops.log(…)`.
 *
 * Errors: ERR_CONFIG for a class that there is not or a layer that the model does not call; ERR_DTYPE for inputs of whole
 * numbers without a `layer`; ERR_SHAPE where the model has several outputs and `target` is no function.
 *
 * @example
 * ```ts
 * import { explain, ops, Sequential } from 'ferrograd'
 * import { Conv2D, Dense, Flatten } from 'ferrograd/layers'
 *
 * const model = new Sequential([
 *   new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
 *   new Flatten(),
 *   new Dense({ units: 10 }),
 * ])
 * const maps = await explain.saliency(model, ops.ones([2, 8, 8, 1]), { target: 3 })
 * console.log(maps.shape) // [2, 8, 8]
 * ```
 */
export function saliency<In extends Symbols, Out extends Symbols>(
  model: Model<In, Out>,
  x: InputsFor<In>,
  options: SaliencyOptions & { readonly layer: LayerChoice },
): Promise<Tensor>
export function saliency<In extends Symbols, Out extends Symbols>(
  model: Model<In, Out>,
  x: InputsFor<In>,
  options?: SaliencyOptions,
): Promise<TensorsOf<In>>
export async function saliency(model: unknown, x: unknown, options: SaliencyOptions = {}): Promise<unknown> {
  const where = 'explain.saliency'
  checkNames(where, options, ['target', 'signed', 'layer', 'batchSize'])
  const asked = new Asked(where, model, x, options.batchSize)
  const layer = options.layer === undefined ? undefined : layerOf(where, asked.model, options.layer)
  checkFloats(asked, layer)
  const aim = await aimFor(asked, options.target)
  const [key, shown] = [keyOf(`saliency ${options.signed}`, aim, layer), options.signed ? asIs : sizes]
  const maps = await asked.over((part, first, count) =>
    asked.run(key, part, furtherOf(aim, first, count), (given, [classes]) =>
      slopesOf(asked, given, aim, classes, { layer }).slopes.filter(isThere).map(shown),
    ),
  )
  return layer === undefined ? asked.arrange(maps) : maps[0]
}

function asIs(slope: Tensor): Tensor {
  return slope
}

/** How large they are, of several channels the largest. */
function sizes(slope: Tensor): Tensor {
  return slope.rank < 3 ? ops.abs(slope) : ops.max(ops.abs(slope), { axis: -1 })
}

function isThere(slope: Tensor | undefined): slope is Tensor {
  return slope !== undefined
}

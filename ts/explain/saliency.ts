/** Saliency maps. */

import type { Tensor } from '../core/tensor.js'
import type { Model } from '../model/model.js'
import type { InputsFor, Symbols, TensorsOf } from '../model/typed-model.js'
import * as ops from '../ops.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { Asked } from './asked.js'
import { aimFor, checkFloats, furtherOf, keyOf, slopesOf } from './gradients.js'
import { type LayerChoice, layerOf } from './layer.js'
import { insideFields, passFields, targetFields } from './options.js'
import type { Target } from './target.js'

const signFields = {
  /** Gives the gradient itself, rather than how large it is. Default false. */
  signed: { type: 'boolean', default: false },
} as const
const fields: typeof targetFields & typeof signFields & typeof insideFields & typeof passFields = {
  ...targetFields,
  ...signFields,
  ...insideFields,
  ...passFields,
}

const read = optionsReader('explain.saliency', fields)

/** Options of {@link saliency}. */
export interface SaliencyOptions extends OptionsOf<typeof fields> {
  readonly target?: Target
  readonly layer?: LayerChoice
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
  const { target, signed, layer: choice, batchSize } = read(options)
  const asked = new Asked(where, model, x, batchSize)
  const layer = choice === undefined ? undefined : layerOf(where, asked.model, choice)
  checkFloats(asked, layer)
  const aim = await aimFor(asked, target)
  const [key, shown] = [keyOf(`saliency ${signed}`, aim, layer), signed ? asIs : sizes]
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

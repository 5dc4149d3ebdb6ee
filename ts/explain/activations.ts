/** What a layer makes of samples. */

import type { Tensor } from '../core/tensor.js'
import type { Model } from '../model/model.js'
import type { InputsFor, Symbols } from '../model/typed-model.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { Asked } from './asked.js'
import { type LayerChoice, layerOf, numberOf } from './layer.js'
import { passFields } from './options.js'

const ownFields = {
  /** Whose results. */
  layer: { type: 'given' },
} as const
const fields: typeof ownFields & typeof passFields = { ...ownFields, ...passFields }

const read = optionsReader('explain.activations', fields)

/** Options of {@link activations}. */
export interface ActivationsOptions extends OptionsOf<typeof fields> {
  readonly layer: LayerChoice
}

/**
 * What a layer gives for samples, as the model computes them when it predicts: feature maps of a convolution,
 * (samples, height, width, channels).
 *
 * Errors: ERR_CONFIG for a layer that the model does not call, or calls several times.
 *
 * @example
 * ```ts
 * import { explain, ops, Sequential } from 'ferrograd'
 * import { Conv2D, Dense, Flatten } from 'ferrograd/layers'
 *
 * const model = new Sequential([
 *   new Conv2D({ filters: 4, kernelSize: 3, inputShape: [8, 8, 1], name: 'edges' }),
 *   new Flatten(),
 *   new Dense({ units: 10 }),
 * ])
 * const maps = await explain.activations(model, ops.ones([2, 8, 8, 1]), { layer: 'edges' })
 * ```
 */
export async function activations<In extends Symbols, Out extends Symbols>(
  model: Model<In, Out>,
  x: InputsFor<In>,
  options: ActivationsOptions,
): Promise<Tensor> {
  const where = 'explain.activations'
  const { layer: choice, batchSize } = read(options)
  const asked = new Asked(where, model, x, batchSize)
  const layer = layerOf(where, asked.model, choice)
  const key = { name: `activations ${numberOf(layer)}` }
  const [found] = await asked.over((part) => asked.run(key, part, [], (given) => [asked.pass(given, layer).inside!]))
  return found!
}

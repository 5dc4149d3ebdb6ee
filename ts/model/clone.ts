/** A model built again from what it is made of. */
import { modelFromConfig } from './from-config.js'
import type { Model } from './model.js'

/**
 * A new model of the same layers, with weights of its own drawn by its initializers, not compiled.
 *
 * Take the weights over with `clone.setWeights(model.getWeights())`. Classes of your own must be registered with
 * `registerClass`, as for any model that is made from a configuration.
 *
 * @example
 * import { cloneModel, Sequential } from 'ferrograd'
 * import { Dense } from 'ferrograd/layers'
 *
 * const model = new Sequential([new Dense({ units: 3, inputShape: [4] })])
 * const twin = cloneModel(model)
 * twin.setWeights(model.getWeights())
 */
export function cloneModel(model: Model): Model {
  return modelFromConfig(model.getConfig())
}

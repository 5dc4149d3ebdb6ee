/** A model built again from what it is made of. */
import { withClasses } from '../options/registry.js'
import { withNamed } from '../options/writing.js'
import { modelFromConfig } from './from-config.js'
import type { Model } from './model.js'

/**
 * A new model of the same layers, with weights of its own drawn by its initializers, not compiled.
 *
 * Take the weights over with `clone.setWeights(model.getWeights())`. Classes and functions of your own need not be registered; a
 * subclass is made again from its configuration, as for a file.
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
  const { written, named } = withNamed(() => model.toConfig())
  return withClasses('cloneModel', named, () => modelFromConfig(written, { compile: false }))
}

/** What was not finite, in words: the loss, or a weight and the layer that has it. */

import type { NonFinite } from '../core/non-finite.js'
import type { Model } from '../model/model.js'

/** `the loss`, or `the gradient of 'kernel' of layer 'dense_1' (Dense)`. */
export function whatOf(model: Model, nonFinite: NonFinite | undefined): string {
  const variable = nonFinite?.variable
  if (variable === undefined) return 'the loss'
  const layer = model.layers.find((layer) => layer.weights.includes(variable))
  return `${nonFinite!.what} of '${variable.name}'${layer === undefined ? '' : ` of layer '${layer.name}' (${layer.className})`}`
}

/** The layer of a model that is asked about. */

import { Attached } from '../core/attached.js'
import { fail, hintFor } from '../errors.js'
import { Layer } from '../layers/layer.js'
import { Convolution } from '../layers/pictures/convolution.js'
import type { Model } from '../model/model.js'

/** A layer of the model, also inside another one of it, or its name. */
export type LayerChoice = Layer | string

/** The layer that was named; of several with the name the outermost. */
export function layerOf(where: string, model: Model, choice: unknown): Layer {
  const all = [...layersIn(model)]
  const found = all.find((layer) => layer === choice || layer.name === choice)
  if (found !== undefined) return found
  const names = all.map(({ name }) => name)
  const known = hintFor(choice instanceof Layer ? choice.name : choice, names)
  return fail('ERR_CONFIG', `${where}.layer`, 'a layer of the model or its name', choice, known)
}

/** The last convolution of the model. */
export function lastConvolution(where: string, model: Model): Layer {
  const found = [...layersIn(model)].filter((layer) => layer instanceof Convolution).at(-1)
  return found ?? fail('ERR_CONFIG', `${where}.layer`, 'a model with a convolution', model.name, 'Pass layer')
}

/** Level by level, so that what lies outside comes first. */
function* layersIn(model: Model): Generator<Layer> {
  let level: Layer[] = [...model.layers]
  const seen = new Set<Layer>()
  while (level.length > 0) {
    const fresh = level.filter((layer) => !seen.has(layer))
    for (const layer of fresh) seen.add(layer)
    yield* fresh
    level = fresh.flatMap((layer) => layer.sublayers)
  }
}

const numbers = new Attached<Layer, number>('number')
let last = 0

/** What tells a layer from all others: two inside different models may have one name. */
export function numberOf(layer: Layer): number {
  const known = numbers.get(layer)
  if (known !== undefined) return known
  last += 1
  numbers.set(layer, last)
  return last
}

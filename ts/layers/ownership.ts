/** A layer that is called inside another has to be part of it: else nobody would train it, nor save it. */

import { FerrogradError } from '../errors.js'
import { runningLayers } from './context.js'
import type { Layer } from './layer.js'

/** Pairs that were found to belong together. */
const known = new WeakMap<Layer, WeakSet<Layer>>()

/** Throws where `layer` has weights and is called inside layers of which none owns it. */
export function checkOwned(layer: Layer): void {
  const callers = runningLayers()
  const caller = callers.at(-1)
  if (caller === undefined || caller === layer || known.get(caller)?.has(layer)) return
  if (layer.weights.length > 0 && !callers.some((one) => one === layer || reaches(one, layer))) refuse(caller, layer)
  const owned = known.get(caller) ?? new WeakSet()
  known.set(caller, owned.add(layer))
}

function reaches(owner: Layer, layer: Layer): boolean {
  return owner.sublayers.some((inside) => inside === layer || reaches(inside, layer))
}

function refuse(caller: Layer, layer: Layer): never {
  const name = layer.named ? `${layer.className} '${layer.name}'` : layer.className
  throw new FerrogradError(
    'ERR_STATE',
    `${caller.className}.call: it calls ${name}, which it does not own, so nobody would train or save it. Keep the layer in a property, a list or a map there; for a #private field write #field = this.track(new ${layer.className}(…))`,
  )
}

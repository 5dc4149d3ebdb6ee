/** Names of the layers of one model: given ones as they are, the others counted as Keras does. */
import { fail } from '../errors.js'
import { snakeClass } from '../options/names.js'
import type { AnyLayer } from './graph.js'

/** `dense`, `dense_1`, `dense_2`: gives every layer without a name of the user's one that no other layer here has. */
export function uniqueNames(layers: readonly AnyLayer[]): void {
  const taken = new Set<string>()
  for (const { name } of layers.filter((layer) => layer.named)) {
    if (taken.has(name)) fail('ERR_CONFIG', 'layer names', 'each once in a model', name)
    taken.add(name)
  }
  for (const layer of layers.filter((one) => !one.named)) {
    layer.name = taken.has(layer.name) ? freeName(snakeClass(layer.className), taken) : layer.name
    taken.add(layer.name)
  }
}

function freeName(base: string, taken: ReadonlySet<string>): string {
  let name = base
  for (let i = 1; taken.has(name); i++) name = `${base}_${i}`
  return name
}

/** Names within one model: given ones as they are, the others counted as Keras does. */

import type { Target } from '../core/symbolic-tensor.js'
import { fail } from '../errors.js'
import { snakeClass } from '../options/names.js'

/** `dense`, `dense_1`, `dense_2`: gives every layer (or operation) without a name of the user's one that no other layer here has. */
export function uniqueNames(layers: readonly Target[]): void {
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

/** The names as they are, where one occurs again with `_1`, `_2` after it: of outputs that come from one layer. */
export function numbered(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    const free = freeName(name, taken)
    taken.add(free)
    return free
  })
}

/** A layer made again, with weights of its own. */

import type { Configured } from '../../options/configured.js'
import { type ClassOf, construct } from '../../options/family.js'
import { Layer } from '../layer.js'

/** A new layer of the same options but for `changes`; layers among them are made again too. */
export function copyOf<L extends Layer>(layer: L, changes: Readonly<Record<string, unknown>> = {}): L {
  const own = Object.entries(layer.options).map(([key, value]) => [key, copied(value)] as const)
  return construct(layer.constructor as Configured as ClassOf<L>, { ...Object.fromEntries(own), ...changes })
}

function copied(value: unknown): unknown {
  if (value instanceof Layer) return copyOf(value)
  return Array.isArray(value) ? value.map(copied) : value
}

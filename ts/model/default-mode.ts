/** A mode that a file names and nobody has told. */

import type { Layer } from '../layers/layer.js'

/** Whether a call was told a mode that Keras writes where none was told: beside it stands that one was. */
export function isDefaultMode(layer: Layer, { training }: Readonly<Record<string, unknown>>): boolean {
  return typeof training === 'boolean' && training === (layer.constructor as typeof Layer).trainingDefault
}

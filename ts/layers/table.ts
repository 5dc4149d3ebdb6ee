/** The closed set of layers. */

import { type ClassOf, type Family, resolveObject } from '../fields.js'
import { Activation, Dense, Flatten, Reshape } from './core.js'
import { InputLayer } from './input.js'
import { Layer } from './layer.js'
import { Dropout } from './regularization.js'

const classes: Readonly<Record<string, ClassOf<Layer>>> = { Activation, Dense, Dropout, Flatten, InputLayer, Reshape }

/** The closed set of layers. */
export const layerFamily: Family<Layer> = {
  noun: 'a layer',
  module: 'keras.layers',
  classes,
  is: (value): value is Layer => value instanceof Layer,
}

/** The layer of a serialized object; an instance is itself. */
export function getLayer(layer: unknown, where = 'layer'): Layer {
  return resolveObject(layer, where, layerFamily)
}

/** The kinds of fields a layer may declare. */

import { activationKind } from '../activations.js'
import { constraintKind } from '../constraints.js'
import { fail } from '../errors.js'
import { initializerKind } from '../initializers/family.js'
import type { Kind, Kinds } from '../options/fields.js'
import { primitiveKinds } from '../options/kinds.js'
import { serializeAs } from '../options/serialized.js'
import { regularizerKind } from '../regularizers.js'
import type { Json } from '../types.js'
import { type AnyLayer, Layer } from './layer.js'
import { type Cell, isCell } from './recurrent/cell.js'

/** A layer inside a layer; a configuration holds it as a serialized object. */
const layerKind: Kind<AnyLayer> = {
  check: (value, where) =>
    value instanceof Layer ? value : fail('ERR_CONFIG', where, 'a layer', value, hintFor(value)),
  toConfig: serializeLayer,
}

const layersKind: Kind<readonly AnyLayer[]> = {
  check(value, where) {
    if (!Array.isArray(value) || value.length === 0) fail('ERR_CONFIG', where, 'a list of at least one layer', value)
    return Object.freeze(
      (value as unknown[]).map((one, i) => layerKind.check(one, `${where}[${i}]`, { type: 'layer' })),
    )
  },
  toConfig: (layers) => layers.map(serializeLayer),
}

const expectedCell = 'a cell: a layer with a stateSize and call(x, { states })'

const cellKind: Kind<Cell> = {
  check: (value, where) =>
    isCellLayer(value) ? value : fail('ERR_CONFIG', where, expectedCell, value, hintFor(value)),
  toConfig: serializeLayer,
}

const cellsKind: Kind<readonly Cell[]> = {
  check(value, where) {
    if (!Array.isArray(value) || value.length === 0) fail('ERR_CONFIG', where, 'a list of at least one cell', value)
    return Object.freeze((value as unknown[]).map((one, i) => cellKind.check(one, `${where}[${i}]`, { type: 'cell' })))
  },
  toConfig: (cells) => cells.map(serializeLayer),
}

function isCellLayer(value: unknown): value is Cell {
  return value instanceof Layer && isCell(value)
}

/** Models know more about themselves than their options. */
function serializeLayer(layer: AnyLayer): Json {
  return 'toConfig' in layer
    ? (layer as AnyLayer & { toConfig(): Json }).toConfig()
    : serializeAs('keras.layers', layer as Layer)
}

function hintFor(value: unknown): string | undefined {
  return typeof value === 'function' ? `Make one: new ${value.name}(…)` : undefined
}

/** Primitive kinds and the objects a layer is configured with. */
export const layerKinds: Kinds = {
  ...primitiveKinds,
  activation: activationKind,
  initializer: initializerKind,
  regularizer: regularizerKind,
  constraint: constraintKind,
  layer: layerKind,
  layers: layersKind,
  cell: cellKind,
  cells: cellsKind,
}

/** Configurations as text that Keras reads: Python tells `1` from `1.0`, JSON.stringify does not. */

import { fieldsOf } from '../options/configured.js'
import type { FieldTable } from '../options/fields.js'
import { snake } from '../options/names.js'
import { isSerialized, type Serialized } from '../options/serialized.js'
import { classFor } from './families.js'

/** Marks where a decimal point belongs until the text is there. */
const mark = '\u0000float:'

/**
 * JSON text of a serialized object, whole numbers with a decimal point where Keras wants a float.
 *
 * @example
 * import { SGD } from 'ferrograd/optimizers'
 * import { serialize, stringify } from 'ferrograd/saving'
 *
 * const text = stringify(serialize(new SGD({ momentum: 0 }))) // … "momentum":0.0 …
 */
export function stringify(json: unknown, indent?: number): string {
  const text = JSON.stringify(marked(json), undefined, indent)
  return text.replaceAll(/"\\u0000float:(-?\d+)"/g, '$1.0')
}

/** The same JSON with the whole numbers of float fields marked. */
function marked(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(marked)
  if (typeof json !== 'object' || json === null) return json
  const floats = isSerialized(json) ? floatNames(json) : undefined
  const entries = Object.entries(json).map(([key, value]) => [
    key,
    key === 'config' && floats ? markedConfig(value, floats) : marked(value),
  ])
  return Object.fromEntries(entries)
}

function markedConfig(config: unknown, floats: ReadonlySet<string>): unknown {
  const entries = Object.entries(config as Readonly<Record<string, unknown>>)
  return Object.fromEntries(entries.map(([key, value]) => [key, floats.has(key) ? markedNumber(value) : marked(value)]))
}

function markedNumber(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(markedNumber)
  return Number.isInteger(value) ? `${mark}${value}` : marked(value)
}

/** The names, as Keras has them, of a class's fields that hold floats. */
function floatNames(object: Serialized): ReadonlySet<string> | undefined {
  const type = classFor(object)
  return type === undefined ? undefined : new Set(floatFields(fieldsOf(type)))
}

const floatTypes = ['number', 'numbers', 'numeric', 'nested', 'learningRate']

function floatFields(fields: FieldTable): string[] {
  return Object.entries(fields)
    .filter(([, spec]) => floatTypes.includes(spec.type))
    .map(([key, spec]) => (typeof spec.config === 'string' ? spec.config : snake(key)))
}

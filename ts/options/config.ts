/** Keras's configurations of objects, written and read. */

import { fail, hintFor } from '../errors.js'
import type { Config, Json } from '../types.js'
import { type Configured, classNameOf, fieldsOf } from './configured.js'
import type { FieldSpec, Kinds } from './fields.js'
import { camel, snake } from './names.js'
import { kindOf } from './resolve.js'

/** The configuration of an object, as Keras writes it. */
export function configOf(type: Configured, options: Readonly<Record<string, unknown>>, kinds: Kinds): Config {
  const config: Record<string, Json> = {}
  for (const [key, spec] of Object.entries(fieldsOf(type))) {
    if (spec.config === false || (spec.quiet === true && options[key] === spec.default)) continue
    config[configName(key, spec)] = writeField(options[key], spec, kinds)
  }
  return config
}

/**
 * Options out of a Keras configuration: names turned, what Keras adds and we do not need left out. A class that writes its own
 * configuration (`open`) gets all of it, as `cls(**config)` has it.
 */
export function optionsFromConfig(
  type: Configured,
  config: Config,
  inside?: Inside,
  open = false,
): Record<string, unknown> {
  const fields = fieldsOf(type)
  const byName = new Map(Object.entries(fields).map(([key, spec]) => [configName(key, spec), key]))
  const options: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(config)) {
    const key = byName.get(name) ?? (Object.hasOwn(fields, camel(name)) ? camel(name) : undefined)
    if (key === undefined && open) options[camel(name)] = value
    else if (key === undefined) unknownConfig(type, name, value, [...byName.keys()])
    else if (!isDefaulted(fields[key], value)) options[key] = madeInside(fields[key], value, name, inside)
  }
  return options
}

/** Makes an object of the same family as the one that holds it, from what a configuration has under a name. */
export type Inside = (object: Json, where: string) => unknown

/** The kinds of fields that hold objects of the family of what they are a field of: layers in layers. */
const nested: readonly FieldSpec['type'][] = ['layer', 'layers', 'cell', 'cells']

function madeInside(spec: FieldSpec | undefined, value: Json, where: string, inside: Inside | undefined): unknown {
  if (spec?.type === 'vocabularyOrPath' && typeof value === 'string')
    fail('ERR_FORMAT', where, 'the tokens themselves', value, 'Files that a configuration names are not read')
  if (inside === undefined || spec === undefined || value === null || !nested.includes(spec.type)) return value
  return Array.isArray(value) ? value.map((one, i) => inside(one, `${where}[${i}]`)) : inside(value, where)
}

function configName(key: string, spec: FieldSpec): string {
  return typeof spec.config === 'string' ? spec.config : snake(key)
}

/** Keras writes null where it means the default. */
function isDefaulted(spec: FieldSpec | undefined, value: Json): boolean {
  return value === null && spec !== undefined && spec.default !== null && spec.nullable !== true && 'default' in spec
}

/** What Keras writes for its own use; none of it changes what is computed here. */
const ignorable = new Set([
  'batch_input_shape',
  'batch_shape',
  'build_config',
  'compile_config',
  'synchronized',
  'implementation',
  'time_major',
  'optional',
  'quantization_config',
  'lora_rank',
  'lora_alpha',
  'jit_compile',
  'is_legacy_optimizer',
  'fused',
  'renorm_momentum',
  'rms_scaling',
  'vocabulary_dtype',
  'oov_method',
  'vocabulary_size',
  'encoding',
  'data_format',
  'input_length',
])

function unknownConfig(type: Configured, name: string, value: Json, known: readonly string[]): void {
  if (value === null || value === false || ignorable.has(name)) return
  fail('ERR_FORMAT', `${classNameOf(type)} config`, 'a name that this class has', name, hintFor(name, known))
}

function writeField(value: unknown, spec: FieldSpec, kinds: Kinds): Json {
  if (value === null || value === undefined) return null
  const kind = kindOf(spec, kinds)
  return kind.toConfig ? kind.toConfig(value) : (value as Json)
}

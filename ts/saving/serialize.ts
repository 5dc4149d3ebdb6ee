/** Objects as the plain JSON that Keras writes. */

import { fail } from '../errors.js'
import { serializeAs } from '../options/serialized.js'
import type { Json } from '../types.js'
import { type Described, familyOf } from './families.js'

/**
 * A model, layer, loss, metric, optimizer, schedule, initializer, regularizer or constraint as Keras 3 writes it.
 *
 * @example
 * import { Adam } from 'ferrograd/optimizers'
 * import { serialize } from 'ferrograd/saving'
 *
 * const json = serialize(new Adam()) // { module: 'keras.optimizers', class_name: 'Adam', config: { … }, … }
 */
export function serialize(object: Described): Json {
  if (isModel(object)) return object.toConfig()
  const family = familyOf(object)
  if (family === undefined) fail('ERR_FORMAT', 'serialize', 'a model or a part of one', object)
  return serializeAs(family.module, object)
}

/** Models know more about themselves than their options. */
function isModel(object: unknown): object is { toConfig(): Json } {
  return (
    typeof object === 'object' && object !== null && typeof (object as { toConfig?: unknown }).toConfig === 'function'
  )
}

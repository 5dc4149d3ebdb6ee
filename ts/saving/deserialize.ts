/** Objects out of the plain JSON that Keras writes. Declarative: a closed table of classes, no code. */

import { fail } from '../errors.js'
import { isSerialized, resolveObject } from '../fields.js'
import { type Described, familyFor } from './table.js'

/** The object that a serialized layer, loss, metric, optimizer, schedule, initializer, regularizer or constraint describes. */
export function deserializeObject(object: unknown, where = 'deserialize'): Described {
  if (!isSerialized(object)) return fail('ERR_FORMAT', where, 'an object with class_name and config', object)
  const family = familyFor(object, where)
  return resolveObject<Described>(object, where, family)
}

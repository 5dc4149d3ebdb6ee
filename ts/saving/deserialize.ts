/** Objects out of the plain JSON that Keras writes. Declarative: a closed table of classes, no code. */

import { fail } from '../errors.js'
import { layerFamily } from '../layers/family.js'
import { isModelConfig, layerFrom, modelFromConfig } from '../model/from-config.js'
import { Model } from '../model/model.js'
import { resolveObject } from '../options/family.js'
import { registeredClass } from '../options/registry.js'
import { classNameIn, isSerialized, type Serialized } from '../options/serialized.js'
import { type Described, familyFor } from './families.js'

/**
 * The object that Keras's JSON describes: a model, layer, loss, metric, optimizer, schedule, initializer, regularizer
 * or constraint.
 *
 * @example
 * import { Adam } from 'ferrograd/optimizers'
 * import { deserialize, serialize } from 'ferrograd/saving'
 *
 * const copy = deserialize(serialize(new Adam({ learningRate: 0.01 })))
 */
export function deserialize(object: unknown, where = 'deserialize'): Described {
  if (!isSerialized(object)) return fail('ERR_FORMAT', where, 'an object with class_name and config', object)
  if (isModelConfig(object) || isModelClass(object)) return modelFromConfig(object) as unknown as Described
  const family = familyFor(object, where)
  return resolveObject<Described>(object, where, family, family.module === layerFamily.module ? layerFrom : undefined)
}

/** Whether a serialized object is a model of a class of the user's. */
function isModelClass(object: Serialized): boolean {
  return registeredClass(classNameIn(object))?.prototype instanceof Model
}

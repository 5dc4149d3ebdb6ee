/** Objects as Keras 3 serializes them. */

import type { Config, Json } from '../types.js'
import type { Configurable } from './configurable.js'
import type { Configured } from './configured.js'
import { isRegistered } from './registry.js'
import { noteClass } from './writing.js'

/** A serialized object as Keras 3 writes it. */
export type Serialized = {
  readonly module: string | null
  readonly class_name: string
  readonly config: Config
  readonly registered_name: string | null
}

/** Whether a value looks like a serialized object. */
export function isSerialized(value: unknown): value is Serialized {
  return (
    typeof value === 'object' && value !== null && typeof (value as { class_name?: unknown }).class_name === 'string'
  )
}

/** Writes an object as Keras does; a class of the user's own carries the name it is registered by. */
export function serializeAs(module: string, object: Configurable<unknown>): Json {
  const type = object.constructor as Configured
  noteClass(object.className, type)
  const custom = isRegistered(type)
  const own = custom ? undefined : type.module
  const origin = custom ? 'Custom' : own?.split('.')[0]
  return {
    module: custom ? null : (own ?? module),
    class_name: object.className,
    config: object.getConfig(),
    registered_name: origin === undefined ? null : `${origin}>${object.className}`,
  }
}

/** The name to find a serialized object's class by: where it says so, that of the user's. Those of keras-hub are ours. */
export function classNameIn(object: Serialized): string {
  const { registered_name: registered, class_name: name } = object
  return typeof registered === 'string' && registered.includes('>') && registered !== `keras_hub>${name}`
    ? registered
    : name
}

/** Functions of the user's in configurations: by name, as Keras has them; the code is in no file. */

import { warnOnce } from '../core/warn.js'
import { fail } from '../errors.js'
import type { Json } from '../types.js'
import { textOf } from './function-text.js'
import { nameOfRegistered, type OwnFunction, registeredClass } from './registry.js'
import { isSerialized, type Serialized } from './serialized.js'
import { isDescribing, isForFile, noteFunction } from './writing.js'

/** A function as Keras writes one; `role` is what one without a name is called. */
export function functionJson(fn: OwnFunction, role: string): Json {
  const registered = nameOfRegistered(fn)
  const name = registered ?? noteFunction(fn.name || role, fn)
  // A function that stands where it is given is called after the option.
  if (registered === undefined && (name !== fn.name || name === role) && isForFile()) warnNameless(name)
  const json = {
    module: null,
    class_name: 'function',
    config: registered === undefined ? name : `Custom>${name}`,
    registered_name: name,
  }
  return isDescribing() ? { ...json, text: textOf(fn) } : json
}

function warnNameless(name: string): void {
  warnOnce(
    'FERROGRAD_NAMELESS',
    `a function without a name of its own is written as '${name}', and its code is in no file: ` +
      `loadModel needs customObjects: { ${name} }. registerFunction(fn, name) gives it a name`,
  )
}

/** Whether a configuration has a function there. */
export function isFunctionJson(value: unknown): value is Serialized {
  return isSerialized(value) && value.class_name === 'function' && typeof (value.config as unknown) === 'string'
}

/** The function of the user's, or the name of one of Keras's, where a configuration has one; anything else as it is. */
export function orFunction(value: unknown, where: string): unknown {
  return isFunctionJson(value) ? functionIn(value, where) : value
}

/** The function of the user's that a configuration names, or the name of one of Keras's own. */
export function functionIn({ module, config }: Serialized, where: string): OwnFunction | string {
  const full = config as unknown as string
  const name = full.slice(full.lastIndexOf('>') + 1)
  const own: unknown = registeredClass(name)
  if (own !== undefined) return own as OwnFunction
  const isKeras = module === undefined || module === 'builtins' || /^keras\b/.test(module ?? '')
  if (isKeras && name === full) return name
  const hint = `A function of your own: registerFunction it first, or give it to loadModel: customObjects: { ${name} }`
  return fail('ERR_CONFIG', where, 'a function that is known', name, hint)
}

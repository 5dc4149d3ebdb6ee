/** Which families of objects a configuration may hold, and which one a module name means. */

import { constraintFamily } from '../constraints.js'
import { fail } from '../errors.js'
import { initializerFamily } from '../initializers/family.js'
import { layerFamily } from '../layers/family.js'
import { lossFamily } from '../losses/family.js'
import { statisticFamily } from '../metrics/family.js'
import { optimizerFamily } from '../optimizers/family.js'
import type { Configurable } from '../options/configurable.js'
import type { Configured } from '../options/configured.js'
import type { Family } from '../options/family.js'
import { canonical } from '../options/names.js'
import { registeredClass } from '../options/registry.js'
import { classNameIn, type Serialized } from '../options/serialized.js'
import { regularizerFamily } from '../regularizers.js'
import { scheduleFamily } from '../schedules/family.js'

/** Any object with a configuration. */
export type Described = Configurable<unknown>

const families = [
  layerFamily,
  lossFamily,
  statisticFamily,
  scheduleFamily,
  optimizerFamily,
  initializerFamily,
  regularizerFamily,
  constraintFamily,
] as unknown as readonly Family<Described>[]

/** The family an object belongs to. */
export function familyOf(object: unknown): Family<Described> | undefined {
  return families.find((family) => family.is(object))
}

/** The family of a serialized object: by its module where that says it, else by its class's name. */
export function familyFor(object: Serialized, where: string): Family<Described> {
  const name = classNameIn(object)
  const own = familyOf(registeredClass(name)?.prototype)
  return (name.includes('>') ? own : undefined) ?? byModule(object.module) ?? byClass(object, own, where)
}

/** The class of a serialized object, if it is one of ours or of the user's. */
export function classFor(object: Serialized): Configured | undefined {
  const name = classNameIn(object)
  const known = canonical(name)
  const family =
    byModule(object.module) ?? families.find((one) => Object.keys(one.classes).some((key) => canonical(key) === known))
  const key = Object.keys(family?.classes ?? {}).find((one) => canonical(one) === known)
  return (key === undefined ? undefined : family?.classes[key]) ?? registeredClass(name)
}

/** `keras.src.optimizers.adam` means `keras.optimizers`. */
function byModule(module: string | null): Family<Described> | undefined {
  const path = typeof module === 'string' ? module.replace('keras.src.', 'keras.') : ''
  return families.find((family) => path === family.module || path.startsWith(`${family.module}.`))
}

function byClass(object: Serialized, own: Family<Described> | undefined, where: string): Family<Described> {
  const name = canonical(object.class_name)
  const holding = families.filter((family) => Object.keys(family.classes).some((key) => canonical(key) === name))
  const [only] = holding
  if (only !== undefined && holding.length === 1) return only
  if (own !== undefined) return own
  const known = families.map((family) => family.module).join(', ')
  return fail('ERR_FORMAT', where, `a class of ${known}`, {
    text: [object.module, object.class_name].filter(Boolean).join(' '),
  })
}

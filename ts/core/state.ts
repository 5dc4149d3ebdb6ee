/** What an object has to remember to go on where it was, and its form as JSON with arrays beside it. */

import { FerrogradError, fail } from '../errors.js'
import type { Json } from '../types.js'
import { Tensor } from './tensor.js'

/** Plain values and tensors, nested in lists and objects; what is `undefined` in an object is left out. */
export type State =
  | null
  | boolean
  | number
  | string
  | Tensor
  | readonly State[]
  | { readonly [name: string]: State | undefined }

/** What goes on where it was: callbacks, data sets, streams of random numbers. */
export interface Stateful {
  /** All that changes, as it is now. */
  getState(): State
  /** Goes on from what {@link getState} gave, maybe in another process. */
  setState(state: State): void
}

/** A state as JSON; its tensors go into `tensors`, under names that begin with `prefix`. */
export function packState(state: State, prefix: string, tensors: Map<string, Tensor>): Json {
  if (state instanceof Tensor) {
    const name = `${prefix}/${tensors.size}`
    tensors.set(name, state)
    return { $tensor: name }
  }
  if (typeof state === 'number') return packNumber(state)
  if (typeof state !== 'object' || state === null) return state
  if (Array.isArray(state)) return state.map((one) => packState(one, prefix, tensors))
  const entries = Object.entries(state).filter((entry): entry is [string, State] => entry[1] !== undefined)
  return Object.fromEntries(entries.map(([name, one]) => [name, packState(one, prefix, tensors)]))
}

/** The state that {@link packState} wrote. */
export function unpackState(json: Json, tensors: ReadonlyMap<string, Tensor>): State {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map((one) => unpackState(one, tensors))
  const { $tensor: name, $number: text } = json as { readonly $tensor?: Json; readonly $number?: Json }
  if (typeof name === 'string') return storedTensor(name, tensors)
  if (typeof text === 'string') return Number(text)
  return Object.fromEntries(Object.entries(json).map(([key, one]) => [key, unpackState(one, tensors)]))
}

/** JSON has no NaN, infinities, and no negative zero. */
function packNumber(value: number): Json {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : `${value}` }
}

function storedTensor(name: string, tensors: ReadonlyMap<string, Tensor>): Tensor {
  const stored = tensors.get(name)
  if (stored === undefined) throw new FerrogradError('ERR_FORMAT', `state: the array '${name}' is missing`)
  return stored
}

/** The fields of a state that is an object; anything else is refused. */
export function stateFields(where: string, state: State): { readonly [name: string]: State | undefined } {
  const isRecord = typeof state === 'object' && state !== null && !Array.isArray(state) && !(state instanceof Tensor)
  return isRecord ? (state as { readonly [name: string]: State }) : fail('ERR_FORMAT', where, 'a state', state)
}

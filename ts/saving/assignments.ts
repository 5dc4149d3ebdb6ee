/** Values out of a file for variables of a model: everything is checked before anything changes. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import { cast } from '../ops.js'
import type { DType } from '../types.js'
import type { Tensors } from './archive.js'

/** What loading weights found out. */
export interface LoadReport {
  /** Weights of the model that the file does not have, or has in another shape: they stay as they are. */
  readonly missing: readonly string[]
  /** Arrays of the file that the model has no place for. */
  readonly unexpected: readonly string[]
}

/** A variable and where its value is in a file. */
export interface Place {
  readonly variable: Variable
  /** Its name in the file. */
  readonly key: string
  /** How messages call it. */
  readonly title: string
}

/** How strict loading is. */
export interface LoadRules {
  /** Whether an array of another shape is left out instead of refused. */
  readonly skipMismatch: boolean
  /** Whether every weight must be in the file, and every array of the file in the model. */
  readonly strict: boolean
  /** Whether the caller has options of these names, to which messages may point. */
  readonly hints?: boolean
}

/** All or nothing, and no options of these names. */
export const WHOLE: LoadRules = { strict: true, skipMismatch: false, hints: false }

/** Sets variables to the arrays of a file; nothing changes unless all that is wanted is there and fits. */
export function assignFrom(where: string, arrays: Tensors, places: readonly Place[], rules: LoadRules): LoadReport {
  const { strict } = rules
  const wanted = new Set(places.map(({ key }) => key))
  const unexpected = [...arrays.keys()].filter((key) => !wanted.has(key))
  const absent = places.filter(({ key }) => !arrays.has(key))
  if (strict && absent.length > 0) failAbsent(where, absent, unexpected, rules)
  if (strict && unexpected.length > 0)
    fail(
      'ERR_FORMAT',
      where,
      'a place for every array of the file',
      { text: `none for ${some(unexpected)}` },
      hintOf(rules, LENIENT),
    )
  const present = places.filter(({ key }) => arrays.has(key))
  const fitting = present.filter((place) => fits(where, place, arrays.get(place.key)!, rules))
  for (const { variable, key } of fitting) assign(variable, arrays.get(key)!)
  const left = places.filter((place) => !fitting.includes(place))
  return { missing: left.map(({ title }) => title), unexpected }
}

const hintOf = ({ hints = true }: LoadRules, hint: string): string | undefined => (hints ? hint : undefined)

const LENIENT = 'Pass strict: false to load what both have'

function failAbsent(where: string, absent: readonly Place[], unexpected: readonly string[], rules: LoadRules): never {
  const own = unexpected.length === 0 ? '' : `; it also has ${some(unexpected)}`
  const got = { text: `none of ${some(absent.map(({ title }) => title))}${own}` }
  return fail('ERR_FORMAT', where, 'a file with the weights of this model', got, hintOf(rules, LENIENT))
}

function fits(where: string, { variable, title }: Place, value: Tensor, rules: LoadRules): boolean {
  const { shape, dtype } = value
  const same = shape.length === variable.shape.length && shape.every((length, axis) => length === variable.shape[axis])
  if (!same && !rules.skipMismatch) {
    const hint = hintOf(rules, 'Pass skipMismatch: true to leave it as it is')
    fail(
      'ERR_SHAPE',
      `${where} ${title}`,
      `shape [${variable.shape.join(', ')}]`,
      { text: `[${shape.join(', ')}]` },
      hint,
    )
  }
  const kept = dtype === variable.dtype || (isFloat(dtype) && isFloat(variable.dtype))
  if (same && !kept && !isCount(variable)) fail('ERR_DTYPE', `${where} ${title}`, variable.dtype, { text: dtype })
  if (same && dtype === 'float64' && variable.dtype === 'float32') checkRange(`${where} ${title}`, value)
  return same
}

/** Refuses numbers that would be infinite in float32 and are not. */
function checkRange(where: string, value: Tensor): void {
  const lost = value.dataSync().find((number) => Number.isFinite(number) && !Number.isFinite(Math.fround(number)))
  if (lost !== undefined) fail('ERR_DATA', where, 'numbers that float32 holds', lost)
}

/** Counters are floats here and integers there. */
const isCount = ({ shape }: Variable): boolean => shape.length === 0

const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64'

function assign(variable: Variable, value: Tensor): void {
  variable.assign(value.dtype === variable.dtype ? value : cast(value, variable.dtype))
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}

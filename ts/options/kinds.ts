/** The kinds of fields that need no other module: numbers, choices, shapes, lists. */

import { fail, show, suggest } from '../errors.js'
import type { WindowLike } from '../ops/fourier.js'
import type { DataType, DType, FloatDType, Json, PartialShape, TypedArray } from '../types.js'
import type { Margin, Nested, Range } from './field-types.js'
import type { FieldSpec, Kind, Kinds } from './fields.js'
import { textOf } from './function-text.js'
import { canonical, snake } from './names.js'
import { isSerialized } from './serialized.js'
import { isDescribing } from './writing.js'

/** `a number in (0, 1]`, from the range of a field. */
function range(noun: string, spec: FieldSpec): string {
  const { min, max, above, below } = spec
  if (min === undefined && max === undefined && above === undefined && below === undefined) return `a finite ${noun}`
  if (max === undefined && below === undefined && noun === 'integer') return `an integer ≥ ${min ?? above}`
  const low = above !== undefined ? `(${above}` : min !== undefined ? `[${min}` : '(-inf'
  const high = below !== undefined ? `${below})` : max !== undefined ? `${max}]` : 'inf)'
  return `${noun === 'integer' ? 'an integer' : `a ${noun}`} in ${low}, ${high}`
}

function inRange(
  value: number,
  { min = -Infinity, max, above = -Infinity, below = Infinity }: FieldSpec,
  most = Infinity,
) {
  return Number.isFinite(value) && value >= min && value <= (max ?? most) && value > above && value < below
}

function checkNumber(value: unknown, where: string, spec: FieldSpec): number {
  if (typeof value === 'number' && inRange(value, spec)) return value
  return fail('ERR_CONFIG', where, range('number', spec), value)
}

export function checkInteger(value: unknown, where: string, spec: FieldSpec): number {
  if (typeof value === 'number' && Number.isInteger(value) && inRange(value, spec, 2 ** 31 - 1)) return value
  return fail('ERR_CONFIG', where, range('integer', spec), value)
}

function checkType<T>(expected: string, test: (value: unknown) => value is T): Kind<T> {
  return {
    check: (value, where) => (test(value) ? value : fail('ERR_CONFIG', where, expected, value)),
  }
}

function checkList<T>(expected: string, test: (value: unknown) => value is T): Kind<readonly T[]> {
  return {
    check(value, where) {
      const list = plainArray(value)
      if (Array.isArray(list) && list.every(test)) return Object.freeze([...(list as T[])])
      return fail('ERR_CONFIG', where, expected, value)
    },
  }
}

/** Typed arrays, and tensors as Keras writes them into configurations, as plain arrays. */
function plainArray(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from<unknown>(value as TypedArray)
  if (isSerialized(value) && /^__(tensor|numpy)__$/.test(value.class_name)) return value.config.value
  return value
}

const windowNames = ['hann', 'hamming'] as const
const isInteger = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value)
const isFiniteNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isLength = (value: unknown): value is number => isInteger(value) && value > 0 && value < 2 ** 31
const isPartialLength = (value: unknown): value is number | null => value === null || isLength(value)
const isMargin = (value: unknown): value is Margin =>
  Array.isArray(value) && value.length === 2 && value.every((side) => isInteger(side) && side >= 0 && side < 2 ** 31)
const isNested = (value: unknown): value is Nested =>
  isFiniteNumber(value) || (Array.isArray(value) && value.every(isNested))
const isString = (value: unknown): value is string => typeof value === 'string'
const isToken = (value: unknown): value is string | number => typeof value === 'string' || isInteger(value)

const choice: Kind<string> = {
  check(value, where, spec) {
    const known = spec.of ?? []
    const found = typeof value === 'string' ? known.find((name) => canonical(name) === canonical(value)) : undefined
    if (found !== undefined) return found
    const hint = typeof value === 'string' ? suggest(value, known) : ''
    return fail('ERR_CONFIG', where, `one of ${known.map(show).join(', ')}`, value, hint)
  },
  toConfig: snake,
}

const axis: Kind<number | readonly number[]> = {
  check(value, where, { nullable = false }) {
    if (isInteger(value)) return value
    // Where there may be no axis at all, Keras writes an empty list.
    if (Array.isArray(value) && (value.length > 0 || nullable) && value.every(isInteger))
      return Object.freeze([...(value as number[])])
    return fail('ERR_CONFIG', where, 'an axis or a list of axes', value)
  },
}

/** One length, or several. */
const widths: Kind<number | readonly number[]> = {
  check(value, where) {
    if (isLength(value)) return value
    if (Array.isArray(value) && value.length > 0 && value.every(isLength))
      return Object.freeze([...(value as number[])])
    return fail('ERR_CONFIG', where, 'an integer ≥ 1, or a list of them', value)
  },
}

/** One number serves all axes. */
const perAxis: Kind<readonly number[]> = {
  check(value, where, { axes = 1, min = 1 }) {
    const all = typeof value === 'number' ? new Array<number>(axes).fill(value) : value
    const fits = (one: unknown): boolean => isInteger(one) && one >= min && one < 2 ** 31
    if (Array.isArray(all) && all.length === axes && all.every(fits)) return Object.freeze([...(all as number[])])
    const expected = axes === 1 ? `an integer ≥ ${min}` : `an integer ≥ ${min}, or ${axes} of them, one an axis`
    return fail('ERR_CONFIG', where, expected, value)
  },
}

/** One number serves both sides of all axes, one an axis both its sides; of a single axis the pair stands alone. */
const margins: Kind<readonly Margin[]> = {
  check(value, where, { axes = 1 }) {
    const listed = axes === 1 && Array.isArray(value) && value.every(isInteger) ? [value] : value
    const each = typeof listed === 'number' ? new Array<number>(axes).fill(listed) : listed
    const pairs = Array.isArray(each) ? each.map((one: unknown) => (isInteger(one) ? [one, one] : one)) : []
    if (pairs.length === axes && pairs.every(isMargin))
      return Object.freeze(pairs.map(([before, after]) => Object.freeze([before, after] as const)))
    const pair = axes === 1 ? 'a pair of them' : `${axes} of them or of pairs of them, one an axis`
    return fail('ERR_CONFIG', where, `an integer ≥ 0, or ${pair}`, value)
  },
  toConfig: (pairs) => (pairs.length === 1 ? pairs[0]! : pairs),
}

/** How windows reach over the edges: by name, or how far over each. */
const paddingKind: Kind<string | readonly Margin[]> = {
  check(value, where, spec) {
    if (typeof value === 'string') return choice.check(value, where, spec)
    if (Array.isArray(value) && value.length > 0 && value.every(isMargin))
      return Object.freeze(value.map(([before, after]) => Object.freeze([before, after] as const)))
    const names = (spec.of ?? []).map(show).join(', ')
    return fail('ERR_CONFIG', where, `one of ${names}, or a pair of integers ≥ 0 for each axis`, value)
  },
}

const numeric: Kind<number | readonly number[]> = {
  check(value, where) {
    if (isFiniteNumber(value)) return value
    if (Array.isArray(value) && value.length > 0 && value.every(isFiniteNumber))
      return Object.freeze([...(value as number[])])
    return fail('ERR_CONFIG', where, 'a finite number or a list of them', value)
  },
}

const rangeKind: Kind<Range> = { check: checkRange }

/** One number `f` stands for `max(−|f|, min)` to `|f|`; else the least and the most, in any order. */
export function checkRange(value: unknown, where: string, spec: Pick<FieldSpec, 'min' | 'max' | 'above'>): Range {
  const given = typeof value === 'number' ? [value] : value
  const good = Array.isArray(given) && (given.length === 1 || given.length === 2)
  if (!good || !given.every((one) => isFiniteNumber(one) && inRange(one, spec as FieldSpec)))
    return fail('ERR_CONFIG', where, `${range('number', spec as FieldSpec)}, or the least and the most`, value)
  const [first, last = first] = given as [number, number?]
  if (typeof value === 'number')
    return Object.freeze([Math.max(-Math.abs(first), spec.min ?? -Infinity), Math.abs(first)] as const)
  return Object.freeze([Math.min(first, last), Math.max(first, last)] as const)
}

/** Keras writes a dtype as a name or as a policy object that holds one. */
function policyName(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { config?: { name?: unknown } }).config?.name : value
}

const dtype: Kind<FloatDType> = {
  check(value, where) {
    const policy = policyName(value)
    if (policy === 'float32' || policy === 'float64') return policy
    return fail('ERR_DTYPE', where, `'float32' or 'float64'`, policy)
  },
}

const outputShape: Kind<number | PartialShape> = {
  check(value, where) {
    if (isLength(value)) return value
    if (Array.isArray(value) && value.every(isPartialLength)) return Object.freeze([...(value as (number | null)[])])
    return fail('ERR_CONFIG', where, 'a length, or a list of lengths with null where the input decides', value)
  },
}

const elementTypes: readonly unknown[] = ['float32', 'float64', 'int32', 'bool'] satisfies DType[]

const elementType: Kind<DType> = {
  check(value, where) {
    const name = policyName(value)
    return elementTypes.includes(name)
      ? (name as DType)
      : fail('ERR_DTYPE', where, `one of ${elementTypes.join(', ')}`, name)
  },
}

const dataTypes: readonly unknown[] = [
  ...elementTypes,
  'string',
  'float16',
  'bfloat16',
  'int8',
  'int16',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
]

const dataType: Kind<DataType> = {
  check(value, where) {
    const name = policyName(value)
    return dataTypes.includes(name)
      ? (name as DataType)
      : fail('ERR_DTYPE', where, `one of ${dataTypes.join(', ')}`, name)
  },
}

const nested: Kind<Nested> = {
  check(value, where) {
    const plain = plainArray(value)
    return isNested(plain)
      ? plain
      : fail('ERR_CONFIG', where, 'a finite number or nested arrays of finite numbers', value)
  },
  toConfig: (value) => value as Json,
}

/** A seed must be an integer that a double holds exactly and is not negative. */
export function checkSeed(where: string, seed: unknown): number {
  const whole = Number.isSafeInteger(seed) && (seed as number) >= 0
  return whole ? (seed as number) : fail('ERR_CONFIG', where, 'a non-negative integer', seed)
}

const textRule: Kind<string | ((text: string) => unknown)> = {
  check: (value, where, spec) =>
    typeof value === 'function' ? (value as (text: string) => unknown) : choice.check(value, where, spec),
  toConfig(value) {
    if (typeof value === 'string') return snake(value)
    if (isDescribing()) return textOf(value)
    return fail('ERR_FORMAT', 'a configuration', 'rules by name', value, 'A function of your own cannot be written')
  },
}

/** A name of a window, or its numbers. */
const windowKind: Kind<WindowLike> = {
  check(value, where) {
    const found = typeof value === 'string' ? windowNames.find((name) => name === canonical(value)) : undefined
    if (found !== undefined) return found
    const own = plainArray(value)
    if (Array.isArray(own) && own.length > 0 && own.every(isFiniteNumber)) return Object.freeze([...(own as number[])])
    return fail('ERR_CONFIG', where, `${windowNames.map(show).join(', ')} or a list of finite numbers`, value)
  },
  toConfig: (value) => value as Json,
}

const vocabulary = checkList('a list of strings or integers', isToken)

const vocabularyOrPath: Kind<string | readonly (string | number)[]> = {
  check: (value, where, spec) =>
    typeof value === 'string' && value !== '' ? value : vocabulary.check(value, where, spec),
}

/** The kinds that need no other module. */
export const primitiveKinds: Kinds = {
  number: { check: checkNumber },
  integer: { check: checkInteger },
  boolean: checkType('true or false', (value): value is boolean => typeof value === 'boolean'),
  string: checkType('a non-empty string', (value): value is string => typeof value === 'string' && value !== ''),
  choice,
  shape: checkList('a list of lengths (positive integers)', isLength),
  partialShape: checkList('a list of lengths (positive integers, null where unknown)', isPartialLength),
  outputShape,
  elementType,
  dataType,
  token: checkType('a string or an integer', isToken),
  textRule,
  text: checkType('a string', isString),
  strings: checkList('a list of strings', isString),
  integers: checkList('a list of integers', isInteger),
  numbers: checkList('a list of finite numbers', isFiniteNumber),
  numeric,
  range: rangeKind,
  nested,
  axis,
  widths,
  perAxis,
  margins,
  padding: paddingKind,
  window: windowKind,
  seed: { check: (value, where) => checkSeed(where, value) },
  signal: {
    check: (value, where) =>
      value instanceof AbortSignal ? value : fail('ERR_CONFIG', where, 'an AbortSignal', value),
  },
  vocabulary,
  vocabularyOrPath,
  dtype,
  given: { check: (value) => value },
}

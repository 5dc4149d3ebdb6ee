/**
 * One declaration of a class's options drives everything: the option types, the checks and their messages, the
 * defaults, and the Keras-compatible configuration in both directions.
 *
 * A class declares a table `{ units: { type: 'integer', min: 1 }, useBias: { type: 'boolean', default: true } } as const`;
 * a field with a default is optional, a field whose default is null may be null.
 */

import type { Activation, ActivationLike } from '../activations.js'
import type { Constraint, ConstraintLike } from '../constraints.js'
import { inspectWith } from '../core/inspect.js'
import { FerrogradError, fail, hintFor, show } from '../errors.js'
import type { InitializerLike } from '../initializers/family.js'
import type { Initializer } from '../initializers/initializer.js'
import type { Regularizer, RegularizerLike } from '../regularizers.js'
import type { LearningRate, Schedule } from '../schedules/schedule.js'
import type { Config, DType, FloatDType, Json, PartialShape, Shape } from '../types.js'
import { camel, canonical, type SnakeCase, type Spelling, snake } from './names.js'
import { isRegistered, registeredClass } from './registry.js'

/** What a user may write for each type of field. */
export interface FieldInputs {
  number: number
  integer: number
  boolean: boolean
  string: string
  choice: string
  shape: Shape
  partialShape: PartialShape
  outputShape: number | PartialShape
  elementType: DType
  integers: readonly number[]
  numbers: readonly number[]
  numeric: number | readonly number[]
  nested: Nested
  axis: number | readonly number[]
  vocabulary: readonly (string | number)[]
  text: string
  dtype: FloatDType
  activation: ActivationLike
  initializer: InitializerLike
  regularizer: RegularizerLike
  constraint: ConstraintLike
  learningRate: LearningRate
}

/** What the class finds in its `options`. */
export interface FieldValues
  extends Omit<FieldInputs, 'activation' | 'initializer' | 'regularizer' | 'constraint' | 'learningRate'> {
  activation: Activation
  initializer: Initializer
  regularizer: Regularizer
  constraint: Constraint
  learningRate: number | Schedule
}

/** A number or nested arrays of numbers. */
export type Nested = number | readonly Nested[]

/** One field: its type, its default if it has one, its range, and its name in Keras where that is not the snake_case of ours. */
export interface FieldSpec {
  readonly type: keyof FieldInputs
  readonly default?: unknown
  readonly nullable?: true
  readonly min?: number
  readonly max?: number
  readonly above?: number
  readonly below?: number
  /** The values of a `choice`, camelCase. */
  readonly of?: readonly string[]
  /** The name in Keras's configuration; `false`: Keras has no such name, it is not written. */
  readonly config?: string | false
  /** Keras reads it but does not write it: written only where it is not the default. */
  readonly quiet?: true
}

/** The fields of a class, by their camelCase names. */
export type FieldTable = Readonly<Record<string, FieldSpec>>

/** No fields of its own. */
// biome-ignore lint/complexity/noBannedTypes: the empty table is what a class without options has
export type NoFields = {}

type OrNull<S> = S extends { readonly default: null } | { readonly nullable: true } ? null : never
type InputOf<S> = S extends { readonly type: 'choice'; readonly of: readonly (infer C extends string)[] }
  ? Spelling<C>
  : S extends { readonly type: infer T extends keyof FieldInputs }
    ? FieldInputs[T]
    : never
type ValueOf<S> = S extends { readonly type: 'choice'; readonly of: readonly (infer C)[] }
  ? C
  : S extends { readonly type: infer T extends keyof FieldValues }
    ? FieldValues[T]
    : never
type OptionalKeys<F> = { [K in keyof F]: F[K] extends { readonly default: unknown } ? K : never }[keyof F]

/** The options a user passes for a table of fields. */
export type OptionsOf<F> = {
  readonly [K in keyof F as K extends OptionalKeys<F> ? never : K]: InputOf<F[K]> | OrNull<F[K]>
} & {
  readonly [K in keyof F as K extends OptionalKeys<F> ? K : never]?: InputOf<F[K]> | OrNull<F[K]>
}

/** The same after checks and defaults. */
export type ValuesOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> | OrNull<F[K]> }

/** Constructor arguments: the options object may be left out where every option has a default. */
export type ArgumentsOf<F> =
  Exclude<keyof F, OptionalKeys<F>> extends never ? [options?: OptionsOf<F>] : [options: OptionsOf<F>]

/** How values of one type are checked and written to a configuration. */
export interface Kind<T> {
  /** Returns the value as the class shall see it, or throws. */
  check(value: unknown, where: string, spec: FieldSpec): T
  toConfig?(value: T): Json
}

/** The kinds a family of classes knows. */
export type Kinds = { readonly [K in keyof FieldValues]?: Kind<FieldValues[K]> }

/** A class that declares fields. */
export interface Configured {
  readonly name: string
  readonly className?: string
  readonly fields?: FieldTable
}

/** The name of a class in Keras's configurations. */
export function classNameOf(type: Configured): string {
  return Object.hasOwn(type, 'className') && type.className !== undefined ? type.className : type.name
}

/** All fields of a class, its ancestors' first. */
export function fieldsOf(type: Configured): FieldTable {
  const parent = Object.getPrototypeOf(type) as Configured | null
  const inherited = typeof parent === 'function' ? fieldsOf(parent) : {}
  return Object.hasOwn(type, 'fields') ? { ...inherited, ...type.fields } : inherited
}

/** Checks `options` against the fields of `type` and fills the defaults in. */
export function resolveOptions(type: Configured, options: unknown, kinds: Kinds): Record<string, unknown> {
  const fields = fieldsOf(type)
  const where = classNameOf(type)
  const given = asRecord(options, where)
  for (const key of Object.keys(given)) if (!Object.hasOwn(fields, key)) unknownOption(where, key, Object.keys(fields))
  const values: Record<string, unknown> = {}
  for (const [key, spec] of Object.entries(fields)) values[key] = resolveField(given, key, spec, where, kinds)
  return values
}

/** The configuration of an object, as Keras writes it. */
export function configOf(type: Configured, options: Readonly<Record<string, unknown>>, kinds: Kinds): Config {
  const config: Record<string, Json> = {}
  for (const [key, spec] of Object.entries(fieldsOf(type))) {
    if (spec.config === false || (spec.quiet === true && options[key] === spec.default)) continue
    config[configName(key, spec)] = writeField(options[key], spec, kinds)
  }
  return config
}

/** Options out of a Keras configuration: names turned, what Keras adds and we do not need left out. */
export function optionsFromConfig(type: Configured, config: Config): Record<string, unknown> {
  const fields = fieldsOf(type)
  const byName = new Map(Object.entries(fields).map(([key, spec]) => [configName(key, spec), key]))
  const options: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(config)) {
    const key = byName.get(name) ?? (Object.hasOwn(fields, camel(name)) ? camel(name) : undefined)
    if (key === undefined) unknownConfig(type, name, value, [...byName.keys()])
    else if (!isDefaulted(fields[key], value)) options[key] = value
  }
  return options
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
  'ragged',
  'sparse',
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

function asRecord(options: unknown, where: string): Readonly<Record<string, unknown>> {
  if (options === undefined) return {}
  const plain =
    typeof options === 'object' && options !== null && !Array.isArray(options) && !ArrayBuffer.isView(options)
  if (!plain) fail('ERR_CONFIG', where, 'an options object', options)
  return options as Readonly<Record<string, unknown>>
}

function unknownOption(where: string, key: string, known: readonly string[]): never {
  const hint = hintFor(key, known).replace(/^d/, 'D')
  throw new FerrogradError('ERR_CONFIG', `${where}: unknown option '${key}'. ${hint}`, { where, received: key, hint })
}

function resolveField(
  given: Readonly<Record<string, unknown>>,
  key: string,
  spec: FieldSpec,
  where: string,
  kinds: Kinds,
): unknown {
  const present = Object.hasOwn(given, key)
  if (!present && !('default' in spec))
    throw new FerrogradError('ERR_CONFIG', `${where}.${key}: is required`, { where: `${where}.${key}` })
  const value = present ? given[key] : spec.default
  if (value === null && (spec.default === null || spec.nullable === true)) return null
  return kindOf(spec, kinds).check(value, `${where}.${key}`, spec)
}

function writeField(value: unknown, spec: FieldSpec, kinds: Kinds): Json {
  if (value === null || value === undefined) return null
  const kind = kindOf(spec, kinds)
  return kind.toConfig ? kind.toConfig(value) : (value as Json)
}

function kindOf(spec: FieldSpec, kinds: Kinds): Kind<unknown> {
  const kind = kinds[spec.type] as Kind<unknown> | undefined
  return kind ?? fail('ERR_INTERNAL', 'fields', `one of the kinds ${Object.keys(kinds).join(', ')}`, spec.type)
}

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
  { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity }: FieldSpec,
): boolean {
  return Number.isFinite(value) && value >= min && value <= max && value > above && value < below
}

function checkNumber(value: unknown, where: string, spec: FieldSpec): number {
  if (typeof value === 'number' && inRange(value, spec)) return value
  return fail('ERR_CONFIG', where, range('number', spec), value)
}

function checkInteger(value: unknown, where: string, spec: FieldSpec): number {
  const bounded = { max: 2 ** 31 - 1, ...spec }
  if (typeof value === 'number' && Number.isInteger(value) && inRange(value, bounded)) return value
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
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>)
  if (isSerialized(value) && /^__(tensor|numpy)__$/.test(value.class_name)) return value.config.value
  return value
}

const isInteger = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value)
const isFiniteNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isLength = (value: unknown): value is number => isInteger(value) && value > 0 && value < 2 ** 31
const isPartialLength = (value: unknown): value is number | null => value === null || isLength(value)
const isNested = (value: unknown): value is Nested =>
  isFiniteNumber(value) || (Array.isArray(value) && value.every(isNested))
const isToken = (value: unknown): value is string | number => typeof value === 'string' || isInteger(value)

const choice: Kind<string> = {
  check(value, where, spec) {
    const known = spec.of ?? []
    const found = typeof value === 'string' ? known.find((name) => canonical(name) === canonical(value)) : undefined
    return found ?? fail('ERR_CONFIG', where, `one of ${known.map(show).join(', ')}`, value, hintFor(value, known))
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

const numeric: Kind<number | readonly number[]> = {
  check(value, where) {
    if (isFiniteNumber(value)) return value
    if (Array.isArray(value) && value.length > 0 && value.every(isFiniteNumber))
      return Object.freeze([...(value as number[])])
    return fail('ERR_CONFIG', where, 'a finite number or a list of them', value)
  },
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

const nested: Kind<Nested> = {
  check(value, where) {
    const plain = plainArray(value)
    return isNested(plain)
      ? plain
      : fail('ERR_CONFIG', where, 'a finite number or nested arrays of finite numbers', value)
  },
  toConfig: (value) => value as Json,
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
  text: checkType('a string', (value): value is string => typeof value === 'string'),
  integers: checkList('a list of integers', isInteger),
  numbers: checkList('a list of finite numbers', isFiniteNumber),
  numeric,
  nested,
  axis,
  vocabulary: checkList('a list of strings or integers', isToken),
  dtype,
}

/** Base of every class with declared fields. */
export abstract class Configurable<F extends FieldTable = NoFields> {
  static readonly className?: string
  static readonly fields?: FieldTable
  /** The options given, checked, with the defaults filled in. */
  readonly options: ValuesOf<F>
  readonly #kinds: Kinds

  constructor(options: unknown, kinds: Kinds = primitiveKinds) {
    this.#kinds = kinds
    this.options = resolveOptions(new.target, options, kinds) as ValuesOf<F>
  }

  static {
    inspectWith(Configurable, (object) => `${object.className}(${givenOptions(object)})`)
  }

  /** The name of this object's class in Keras. */
  get className(): string {
    return classNameOf(this.constructor as Configured)
  }

  /** Keras's configuration of this object: plain JSON with snake_case names. */
  getConfig(): Config {
    return configOf(this.constructor as Configured, this.options as Readonly<Record<string, unknown>>, this.#kinds)
  }
}

/** The options that are not the defaults, for people: `units: 3, activation: relu`. */
export function givenOptions(object: Configurable<FieldTable>): string {
  const options = object.options as Readonly<Record<string, unknown>>
  const given = Object.entries(fieldsOf(object.constructor as Configured)).filter(
    ([key, spec]) => key !== 'name' && !isDefault(options[key], spec.default),
  )
  return given.map(([key]) => `${key}: ${nameOf(options[key])}`).join(', ')
}

/** A default is written as a user would: an activation or an initializer by its name. */
function isDefault(value: unknown, written: unknown): boolean {
  if (value === written) return true
  return typeof written === 'string' && canonical(nameOf(value)) === canonical(written)
}

function nameOf(value: unknown): string {
  if (typeof value === 'function') return value.name
  return value instanceof Configurable ? value.className : show(value)
}

/** A serialized object as Keras 3 writes it. */
export interface Serialized {
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
export function serializeAs(module: string, object: Configurable<FieldTable>): Json {
  const custom = isRegistered(object.constructor as Configured)
  const registered = custom ? `Custom>${object.className}` : null
  return {
    module: custom ? null : module,
    class_name: object.className,
    config: object.getConfig(),
    registered_name: registered,
  }
}

/** A class of a family that can be made from options. */
export type ClassOf<T> = Configured & (new (options: never) => T)

/**
 * Makes an object of a family out of what a user or a configuration may write: an instance, a name in any spelling
 * (an alias too), or a serialized object.
 */
export function resolveObject<T>(value: unknown, where: string, family: Family<T>): T {
  if (family.is(value)) return value
  if (typeof value === 'string') return construct(findClass(value, where, family), undefined)
  if (!isSerialized(value)) {
    const hint = isClass(value) ? `Make one: new ${value.name}(…)` : undefined
    return fail('ERR_CONFIG', where, expectedOf(family), value, hint)
  }
  const type = findClass(classNameIn(value), where, family, 'A class of your own: registerClass first. ')
  return construct(type, optionsFromConfig(type, value.config ?? {}))
}

/** Whether a function is one of our classes, or of those that extend them, and not a plain function. */
export function isClass(value: unknown): value is ClassOf<object> & { readonly name: string } {
  return typeof value === 'function' && value.prototype instanceof Configurable
}

/** A hint that begins a sentence where another stands before it. */
function sentence(hint: string, before: string): string {
  return before === '' ? hint : hint.replace(/^d/, 'D')
}

function expectedOf({ noun }: Family<unknown>): string {
  return noun.includes(':') ? noun : `${noun}: a name or an instance`
}

/** A closed set of classes by name, with the other names they go by. */
export interface Family<T> {
  /** `'an initializer'` */
  readonly noun: string
  /** `'keras.initializers'` */
  readonly module: string
  readonly classes: Readonly<Record<string, ClassOf<T>>>
  readonly aliases?: Readonly<Record<string, string>>
  is(value: unknown): value is T
}

/** The class of a name: the family's own, else one of the user's that belongs to it; `Custom>Name` is the user's. */
export function findClass<T>(name: string, where: string, family: Family<T>, hint = ''): ClassOf<T> {
  const known = [...Object.keys(family.classes), ...Object.keys(family.aliases ?? {})]
  const key = known.find((candidate) => canonical(candidate) === canonical(name))
  const type = key === undefined ? ownClass(name, family) : family.classes[family.aliases?.[key] ?? key]
  return type ?? fail('ERR_CONFIG', where, family.noun, name, `${hint}${sentence(hintFor(name, known), hint)}`)
}

function ownClass<T>(name: string, family: Family<T>): ClassOf<T> | undefined {
  const type = registeredClass(name)
  const belongs = type !== undefined && family.is((type as unknown as { prototype: unknown }).prototype)
  return belongs ? (type as ClassOf<T>) : undefined
}

/** The name to find a serialized object's class by: where it says so, that of the user's. */
export function classNameIn(object: Serialized): string {
  return object.registered_name?.includes('>') ? object.registered_name : object.class_name
}

/** `new type(options)`; the options are checked at run time by the class itself. */
export function construct<T>(type: ClassOf<T>, options: unknown): T {
  return new type(options as never)
}

export type { SnakeCase, Spelling }

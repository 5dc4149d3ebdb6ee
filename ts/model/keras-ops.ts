/**
 * The ops as Keras's functional graphs name them: classes whose settings are a configuration, called with tensors. What
 * Keras cannot be told (ops of ours alone, options that its class lacks, tensors as settings) is a class of the module
 * `ferrograd`, called with all that our op was given; Keras refuses it by name.
 */

import * as activations from '../activations.js'
import { isNamed, leavesOf } from '../core/structure.js'
import { isSymbolic } from '../core/symbolic-tensor.js'
import { Tensor } from '../core/tensor.js'
import { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import { camel, snake } from '../options/names.js'
import type { Serialized } from '../options/serialized.js'
import type { Json } from '../types.js'
import { aliases, type KerasOp, ours, table } from './keras-op-table.js'

const byClass: ReadonlyMap<string, string> = new Map([
  ...Object.entries(table).map(([name, { className }]) => [className, name] as const),
  ...Object.entries(aliases),
])

/** A call of an op: a class with a configuration, and what its `call` gets. */
export interface KerasCall {
  readonly className: string
  readonly module: string
  readonly config: Readonly<Record<string, unknown>>
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

/** One of our calls as Keras would make it, or as a class of ours where Keras has none that can be told all of it. */
export function toKeras(name: string, args: readonly unknown[]): KerasCall {
  checkData(name, args)
  const [entry, given] = entryOf(name, args)
  const op = Object.hasOwn(table, entry) ? table[entry] : undefined
  return (op && callOfKeras(op, given)) ?? callOfOurs(name, args)
}

/** The entry of the table for a call, and the arguments that this has: some of our ops are several of Keras's, or parts. */
function entryOf(name: string, args: readonly unknown[]): [entry: string, args: readonly unknown[]] {
  if (name === 'relu' && args[1] !== undefined) return ['reLU', args]
  if (name === 'gather') return ['take', [args[0], args[1], { axis: 0, ...(args[2] as object | undefined) }]]
  return name === 'slice' ? partOf(args[0], args[1] as ops.SliceOptions) : [name, args]
}

/** Functions are no data: a file cannot hold them. */
function checkData(name: string, args: readonly unknown[]): void {
  const [code] = leavesOf(args, (one): one is object => typeof one === 'function')
  if (code !== undefined)
    fail('ERR_FORMAT', `ops.${name}`, 'arguments that a file can hold', code, 'Call it in a layer of your own')
}

/** A call of a class of Keras's; undefined where it cannot be told all. */
function callOfKeras(op: KerasOp, args: readonly unknown[]): KerasCall | undefined {
  const { call, settings = {}, options = {}, told = [], fixed = {}, first, named, swapped, className } = op
  const module = `keras.src.${op.module}`
  if (first !== undefined) return { className, module, config: { [first]: args[0] }, args: args.slice(1), kwargs: {} }
  const names = Object.keys(settings)
  const last = args[call.length + names.length]
  const given = (named === undefined ? (last ?? {}) : {}) as Readonly<Record<string, unknown>>
  if (!knowsAll(given, [...Object.keys(options), ...told])) return undefined
  const config = {
    ...fixed,
    ...Object.fromEntries(names.map((key, i) => [key, args[call.length + i] ?? settings[key] ?? null])),
    ...Object.fromEntries(
      Object.entries(options).map(([key, otherwise]) => [key, spelt(given[camel(key)], otherwise)]),
    ),
  }
  if (leavesOf(config, isTensor).length > 0) return undefined
  const kwargs =
    named === undefined ? Object.fromEntries(told.map((key) => [key, given[key] ?? null])) : { [named]: last ?? null }
  return { className, module, config, args: turned(args.slice(0, call.length), swapped), kwargs }
}

/** A call of an op with all that it was given: its options by name, the rest in order. */
function callOfOurs(name: string, args: readonly unknown[]): KerasCall {
  const options =
    isNamed(args.at(-1)) && args.length > 1 ? (args.at(-1) as Readonly<Record<string, unknown>>) : undefined
  const kwargs = Object.entries(options ?? {}).filter(([, value]) => value !== undefined)
  return {
    className: name[0]!.toUpperCase() + name.slice(1),
    module: OURS,
    config: {},
    args: options === undefined ? args : args.slice(0, -1),
    kwargs: Object.fromEntries(kwargs.map(([key, value]) => [snake(key), value])),
  }
}

/** The module of the ops that Keras cannot be told. */
const OURS = 'ferrograd'

/** Whether all options that mean something are among those of `known`. */
function knowsAll(given: Readonly<Record<string, unknown>>, known: readonly string[]): boolean {
  const names = new Set(known.map(camel))
  return Object.entries(given).every(([key, value]) => value === undefined || value === false || names.has(key))
}

/** An option as Keras spells it. */
function spelt(value: unknown, otherwise: Json | undefined): unknown {
  if (value === undefined) return otherwise
  return typeof value === 'string' ? snake(value) : value
}

function isTensor(value: unknown): value is object {
  return value instanceof Tensor || value instanceof Variable || isSymbolic(value) || ArrayBuffer.isView(value)
}

/** The first two the other way round. */
function turned<T>(args: readonly T[], swapped = false): readonly T[] {
  return swapped ? [args[1]!, args[0]!, ...args.slice(2)] : args
}

/** What of `given` is there, by the names of `told`. */
function toldIn(given: Readonly<Record<string, unknown>>, told: readonly string[]): Record<string, unknown> {
  const known = told.filter((key) => given[key] !== undefined && given[key] !== null)
  return Object.fromEntries(known.map((key) => [key, given[key]]))
}

/** A part whose lengths are all said, from places counted from the front, is Keras's `slice`; others are those of a key. */
function partOf(x: unknown, { begin, size, step }: ops.SliceOptions): [entry: string, args: readonly unknown[]] {
  const counted = (list: readonly number[] | null | undefined): boolean => list?.every((one) => one >= 0) ?? false
  if (counted(begin) && counted(size) && (step?.every((one) => one === 1) ?? true))
    return ['sliceOfLengths', [x, begin, size]]
  return ['getItem', [x, begin.map((start, axis) => stretch(start, size?.[axis] ?? -1, step?.[axis] ?? 1))]]
}

/** `start : start + length · step : step`; a bound that would count from the other end is left out. */
function stretch(start: number, length: number, step: number): ops.Stretch {
  const stop = start + length * step
  return { start, stop: length < 0 || stop < 0 !== start < 0 ? null : stop, step }
}

/** What a call of the op `name` reads, in the order in which Keras's class is given it. */
export function inOrder<T>(name: string, sources: readonly T[]): readonly T[] {
  const { swapped } = Object.hasOwn(table, name) ? table[name]! : {}
  return swapped && sources.length === 2 ? turned(sources, true) : sources
}

/** Which of our outputs Keras's output `index` is, or the other way round. */
export function outputIndex(name: string, index: number): number {
  return Object.hasOwn(table, name) ? (table[name]!.outputs?.[index] ?? index) : index
}

/** Whether a serialized object is an op, and not a layer. */
export function isKerasOp(json: { readonly module?: unknown }): boolean {
  const { module } = json
  return typeof module === 'string' && (module === OURS || /^keras\.src\.(ops|activations)\./.test(module))
}

/** The class that an op was read from, where it computes the same as the one that we would name. */
export function classOf(name: string, className: string, readFrom: string): string {
  return aliases[readFrom] === name ? readFrom : className
}

type Values = Readonly<Record<string, unknown>>

/** An op out of a file: how Keras's outputs are counted, and how it is called with what Keras's `call` got. */
export interface OpOfFile {
  readonly outputIndex: (index: number) => number
  readonly call: (args: readonly unknown[], kwargs: Values) => unknown
}

/** The op of a serialized object. */
export function opFrom({ module, class_name: className, config }: Serialized, where: string): OpOfFile {
  if (module === OURS) return { outputIndex: (index) => index, call: ownOp(className, where) }
  const name = byClass.get(className) ?? fail('ERR_FORMAT', where, 'an op that is here too', className)
  checkFixed(table[name]!, config, where)
  return {
    outputIndex: (index) => outputIndex(name, index),
    call: (args, kwargs) => functions[name]!(...fromKeras(table[name]!, config, args, kwargs)),
  }
}

/** A class of ours, called as our op is. */
function ownOp(className: string, where: string): OpOfFile['call'] {
  const name = className.charAt(0).toLowerCase() + className.slice(1)
  if (!ours.includes(name) && !Object.hasOwn(table, name)) fail('ERR_FORMAT', where, 'an op of ferrograd', className)
  return (args, kwargs) => {
    const options = Object.entries(kwargs).map(([key, value]) => [camel(key), value])
    return functions[name]!(...args, ...(options.length === 0 ? [] : [Object.fromEntries(options)]))
  }
}

function checkFixed({ fixed = {} }: KerasOp, config: Values, where: string): void {
  for (const [key, only] of Object.entries(fixed))
    if (key in config && JSON.stringify(config[key]) !== JSON.stringify(only))
      fail('ERR_FORMAT', `${where}.${key}`, JSON.stringify(only), config[key])
}

/** Our arguments for a class of Keras's, its configuration and what its `call` gets. */
function fromKeras(op: KerasOp, config: Values, args: readonly unknown[], kwargs: Values): unknown[] {
  const { call, settings = {}, options = {}, told = [], first, named, swapped } = op
  if (first !== undefined) return [config[first], ...args]
  const ordered = turned(args, swapped)
  const placed = call.map((key, i) => ordered[i] ?? kwargs[key])
  const set = Object.keys(settings).map((key) => config[key] ?? undefined)
  if (named !== undefined) return [...placed, ...set, kwargs[named] ?? undefined]
  if (Object.keys(options).length === 0) return [...placed, ...set]
  const given = Object.entries(options)
    // Null is what is not given, or says none of what there is else.
    .filter(([key, otherwise]) => config[key] !== undefined && config[key] !== otherwise)
    .map(([key]) => [camel(key), config[key]])
  return [...placed, ...set, { ...Object.fromEntries(given), ...toldIn(kwargs, told) }]
}

/** Our ops, by the names of the table. */
const functions = {
  ...activations,
  ...ops.image,
  ...ops,
  relu: activations.relu,
  reLU: activations.relu,
  sliceOfLengths: (x: Tensor, begin: readonly number[], size: readonly number[]) => ops.slice(x, { begin, size }),
} as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

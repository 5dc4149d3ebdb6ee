/** The ops as Keras's functional graphs name them: classes whose settings are a configuration, called with tensors. */

import { fail } from '../errors.js'
import * as ops from '../ops.js'
import { camel } from '../options/names.js'
import type { Json } from '../types.js'

/** One of our ops as a class of Keras's. */
interface KerasOp {
  readonly className: string
  readonly module: 'numpy' | 'nn' | 'math' | 'core'
  /** Our first arguments, by Keras's names: those of its `call`. */
  readonly call: readonly string[]
  /** Our next arguments, by the names of Keras's configuration; their defaults, undefined where there is none. */
  readonly settings?: Readonly<Record<string, Json | undefined>>
  /** Our options object, the last argument, in the same way. */
  readonly options?: Readonly<Record<string, Json>>
  /** Of our options those that Keras's `call` gets by name. */
  readonly told?: readonly string[]
  /** What Keras can be told that we cannot: the only value there is. */
  readonly fixed?: Readonly<Record<string, Json>>
  /** Our last argument, by the name by which Keras's `call` gets it. */
  readonly named?: string
  /** Our first argument, where it is no tensor, by the name of Keras's configuration; then come any number of tensors. */
  readonly first?: string
  /** Which of our outputs each of Keras's is, where they are in another order. */
  readonly outputs?: readonly number[]
}

const numpy = (className: string, call: string, more: Partial<KerasOp> = {}): KerasOp => ({
  className,
  module: 'numpy',
  call: call.split(' '),
  ...more,
})
const unary = (className: string, module: KerasOp['module'] = 'numpy'): KerasOp => ({ className, module, call: ['x'] })
const binary = (className: string): KerasOp => numpy(className, 'x1 x2')
const reduction = (className: string, more: Partial<KerasOp> = {}): KerasOp =>
  numpy(className, 'x', { options: { axis: null, keepdims: false }, ...more })

const segments = (className: string): KerasOp => ({
  className,
  module: 'math',
  call: ['data', 'segment_ids'],
  options: { num_segments: null, sorted: false },
})

const table: Readonly<Record<string, KerasOp>> = {
  add: binary('Add'),
  subtract: binary('Subtract'),
  multiply: binary('Multiply'),
  divide: binary('Divide'),
  floorDivide: binary('FloorDivide'),
  mod: binary('Mod'),
  arctan2: binary('Arctan2'),
  power: binary('Power'),
  maximum: binary('Maximum'),
  minimum: binary('Minimum'),
  equal: binary('Equal'),
  notEqual: binary('NotEqual'),
  less: binary('Less'),
  lessEqual: binary('LessEqual'),
  greater: binary('Greater'),
  greaterEqual: binary('GreaterEqual'),
  logicalAnd: binary('LogicalAnd'),
  logicalOr: binary('LogicalOr'),
  matmul: binary('Matmul'),
  dot: binary('Dot'),
  logicalNot: unary('LogicalNot'),
  negative: unary('Negative'),
  abs: unary('Absolute'),
  sign: unary('Sign'),
  floor: unary('Floor'),
  ceil: unary('Ceil'),
  round: numpy('Round', 'x', { fixed: { decimals: 0 } }),
  trunc: unary('Trunc'),
  square: unary('Square'),
  sqrt: unary('Sqrt'),
  rsqrt: unary('Rsqrt', 'math'),
  reciprocal: unary('Reciprocal'),
  exp: unary('Exp'),
  expm1: unary('Expm1'),
  log: unary('Log'),
  log1p: unary('Log1p'),
  sin: unary('Sin'),
  cos: unary('Cos'),
  tanh: unary('Tanh'),
  sigmoid: unary('Sigmoid', 'nn'),
  erf: unary('Erf', 'math'),
  softplus: unary('Softplus', 'nn'),
  relu: unary('Relu', 'nn'),
  isNan: unary('Isnan'),
  isFinite: unary('Isfinite'),
  where: numpy('Where', 'condition x1 x2'),
  stopGradient: { className: 'StopGradient', module: 'core', call: ['variable'] },
  clip: numpy('Clip', 'x', { settings: { x_min: undefined, x_max: undefined } }),
  sum: reduction('Sum'),
  prod: reduction('Prod', { fixed: { dtype: null } }),
  max: reduction('Max', { fixed: { initial: null } }),
  min: reduction('Min', { fixed: { initial: null } }),
  mean: reduction('Mean'),
  variance: reduction('Var'),
  std: reduction('Std'),
  any: reduction('Any'),
  all: reduction('All'),
  segmentSum: segments('SegmentSum'),
  segmentMax: segments('SegmentMax'),
  logsumexp: reduction('Logsumexp', { module: 'math' }),
  argmax: numpy('Argmax', 'x', { options: { axis: null }, fixed: { keepdims: false } }),
  argmin: numpy('Argmin', 'x', { options: { axis: null }, fixed: { keepdims: false } }),
  cumsum: numpy('Cumsum', 'x', { options: { axis: null }, fixed: { dtype: null } }),
  cumprod: numpy('Cumprod', 'x', { options: { axis: null }, fixed: { dtype: null } }),
  sort: numpy('Sort', 'x', { options: { axis: -1 } }),
  argsort: numpy('Argsort', 'x', { options: { axis: -1 } }),
  topK: {
    className: 'TopK',
    module: 'math',
    call: ['x'],
    settings: { k: undefined },
    fixed: { sorted: true },
    outputs: [1, 0],
  },
  softmax: { className: 'Softmax', module: 'nn', call: ['x'], options: { axis: -1 } },
  logSoftmax: { className: 'LogSoftmax', module: 'nn', call: ['x'], options: { axis: -1 } },
  dotProductAttention: {
    className: 'DotProductAttention',
    module: 'nn',
    call: ['query', 'key', 'value'],
    options: { is_causal: false, flash_attention: null, attn_logits_soft_cap: null },
    told: ['bias', 'mask', 'scale'],
  },
  tensordot: numpy('Tensordot', 'x1 x2', { options: { axes: 2 } }),
  einsum: { className: 'Einsum', module: 'numpy', call: [], first: 'subscripts' },
  cast: { className: 'Cast', module: 'core', call: ['x'], settings: { dtype: undefined } },
  reshape: numpy('Reshape', 'x', { settings: { newshape: undefined } }),
  transpose: numpy('Transpose', 'x', { settings: { axes: null } }),
  expandDims: numpy('ExpandDims', 'x', { settings: { axis: undefined } }),
  squeeze: numpy('Squeeze', 'x', { settings: { axis: null } }),
  broadcastTo: numpy('BroadcastTo', 'x', { settings: { shape: undefined } }),
  concatenate: numpy('Concatenate', 'xs', { options: { axis: 0 } }),
  stack: numpy('Stack', 'x', { options: { axis: 0 } }),
  split: numpy('Split', 'x', { settings: { indices_or_sections: undefined }, options: { axis: 0 } }),
  getItem: numpy('GetItem', 'x key'),
  flip: numpy('Flip', 'x', { options: { axis: null } }),
  pad: numpy('Pad', 'x', {
    settings: { pad_width: undefined },
    fixed: { mode: 'constant' },
    named: 'constant_values',
  }),
  tile: numpy('Tile', 'x', { settings: { repeats: undefined } }),
  repeat: numpy('Repeat', 'x', { settings: { repeats: undefined }, options: { axis: null } }),
  take: numpy('Take', 'x indices', { options: { axis: null } }),
  takeAlongAxis: numpy('TakeAlongAxis', 'x indices', { options: { axis: null } }),
  oneHot: {
    className: 'OneHot',
    module: 'nn',
    call: ['x'],
    settings: { num_classes: undefined, dtype: null },
    fixed: { axis: -1, sparse: false },
  },
  zerosLike: numpy('ZerosLike', 'x', { fixed: { dtype: null } }),
  onesLike: numpy('OnesLike', 'x', { fixed: { dtype: null } }),
  tril: numpy('Tril', 'x', { settings: { k: 0 } }),
  triu: numpy('Triu', 'x', { settings: { k: 0 } }),
}

/** Other classes that compute the same. */
const aliases: Readonly<Record<string, string>> = { TrueDivide: 'divide' }

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

/** One of our calls as Keras would make it. */
export function toKeras(name: string, args: readonly unknown[]): KerasCall {
  if (name === 'slice') return toKeras('getItem', [args[0], itemOf(args[1] as ops.SliceOptions)])
  const op = table[name]
  if (op === undefined) return fail('ERR_FORMAT', `ops.${name}`, 'an op that Keras has', { text: 'none' })
  const { call, settings = {}, options = {}, told = [], fixed = {}, module: file, first, named, className } = op
  const module = `keras.src.ops.${file}`
  if (first !== undefined) return { className, module, config: { [first]: args[0] }, args: args.slice(1), kwargs: {} }
  const names = Object.keys(settings)
  const last = args[call.length + names.length]
  const given = (named === undefined ? (last ?? {}) : {}) as Readonly<Record<string, unknown>>
  checkOptions(name, given, [...Object.keys(options), ...told])
  const config = {
    ...fixed,
    ...Object.fromEntries(names.map((key, i) => [key, args[call.length + i] ?? settings[key] ?? null])),
    ...Object.fromEntries(Object.keys(options).map((key) => [key, given[camel(key)] ?? options[key]])),
  }
  const kwargs = named === undefined ? toldIn(given, told) : { [named]: last ?? null }
  return { className, module, config, args: args.slice(0, call.length), kwargs }
}

/** What an option means that Keras does not have: nothing, as long as it is not set. */
function checkOptions(name: string, given: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  for (const [key, value] of Object.entries(given))
    if (value !== undefined && value !== false && !known.some((one) => camel(one) === key))
      fail('ERR_FORMAT', `ops.${name} ${key}`, 'an option that Keras has', value)
}

/** What of `given` is there, by the names of `told`. */
function toldIn(given: Readonly<Record<string, unknown>>, told: readonly string[]): Record<string, unknown> {
  const known = told.filter((key) => given[key] !== undefined && given[key] !== null)
  return Object.fromEntries(known.map((key) => [key, given[key]]))
}

/** `x[begin : begin + size · step : step]`, axis by axis. */
function itemOf({ begin, size, step }: ops.SliceOptions): unknown[] {
  return begin.map((start, axis) => {
    const [length, by] = [size?.[axis] ?? -1, step?.[axis] ?? 1]
    return { start, stop: length < 0 ? null : start + length * by, step: by }
  })
}

/** Which of our outputs Keras's output `index` is, or the other way round. */
export function outputIndex(name: string, index: number): number {
  return table[name]?.outputs?.[index] ?? index
}

/** Whether a serialized object is an op, and not a layer. */
export function isKerasOp(json: { readonly module?: unknown }): boolean {
  return typeof json.module === 'string' && json.module.startsWith('keras.src.ops.')
}

/** Our name of a class of Keras's. */
export function opNamed(className: string, where: string): string {
  return byClass.get(className) ?? fail('ERR_FORMAT', where, 'an op that is here too', className)
}

/** The class that an op was read from, where it computes the same as the one that we would name. */
export function classOf(name: string, className: string, readFrom: string): string {
  return aliases[readFrom] === name ? readFrom : className
}

/** Our arguments for a class of Keras's, its configuration and what its `call` gets. */
export function fromKeras(
  name: string,
  config: Readonly<Record<string, unknown>>,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  where: string,
): unknown[] {
  const { call, settings = {}, options = {}, told = [], fixed = {}, first, named } = table[name]!
  if (first !== undefined) return [config[first], ...args]
  for (const [key, only] of Object.entries(fixed))
    if (key in config && JSON.stringify(config[key]) !== JSON.stringify(only))
      fail('ERR_FORMAT', `${where}.${key}`, JSON.stringify(only), config[key])
  const placed = call.map((key, i) => args[i] ?? kwargs[key])
  const set = Object.keys(settings).map((key) => config[key] ?? undefined)
  const given = Object.keys(options)
    .filter((key) => config[key] !== undefined && config[key] !== null)
    .map((key) => [camel(key), config[key]])
  if (named !== undefined) return [...placed, ...set, kwargs[named] ?? undefined]
  return [
    ...placed,
    ...set,
    ...(Object.keys(options).length === 0 ? [] : [{ ...Object.fromEntries(given), ...toldIn(kwargs, told) }]),
  ]
}

/** Our op of a name, on symbolic tensors. */
export function callOp(name: string, args: readonly unknown[]): unknown {
  return (ops as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>)[name]!(...args)
}

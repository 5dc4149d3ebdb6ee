/** From the arguments of a call to columns: numbers for each input, output and weight, checked against the model. */

import { floatx } from '../config.js'
import { type Items, readNested } from '../core/nested.js'
import { sizeOf } from '../core/shapes.js'
import { alone, isNamed } from '../core/structure.js'
import { lent, Tensor } from '../core/tensor.js'
import { placeholder } from '../core/trace.js'
import { type Column, isDataLike, isShaped, toColumn, type Wanted } from '../data/marshal.js'
import { FerrogradError, fail, hintFor } from '../errors.js'
import type { Layer } from '../layers/layer.js'
import { textReader } from '../model/graph.js'
import { isOptional } from '../model/input.js'
import type { Model } from '../model/model.js'
import type { NestedTexts, PartialShape, Shape } from '../types.js'
import { classWeightColumn } from './class-weight.js'
import type { ClassWeight } from './data-types.js'
import { mapColumns, outputShapes } from './shapes.js'

/** The columns of some samples; an output may have no targets, and no weights. */
export interface BatchData {
  readonly rows: number
  /** An optional input may have none. */
  readonly x: readonly (Column | undefined)[]
  /** The names of `x`, where a subclass is given its inputs by name. */
  readonly names: readonly string[] | undefined
  readonly y: readonly (Column | undefined)[]
  readonly weights: readonly (Column | undefined)[]
}

/** The arguments as they were passed. */
export interface RawData {
  readonly x: unknown
  readonly y?: unknown
  readonly sampleWeight?: unknown
  readonly classWeight?: ClassWeight | undefined
  /** The samples from this share on are validated with: class weights are not theirs. */
  readonly validationSplit?: number | undefined
}

/** How many of `rows` samples are trained on, the others being a validation tail. */
export function trainingRows(rows: number, validationSplit: number): number {
  // 10 · (1 − 0.8) is 1.9999999999999996 in floats.
  return Math.floor(Number((rows * (1 - validationSplit)).toPrecision(12)))
}

/** Copies and checks everything; builds the model if this is the first data it sees. `where` is the call, e.g. `fit`. */
export function prepareData(model: Model, where: string, raw: RawData, targets: 'targets' | 'none'): BatchData {
  const { x, names } = inputColumns(model, where, raw.x)
  const rows = rowsOf(`${where}.x`, x)
  const inputs = arrangedInputs(x, names)
  buildFor(model, where, inputs)
  if (targets === 'none') return { rows, x, names, y: [], weights: [] }
  const shapes = outputShapes(model, inputs)
  const y = targetColumns(model, where, raw.y, shapes, rows)
  return { rows, x, names, y, weights: weightColumns(model, where, raw, y, rows) }
}

/** All columns that are there, in the order of a program's inputs. */
export function columnsOf({ x, y, weights }: BatchData): Column[] {
  return [...x, ...y, ...weights].filter((column) => column !== undefined)
}

/** The columns of a batch as tensors. */
export function tensorsOf(data: BatchData): Tensor[] {
  return columnsOf(data).map(({ values, shape, dtype }) => lent(values, shape, dtype))
}

/** How many samples the inputs have: all that are there as many. */
function rowsOf(where: string, x: readonly (Column | undefined)[]): number {
  const rows = x.find((column) => column !== undefined)?.shape[0]
  if (rows === undefined) return fail('ERR_DATA', where, 'data for at least one input', { text: 'none' })
  for (const [i, column] of x.entries()) if (column) sameRows(argument(where, i, x.length), column, rows)
  return rows
}

type Inputs = Pick<BatchData, 'x' | 'names'>

function inputColumns(model: Model, where: string, x: unknown): Inputs {
  if (model.graph === undefined && isByName(x)) return namedColumns(model, `${where}.x`, x)
  const wanted = model.graph?.inputs
  const optional = (i: number): boolean => wanted?.[i] !== undefined && isOptional(wanted[i]!)
  const parts = distribute(`${where}.x`, x, {
    expected: wanted?.length,
    names: () => model.inputNames,
    single: model.single.input,
    optional,
  })
  const columns = parts.map((part, i) => {
    const place = parts.length === 1 ? `${where}.x` : argument(`${where}.x`, i, parts.length, model.inputNames[i])
    return (part === undefined || part === null) && optional(i) ? undefined : inputColumn(model, place, part, i)
  })
  return { x: columns, names: undefined }
}

/** The numbers of the model's input `i`, checked against it. */
export function inputColumn(model: Model, place: string, part: unknown, i: number): Column {
  const wanted = model.graph?.inputs[i]?.shape
  const reader = model.graph === undefined ? firstReader(model) : textReader(model.graph, i)
  if (reader !== undefined) return textColumn(model, place, part, reader, wanted)
  const column = asColumn(toColumn(place, part, wantedOf(model, i)), wanted)
  if (wanted !== undefined) checkShape(place, column.shape, wanted)
  return column
}

/** The layer that looks up the text for a stack that is not built. */
function firstReader(model: Model): Layer | undefined {
  const first = model.isStack ? model.layers[0] : undefined
  return first?.takesText === true ? first : undefined
}

/** What a layer makes of the texts of an input. */
function textColumn(model: Model, place: string, part: unknown, reader: Layer, wanted?: PartialShape): Column {
  if (!Array.isArray(part) || part.length === 0)
    return fail('ERR_DATA', place, 'texts in a list, one a sample or more', part)
  const { shape: given } = readNested(place, part, textItems)
  const single = wanted?.length === 2 && wanted[1] === 1 && given.length === 1
  const shape = single ? [...given, 1] : given
  const texts = (single ? part.map((text: unknown) => [text]) : part) as NestedTexts
  if (wanted === undefined) model.ensureBuilt(shape)
  else checkShape(place, shape, wanted)
  try {
    const numbers = reader.readTexts!(texts)
    return { values: numbers.dataSync(), shape: numbers.shape, dtype: numbers.dtype }
  } catch (error) {
    throw named(place, error)
  }
}

const textItems: Items<string> = { is: (value) => typeof value === 'string', name: 'a text', checkView: noNumbers }

function noNumbers(where: string, view: ArrayBufferView): void {
  fail('ERR_DATA', where, 'texts', view)
}

/** What a subclass with a `call` of its own is given by name; it knows the names. */
function namedColumns(model: Model, where: string, x: Readonly<Record<string, unknown>>): Inputs {
  const names = Object.keys(x).filter((name) => x[name] !== undefined && x[name] !== null)
  if (names.length === 0) fail('ERR_DATA', where, 'data', x)
  return { names, x: names.map((name, i) => toColumn(`${where}.${name}`, x[name], wantedOf(model, i))) }
}

function arrangedInputs(x: readonly (Column | undefined)[], names: readonly string[] | undefined): unknown {
  return names === undefined ? alone(x) : Object.fromEntries(names.map((name, i) => [name, x[i]]))
}

/** One number a sample for an input of one number: (n) is read as (n, 1). */
function asColumn(column: Column, wanted: PartialShape | undefined): Column {
  const single = wanted?.length === 2 && wanted[1] === 1 && column.shape.length === 1
  return single ? { ...column, shape: [column.shape[0]!, 1] } : column
}

/** A graph says what it wants, unless all that reads the input asks for more; a subclass gets integers as integers. */
function wantedOf(model: Model, input: number): Wanted {
  const kind = model.inputKind(input)
  if (kind === 'ids') return 'int32'
  if (kind === 'exact') return 'exact'
  return model.graph?.inputs[input]?.dtype ?? (model.isStack ? (model.layers[0]?.dtype ?? 'float') : 'unrounded')
}

/** What arguments are for. */
interface Places {
  /** How many there are, if that is known. */
  readonly expected: number | undefined
  /** Few calls ask for them, and they are made anew: layers can be renamed. */
  names(): readonly string[]
  /** Whether the only one was not given in a list. */
  readonly single: boolean
  readonly optional?: (place: number) => boolean
}

/** One argument an input: alone, in a list, or by name. */
function distribute(where: string, data: unknown, places: Places): unknown[] {
  const { expected, single } = places
  if (data === undefined || data === null) return fail('ERR_DATA', where, 'data', data)
  if (isByName(data)) return byName(where, data, places)
  const listed = Array.isArray(data) && isListOfArguments(data)
  if (expected === undefined) return listed ? data : [data]
  if (expected === 1) return [listed && data.length === 1 && !single ? data[0] : data]
  if (!Array.isArray(data) || data.length !== expected) {
    const got = Array.isArray(data) ? { text: `a list of ${data.length}` } : data
    const whose = places.names().length > 0 ? `, for ${places.names().join(', ')}` : ''
    fail('ERR_DATA', where, `${expected} arrays${whose}`, got)
  }
  return data
}

function isByName(data: unknown): data is Readonly<Record<string, unknown>> {
  return isNamed(data) && !isDataLike(data)
}

function isListOfArguments(data: readonly unknown[]): boolean {
  return data.length > 0 && data.every((one) => one instanceof Tensor || isShaped(one))
}

function byName(
  where: string,
  data: Readonly<Record<string, unknown>>,
  { names: namesOf, optional }: Places,
): unknown[] {
  const names = namesOf()
  for (const key of Object.keys(data)) {
    if (!names.includes(key))
      fail(
        'ERR_DATA',
        where,
        `names among ${names.join(', ') || '(none: not a functional model)'}`,
        key,
        hintFor(key, names),
      )
  }
  return names.map((name, i) => {
    const missing = data[name] === undefined || data[name] === null
    return missing && optional?.(i) !== true ? fail('ERR_DATA', `${where}.${name}`, 'data', data[name]) : data[name]
  })
}

function buildFor(model: Model, where: string, x: unknown): void {
  if (model.built && model.graph !== undefined) return
  try {
    model.ensureBuilt(mapColumns(x, ({ shape }) => shape) as Shape)
  } catch (error) {
    throw named(`${where}.x`, error)
  }
}

function targetColumns(
  model: Model,
  where: string,
  y: unknown,
  outputs: readonly PartialShape[],
  rows: number,
): (Column | undefined)[] {
  const names = model.outputNames
  const losses = model.compiled.losses(
    outputs.length,
    names.length === outputs.length ? names : outputs.map((_, i) => `output_${i + 1}`),
  )
  if (y === undefined || y === null) {
    if (losses.every((loss) => loss === undefined)) return []
    return fail('ERR_DATA', `${where}.y`, 'targets', y)
  }
  const parts = isByName(y)
    ? names.map((name) => checkedTarget(where, y, name, names))
    : distribute(`${where}.y`, y, { expected: outputs.length, names: () => names, single: outputs.length === 1 })
  return parts.map((part, i) => {
    if (part === undefined || part === null) return undefined
    const place = argument(`${where}.y`, i, parts.length, names[i])
    const column = toColumn(place, part, losses[i]?.takesLabels === true ? 'labels' : 'either')
    sameRows(place, column, rows)
    checkTargets(place, column, losses[i], outputs[i]!)
    return column
  })
}

function checkedTarget(
  where: string,
  y: Readonly<Record<string, unknown>>,
  name: string,
  names: readonly string[],
): unknown {
  for (const key of Object.keys(y))
    if (!names.includes(key)) fail('ERR_DATA', `${where}.y`, 'names of outputs', key, hintFor(key, names))
  return y[name]
}

type LossOf = ReturnType<Model['compiled']['losses']>[number]

/** Shapes first: a value is out of range only where the shape says what it means. */
function checkTargets(where: string, { values, shape, dtype }: Column, loss: LossOf, output: PartialShape): void {
  if (loss === undefined) return
  const [rows = 0] = shape
  // Of an unknown length nothing is too much.
  const predicted = output.map((length, axis) => (axis === 0 ? rows : (length ?? Number.POSITIVE_INFINITY)))
  const known = output.every((length, axis) => axis === 0 || length !== null)
  try {
    if (known) loss.align(placeholder(shape, dtype), placeholder(predicted, floatx()))
    loss.checkTargets(values, shape, predicted)
  } catch (error) {
    throw named(where, error)
  }
}

function weightColumns(
  model: Model,
  where: string,
  raw: RawData,
  y: readonly (Column | undefined)[],
  rows: number,
): (Column | undefined)[] {
  const { sampleWeight, classWeight } = raw
  if (sampleWeight === undefined && classWeight === undefined) return []
  const outputs = Math.max(1, y.length)
  const names = model.outputNames
  const given =
    sampleWeight === undefined || sampleWeight === null ? [] : distributeWeights(where, sampleWeight, outputs, names)
  const columns = Array.from({ length: outputs }, (_, i): Column | undefined => {
    const place = argument(`${where}.sampleWeight`, i, outputs, names[i])
    const own = given[i] === undefined || given[i] === null ? undefined : toColumn(place, given[i])
    if (own !== undefined) sameRows(place, own, rows)
    return classWeight === undefined
      ? own
      : classWeightColumn(where, classWeight, {
          own,
          target: y[i],
          name: names[i],
          outputs,
          weighed: trainingRows(rows, raw.validationSplit ?? 0),
        })
  })
  return columns.some((column) => column !== undefined) ? columns : []
}

/** One array for all outputs, or one for each. */
function distributeWeights(where: string, weights: unknown, outputs: number, names: readonly string[]): unknown[] {
  if (isByName(weights)) return names.map((name) => weights[name])
  if (outputs > 1 && !(Array.isArray(weights) && weights.length === outputs && typeof weights[0] !== 'number')) {
    return Array.from({ length: outputs }, () => weights)
  }
  return distribute(`${where}.sampleWeight`, weights, { expected: outputs, names: () => names, single: true })
}

function sameRows(where: string, column: Column, rows: number): void {
  if (column.shape[0] !== rows) fail('ERR_SHAPE', where, `${rows} samples, as x has`, column.shape[0])
}

function checkShape(where: string, shape: Shape, wanted: PartialShape): void {
  const [, ...rest] = wanted
  const fits =
    shape.length === wanted.length && rest.every((length, axis) => length === null || length === shape[axis + 1])
  if (fits) return
  const lengths = rest.map((length) => length ?? 'any')
  fail('ERR_SHAPE', where, `[${['samples', ...lengths].join(', ')}]`, shape, shapeHint(shape, rest))
}

function shapeHint(got: readonly number[], row: readonly (number | null)[]): string | undefined {
  const size = row.reduce<number>((product, length) => product * (length ?? Number.NaN), 1)
  const numbers = sizeOf(got)
  if (got.length === 1 && numbers === size)
    return 'For one sample, wrap it: [sample]; a dataset of samples: call .batch(32) on it'
  if (got.length === 1 && numbers % size === 0)
    return `A typed array alone has no shape: pass { values, shape: [${[numbers / size, ...row].join(', ')}] }`
  if (sizeOf(got.slice(1)) === size) return 'Reshape the data, or begin the model with Flatten or Reshape'
  return undefined
}

function argument(where: string, index: number, count: number, name?: string): string {
  return count === 1 ? where : `${where}.${name ?? index}`
}

/** The same error, with the argument it is about in front. */
export function named(where: string, error: unknown): unknown {
  if (!(error instanceof FerrogradError) || error.message.startsWith(where)) return error
  return new FerrogradError(error.code, `${where}: ${error.message}`, { cause: error })
}

/** Windows over a sequence, made when somebody looks at them: however much they overlap, there is one sequence in memory. */

import { sizeOf } from '../core/shapes.js'
import { Tensor, tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import type { NestedArray, TypedArray } from '../types.js'
import { Rows } from './chunk.js'
import { type ColumnTree, NumberColumn } from './column.js'
import { columnOf } from './columnwise.js'
import { Dataset } from './dataset.js'
import { type Identity, randomFlow } from './flow.js'
import { columnsIdentity } from './identity.js'
import { blank, type ShapedArray } from './shaped.js'

/** Steps in order: one value a step, or an array a step. */
export type Series = ShapedArray | TypedArray | NestedArray | Tensor

const windowFields = {
  /** Steps of a window. */
  length: { type: 'integer', min: 1 },
  /**
   * What belongs to each window: `targets[i]` to the one that begins at step `i`, counted from `startIndex`. Default
   * null.
   */
  targets: { type: 'given', default: null },
  /** Steps between the beginnings of two windows. Default 1. */
  stride: { type: 'integer', default: 1, min: 1 },
  /** Steps between two steps of a window. Default 1. */
  samplingRate: { type: 'integer', default: 1, min: 1 },
  /** The first step that is used. Default 0. */
  startIndex: { type: 'integer', default: 0, min: 0 },
  /** The first step behind those that are used; all of them are by default. */
  endIndex: { type: 'integer', default: null, min: 0 },
} as const

const readWindows = optionsReader('timeseriesWindows', windowFields)

/** Options of {@link timeseriesWindows}. */
export interface TimeseriesWindowsOptions extends OptionsOf<typeof windowFields> {
  readonly targets?: Series
}

/** A window, and what belongs to it. */
export interface WindowAndTarget {
  readonly x: ShapedArray
  readonly y: number | ShapedArray
}

/**
 * The windows of a series (steps, …): window `i` has the steps `startIndex + i·stride + j·samplingRate`, `j < length`, and shape
 * (length, …). With targets rows are `{ x, y }`, as `fit` takes them; without, windows. They are copied out of the series when
 * they are made, batch by batch; the series is not copied.
 *
 * There are as many windows as fit, and with targets no more than have one. Errors: ERR_CONFIG for a length that no window
 * can have.
 *
 * @see keras.utils.timeseries_dataset_from_array
 *
 * @example
 * ```ts
 * import { timeseriesWindows } from 'ferrograd/data'
 *
 * const temperature = Float32Array.from({ length: 1000 }, (_, hour) => Math.sin(hour / 4))
 * // From a day, the hour that follows it.
 * const rows = timeseriesWindows(temperature, { length: 24, targets: temperature.subarray(24) })
 * for await (const { x, y } of rows.shuffle({ seed: 1 }).batch(32)) console.log(x.shape, y.shape) // [32, 24] [32]
 * ```
 */
export function timeseriesWindows(
  series: Series,
  options: TimeseriesWindowsOptions & { readonly targets: Series },
): Dataset<WindowAndTarget>
export function timeseriesWindows(series: Series, options: TimeseriesWindowsOptions): Dataset<ShapedArray>
export function timeseriesWindows(series: Series, options: TimeseriesWindowsOptions): Dataset<unknown> {
  const where = 'timeseriesWindows'
  const { length, targets, stride, samplingRate, startIndex, endIndex } = readWindows(options)
  const all = numbersOf(`${where} series`, series)
  const end = endIndex ?? all.rows
  if (startIndex >= end || end > all.rows) {
    const text = `startIndex ${startIndex}, endIndex ${end}`
    fail('ERR_CONFIG', where, `a part of the ${all.rows} steps`, { text })
  }
  const used = all.slice(startIndex, end)
  const answers = targets === undefined ? undefined : numbersOf(`${where} targets`, targets as Series)
  const span = (length - 1) * samplingRate + 1
  const first = Math.min(
    used.rows - span + 1,
    answers === undefined ? Number.POSITIVE_INFINITY : answers.rows - startIndex,
  )
  const count = Math.max(0, Math.ceil(first / stride))
  if (count === 0) {
    const hint = 'A window has to fit, and to have a target where there are some'
    fail('ERR_CONFIG', `${where}.length`, `windows within ${used.rows} steps`, { text: `a span of ${span}` }, hint)
  }
  const windows = new Windows(used, length, samplingRate)
  const begins = (at: number): number => at * stride
  const identity: Identity = async () => ({
    series: await columnsIdentity(used),
    targets: answers === undefined ? null : await columnsIdentity(answers),
    windows: { length, stride, samplingRate, startIndex },
  })
  if (answers === undefined) return windowed(identity, count, (rows) => windows.at(rows.map(begins)))
  // As Keras counts them: targets have their own beginning, and those before `startIndex` are no window's.
  const own = answers.slice(startIndex, answers.rows)
  return windowed(identity, count, (rows) => {
    const from = rows.map(begins)
    return { x: windows.at(from), y: own.gather(from) }
  })
}

const textFields = {
  /** Tokens of a window. */
  length: { type: 'integer', min: 1 },
  /** Tokens between the beginnings of two windows; the length of one by default. */
  stride: { type: 'integer', default: null, min: 1 },
  /** Makes numbers of a text; needed where texts are given. Default null. */
  encode: { type: 'given', default: null },
} as const

const readText = optionsReader('textWindows', textFields)

/** Options of {@link textWindows}. */
export interface TextWindowsOptions extends OptionsOf<typeof textFields> {
  readonly encode?: (text: string) => ArrayLike<number>
}

/** Tokens, and to each the one that follows it. */
export interface TokensAndNext {
  readonly x: ShapedArray<Int32Array>
  readonly y: ShapedArray<Int32Array>
}

/**
 * Windows over texts for a model that says the next token: rows `{ x, y }` of `length` tokens each as int32, `y[j]` the token
 * behind `x[j]`.
 *
 * Texts are lists of token numbers, or strings with an `encode`. No window goes from one text into another; a text that is
 * not longer than a window has none. Windows are copied out of the texts when they are made, batch by batch.
 *
 * @example
 * ```ts
 * import { textWindows } from 'ferrograd/data'
 *
 * const signs = 'to be or not to be'
 * const rows = textWindows(signs, { length: 4, stride: 1, encode: (text) => Array.from(text, (sign) => sign.charCodeAt(0)) })
 * for await (const { x, y } of rows.batch(8)) console.log(x.shape, y.shape) // [8, 4] [8, 4], then [6, 4] [6, 4]
 * ```
 */
export function textWindows(
  texts: string | ArrayLike<number> | readonly (string | ArrayLike<number>)[],
  options: TextWindowsOptions,
): Dataset<TokensAndNext> {
  const where = 'textWindows'
  const { length, encode, stride = length } = readText(options)
  const { tokens, starts } = joined(where, listOf(texts), encode)
  const begins: number[] = []
  for (const [text, start] of starts.entries()) {
    const end = starts[text + 1] ?? tokens.length
    for (let at = start; at + length < end; at += stride) begins.push(at)
  }
  if (begins.length === 0) {
    const lengths = starts.map((start, i) => (starts[i + 1] ?? tokens.length) - start)
    const longest = lengths.reduce((most, one) => Math.max(most, one), 0)
    fail('ERR_CONFIG', `${where}.length`, `less than the longest text, ${longest} tokens`, length)
  }
  const table = Uint32Array.from(begins)
  const [now, next] = [tokens, tokens.subarray(1)].map((one) => new Windows(new NumberColumn(one), length, 1))
  const identity: Identity = async () => ({
    tokens: await columnsIdentity(new NumberColumn(tokens)),
    windows: { length, stride, texts: starts.length },
  })
  return windowed(identity, table.length, (rows) => {
    const from = rows.map((row) => table[row]!)
    return { x: now!.at(from), y: next!.at(from) }
  })
}

/** Some steps from given ones on. */
class Windows {
  readonly #series: NumberColumn
  readonly #length: number
  readonly #rate: number

  constructor(series: NumberColumn, length: number, rate: number) {
    this.#series = series
    this.#length = length
    this.#rate = rate
  }

  /** The windows that begin at these steps, in memory of their own. */
  at(begins: Uint32Array): NumberColumn {
    const { values, rowShape, meaning } = this.#series
    const width = sizeOf(rowShape)
    const size = this.#length * width
    const out = blank(values, begins.length * size)
    for (const [i, from] of begins.entries()) {
      const window = out.subarray(i * size, (i + 1) * size)
      if (this.#rate === 1) window.set(values.subarray(from * width, from * width + size))
      else this.#sample(window, from * width, width)
    }
    return new NumberColumn(out, [this.#length, ...rowShape], meaning)
  }

  #sample(out: TypedArray, from: number, width: number): void {
    const { values } = this.#series
    for (let at = 0, step = from; at < out.length; at += width, step += this.#rate * width)
      for (let j = 0; j < width; j++) out[at + j] = values[step + j]!
  }
}

/** A data set of rows that are made by their numbers. */
function windowed<T>(identity: Identity, count: number, rows: (numbers: Uint32Array) => ColumnTree): Dataset<T> {
  const made = (numbers: Uint32Array): Rows<T> => new Rows<T>(rows(numbers), numbers.length)
  const range = (first: number, some: number): Uint32Array => Uint32Array.from({ length: some }, (_, i) => first + i)
  const flow = randomFlow<T>({
    count,
    slice: (_pass, first, some) => made(range(first, some)),
    gather: (_pass, indices) => made(Uint32Array.from(indices)),
  })
  return Dataset.of('windows', { ...flow, identity })
}

/** A series as a column of numbers. */
function numbersOf(where: string, series: Series): NumberColumn {
  const array = Array.isArray(series) ? tensor(series as NestedArray) : (series as Exclude<Series, NestedArray>)
  if (!(array instanceof Tensor)) return columnOf(where, array) as NumberColumn
  if (array.rank === 0) fail('ERR_SHAPE', where, '[steps, …]', array.shape)
  return columnOf(where, { values: array.dataSync(), shape: array.shape }) as NumberColumn
}

type Text = string | ArrayLike<number>

function listOf(texts: Text | readonly Text[]): readonly Text[] {
  if (typeof texts === 'string') return [texts]
  const first = texts[0]
  return typeof first === 'number' || first === undefined ? [texts as ArrayLike<number>] : (texts as readonly Text[])
}

/** All tokens in one row, and where each text begins. */
function joined(where: string, texts: readonly Text[], encode: unknown): Joined {
  const lists = texts.map((text, i) => {
    if (typeof text !== 'string') return text
    if (typeof encode === 'function') return encode(text) as ArrayLike<number>
    return fail('ERR_CONFIG', `${where}.encode`, 'a function from a text to numbers', encode, `Text ${i} is a string`)
  })
  const tokens = new Int32Array(lists.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  const starts = lists.map((list, text) => {
    const start = at
    for (let i = 0; i < list.length; i++, at++) {
      tokens[at] = list[i]!
      if (tokens[at] !== list[i]) fail('ERR_DATA', `${where} texts[${text}][${i}]`, 'a whole number', list[i])
    }
    return start
  })
  return { tokens, starts }
}

interface Joined {
  readonly tokens: Int32Array
  readonly starts: readonly number[]
}

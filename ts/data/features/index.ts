/** Features of rows: what is learnt from a data set in one pass, and what the training and the serving are both given. */

import { checkMaker, FerrogradError, fail, hintFor } from '../../errors.js'
import type { OptionsOf } from '../../options/fields.js'
import { optionsReader } from '../../options/reader.js'
import { type ColumnTree, columnNamed, isColumn, NumberColumn } from '../column.js'
import { type ColumnBy, columnsOfElements, eachColumns } from '../columns-of.js'
import { columnwise } from '../columnwise.js'
import type { Dataset } from '../dataset.js'
import { type Inputs, type InputsOf, type NamesOf, targetColumns } from '../inputs.js'
import type { ShapedArray } from '../shaped.js'
import type { CategoryFeature, HashedFeature } from './category.js'
import { type CrossPlan, crossEncoder, crossName } from './crossing.js'
import type { Encoder, Given, Place } from './encoder.js'
import type { NumericFeature } from './numeric.js'
import { encoderOf, type FeaturePlan, isLearnt, learning, planFrom } from './plans.js'

/** What {@link numeric}, {@link category} and {@link hashed} make. */
export type Feature = NumericFeature | CategoryFeature | HashedFeature

/** Features by the names of their columns. */
export type FeatureTable = Readonly<Record<string, Feature>>

/** Rows as they stand in the data: `null`, `undefined`, NaN and the empty text are missing values. */
export type FeatureRow<F> = {
  readonly [K in keyof F]: (F[K] extends NumericFeature ? never : string) | number | boolean | null | undefined
}

const crossFields = {
  /** At least two, each of them categories. */
  features: { type: 'strings' },
  /** In how many bins; the `crossingDim` of all unless given. */
  dim: { type: 'integer', default: null, min: 1 },
  /** Zeros with a one, or the number of the bin. Default 'oneHot'. */
  outputMode: { type: 'choice', of: ['oneHot', 'int'], default: 'oneHot' },
} as const

/** Features that mean something together. */
export interface Cross<N extends string = string> extends OptionsOf<typeof crossFields> {
  readonly features: readonly N[]
}

const spaceFields = {
  /** Features of which each pair of values (or three, …) may weigh something of its own, by a hash. Default null. */
  crosses: { type: 'given', default: null },
  /** The bins of a cross that says none. Default 32. */
  crossingDim: { type: 'integer', default: 32, min: 1 },
  /** All side by side in one array, or each by its name, for the inputs of a functional model. Default 'concat'. */
  outputMode: { type: 'choice', of: ['concat', 'dict'], default: 'concat' },
} as const

/** Options of {@link features}. */
export interface FeaturesOptions<N extends string = string, O extends OutputMode = OutputMode>
  extends OptionsOf<typeof spaceFields> {
  readonly crosses?: readonly (readonly N[] | Cross<N>)[]
  readonly outputMode?: O
}

type OutputMode = 'concat' | 'dict'

/** The numbers of rows: (rows, width), or that of each feature by its name. */
export type Encoded<O> = O extends 'dict' ? Readonly<Record<string, ShapedArray>> : ShapedArray<Float32Array>

/** Everything that {@link Features} knows: plain JSON. */
export interface FeaturesConfig {
  readonly version: 1
  readonly outputMode: OutputMode
  readonly features: Readonly<Record<string, FeaturePlan>>
  readonly crosses: readonly CrossPlan[]
}

const readSpace = optionsReader('features', spaceFields)
const readCross = optionsReader('features.crosses', crossFields)

/**
 * Describes the features of rows, to be learnt from a data set and given to a model: Keras's FeatureSpace.
 *
 * `adapt` goes through the data once for all features. Then `inputsAndTarget` is a function for `Dataset.map` that makes numbers
 * of rows, `encode` makes the same numbers of raw rows (and `Predictor` of `ferrograd` answers these), and `toJSON` keeps all
 * that was learnt.
 *
 * - `numeric()`: a number, `impute`d where it is missing, `normalize`d, `rescale`d or `discretize`d.
 * - `category()`: text or numbers by a vocabulary, the most frequent first; what is not in it is the unknown, number 0. A missing
 *   value is a category of its own where the data have some, else unknown.
 * - `hashed(bins)`: text or whole numbers by a hash, without a vocabulary; a missing value is the empty text.
 * - `crosses`: features that are categories (or bins), hashed together.
 *
 * With `outputMode` `'concat'` rows are (width) numbers: features in the order of their names, then crosses, as in Keras; `columns` says
 * what each is. With `'dict'` each feature is an input of its own.
 *
 * @see keras.utils.FeatureSpace
 *
 * @throws `ERR_CONFIG` for a feature or a column that there is not, with the nearest name; `ERR_DATA` where a number is missing and
 *   nobody said what it becomes, for text in a column of numbers, for infinite numbers.
 *
 * @example
 * ```ts
 * import { category, Dataset, features, hashed, numeric } from 'ferrograd/data'
 *
 * const rows = Dataset.fromColumns({ age: [31, 52, 8], city: ['Rome', 'Oslo', 'Rome'], page: ['/a', '/b', '/c'], left: [1, 0, 0] })
 * const space = features({
 *   age: numeric().impute('median').normalize(),
 *   city: category(),
 *   page: hashed(16),
 * }, { crosses: [['city', 'page']] })
 * await space.adapt(rows)
 * const batches = rows.shuffle({ seed: 1 }).map(space.inputsAndTarget('left')).batch(2)
 * const x = space.encode([{ age: null, city: 'Lima', page: '/a' }]) // the same numbers of a raw row
 * ```
 */
export function features<const F extends FeatureTable, const O extends OutputMode = 'concat'>(
  table: F,
  options?: FeaturesOptions<keyof F & string, O>,
): Features<FeatureRow<F>, O> {
  const where = 'features'
  const names = Object.keys(table ?? {})
  if (names.length === 0) fail('ERR_CONFIG', `${where}.table`, 'at least one feature', table)
  for (const [name, feature] of Object.entries(table))
    if (typeof feature?.plan?.kind !== 'string')
      fail('ERR_CONFIG', `${where}.${name}`, 'numeric(), category() or hashed(bins)', feature)
  const { crosses = [], crossingDim, outputMode } = readSpace(options)
  if (!Array.isArray(crosses)) fail('ERR_CONFIG', `${where}.crosses`, 'a list of crosses', crosses)
  const plans = Object.fromEntries(Object.entries(table).map(([name, { plan }]) => [name, plan]))
  return new Features({
    version: 1,
    outputMode: outputMode as O,
    features: plans,
    crosses: crosses.map((cross) => crossPlan(cross, crossingDim)),
  })
}

function crossPlan(cross: unknown, crossingDim: number): CrossPlan {
  const {
    features: names,
    dim = crossingDim,
    outputMode,
  } = readCross(Array.isArray(cross) ? { features: cross } : cross)
  return { features: names, dim, output: outputMode }
}

/** One feature or cross, and its name. */
interface Part {
  readonly name: string
  readonly encoder: Encoder
}

/** Features of rows `R`, made by {@link features}. */
export class Features<R, O extends OutputMode = 'concat'> {
  readonly #asked: FeaturesConfig
  #learnt: FeaturesConfig | undefined
  #parts: readonly Part[] | undefined

  /** Of what {@link features} made, or {@link Features.toJSON} kept. */
  constructor(config: FeaturesConfig & { readonly outputMode: O }) {
    checkMaker('Features', typeof config?.features === 'object', 'features')
    this.#asked = config
    checkCrosses(config)
    if (Object.values(config.features).every(isLearnt)) this.#know(config)
  }

  /** What {@link toJSON} kept, in the file of a model or elsewhere. */
  static fromJSON<R = Readonly<Record<string, unknown>>, O extends OutputMode = 'concat'>(
    json: unknown,
  ): Features<R, O> {
    return new Features<R, O>(configFrom(json) as FeaturesConfig & { readonly outputMode: O })
  }

  /**
   * Learns all features in one pass over the rows (or their batches): those that the model is trained on. Nothing changes before it has
   * ended.
   */
  async adapt<T extends R>(rows: Dataset<T>): Promise<this> {
    const { features: asked } = this.#asked
    const open = Object.entries(asked).filter(([, plan]) => !isLearnt(plan))
    const learnings = open.map(([name, plan]) => [name, learning(name, plan)] as const)
    if (open.length > 0)
      await eachColumns(WHERE, rows, (columns) => {
        for (const [name, own] of learnings) own.see(columns(name), placeOf(name))
      })
    const learnt = Object.fromEntries(learnings.map(([name, own]) => [name, own.learnt()]))
    this.#know({ ...this.#asked, features: { ...asked, ...learnt } })
    return this
  }

  /** Numbers a row. */
  get width(): number {
    return this.#known.reduce((sum, { encoder }) => sum + encoder.width, 0)
  }

  /** What each number of a row is: `age`, `city=Rome`, `city=?` for the unknown, `page#3` for a bin of a hash. */
  get columns(): readonly string[] {
    return this.#known.flatMap(({ name, encoder }) => encoder.labels.map((label) => `${name}${label}`))
  }

  /** A function of rows for `Dataset.map`: their numbers. */
  inputs<T extends R>(): (row: T) => Encoded<O> {
    const parts = this.#known
    return columnwise<T, Encoded<O>>((columns) => this.#tree(parts, treeColumns(columns)))
  }

  /** A function of rows for `Dataset.map`: `{ x, y }`, and `sampleWeight`, as `Dataset.inputsAndTarget` makes them. */
  inputsAndTarget<T extends R, const Y extends Inputs<NamesOf<T>>>(
    target: Y,
  ): (row: T) => { readonly x: Encoded<O>; readonly y: InputsOf<T, Y> }
  inputsAndTarget<T extends R, const Y extends Inputs<NamesOf<T>>, const W extends NamesOf<T>>(
    target: Y,
    sampleWeight: W,
  ): (row: T) => { readonly x: Encoded<O>; readonly y: InputsOf<T, Y>; readonly sampleWeight: InputsOf<T, W> }
  inputsAndTarget(target: Inputs<string>, sampleWeight?: string): (row: R) => unknown {
    const parts = this.#known
    const where = `${WHERE}.inputsAndTarget`
    return columnwise<R, unknown>((columns) => ({
      x: this.#tree(parts, treeColumns(columns)),
      ...targetColumns(where, columns, target, sampleWeight),
    }))
  }

  /** The numbers of raw rows, as a model takes them: (rows, width), or each feature by its name. */
  encode(rows: R | readonly R[]): Encoded<O> {
    const parts = this.#known
    const list = (Array.isArray(rows) ? rows : [rows]) as readonly unknown[]
    for (const [i, row] of list.entries())
      if (typeof row !== 'object' || row === null) fail('ERR_DATA', `${WHERE}.encode[${i}]`, 'an object', row)
    if (list.length === 0) fail('ERR_DATA', `${WHERE}.encode`, 'at least one row', { text: 'none' })
    const tree = this.#tree(parts, columnsOfElements(`${WHERE}.encode`, list))
    const arrays = isColumn(tree)
      ? tree.stack()
      : Object.fromEntries(Object.entries(tree).map(([name, own]) => [name, (own as NumberColumn).stack()]))
    return arrays as Encoded<O>
  }

  /** All that was learnt: plain JSON, for {@link Features.fromJSON}. */
  toJSON(): FeaturesConfig {
    void this.#known
    return this.#learnt!
  }

  get #known(): readonly Part[] {
    if (this.#parts === undefined)
      throw new FerrogradError('ERR_STATE', 'features: call adapt(rows) first, so that the features are known')
    return this.#parts
  }

  #know(learnt: FeaturesConfig): void {
    const own = Object.entries(learnt.features).map(([name, plan]) => ({ name, encoder: encoderOf(name, plan) }))
    const crosses = learnt.crosses.map((cross) => ({ name: crossName(cross), encoder: crossEncoder(cross) }))
    this.#learnt = learnt
    this.#parts = [...own.sort(byName), ...crosses.sort(byName)]
  }

  #tree(parts: readonly Part[], columns: ColumnBy): ColumnTree {
    const given = givenOf(parts, columns)
    const rows = columns(Object.keys(this.#asked.features)[0]!).rows
    if (this.#asked.outputMode === 'dict')
      return Object.fromEntries(parts.map(({ name, encoder }) => [name, alone(encoder, given, rows)]))
    const width = parts.reduce((sum, { encoder }) => sum + encoder.width, 0)
    const out = new Float32Array(rows * width)
    let at = 0
    for (const { encoder } of parts) {
      encoder.write(given, out, at, width)
      at += encoder.width
    }
    return new NumberColumn(out, [width])
  }
}

const WHERE = 'features'

const byName = (a: Part, b: Part): number => (a.name < b.name ? -1 : 1)

function placeOf(name: string): Place {
  return (row) => `${WHERE}.${name} row ${row}`
}

function alone({ width, isInt, write }: Encoder, given: Given, rows: number): NumberColumn {
  const out = isInt ? new Int32Array(rows) : new Float32Array(rows * width)
  write(given, out, 0, width)
  return new NumberColumn(out, [width])
}

/** Categories are made once for each chunk. */
function givenOf(parts: readonly Part[], columns: ColumnBy): Given {
  const made = new Map<string, Int32Array>()
  const encoders = new Map(parts.map(({ name, encoder }) => [name, encoder]))
  return {
    column: columns,
    place: placeOf,
    categories(name) {
      const known = made.get(name) ?? encoders.get(name)!.categories!(columns(name), placeOf(name))
      made.set(name, known)
      return known
    },
  }
}

function treeColumns(tree: ColumnTree): ColumnBy {
  return (name) => {
    const column = columnNamed(WHERE, tree, name)
    return isColumn(column) ? column : fail('ERR_DATA', `${WHERE}.${name}`, 'one column', { text: 'several' })
  }
}

function checkCrosses({ features: plans, crosses, outputMode }: FeaturesConfig): void {
  const names = Object.keys(plans)
  for (const { features: own, output } of crosses) {
    if (own.length < 2) fail('ERR_CONFIG', `${WHERE}.crosses`, 'at least two features each', own)
    for (const name of own) {
      const plan = Object.hasOwn(plans, name) ? plans[name]! : unknownFeature(name, names)
      if (plan.kind === 'numeric' && plan.change.as !== 'bins')
        fail(
          'ERR_CONFIG',
          `${WHERE}.crosses`,
          'features that are categories',
          name,
          'numeric().discretize(bins) is one',
        )
    }
    if (output === 'int' && outputMode === 'concat') notBeside(own.join('_X_'))
  }
  if (outputMode === 'concat') for (const [name, plan] of Object.entries(plans)) if (isInt(plan)) notBeside(name)
}

function unknownFeature(name: string, names: readonly string[]): never {
  return fail('ERR_CONFIG', `${WHERE}.crosses`, `features among ${names.join(', ')}`, name, hintFor(name, names))
}

function isInt(plan: FeaturePlan): boolean {
  return plan.kind === 'numeric' ? plan.change.as === 'bins' && plan.change.output === 'int' : plan.output === 'int'
}

function notBeside(name: string): never {
  const hint = "outputMode: 'dict' gives each feature an input of its own"
  return fail('ERR_CONFIG', `${WHERE}.${name}`, 'an encoding, where all features are one array', { text: 'int' }, hint)
}

/** Checked as far as a file may be wrong. */
function configFrom(json: unknown): FeaturesConfig {
  const { version, outputMode, features: plans, crosses } = (json ?? {}) as Partial<FeaturesConfig>
  const where = 'Features.fromJSON'
  if (version !== 1) fail('ERR_FORMAT', `${where}.version`, '1, which this version of the library reads', version)
  if (outputMode !== 'concat' && outputMode !== 'dict')
    fail('ERR_FORMAT', `${where}.outputMode`, "'concat' or 'dict'", outputMode)
  if (typeof plans !== 'object' || plans === null) fail('ERR_FORMAT', `${where}.features`, 'an object', plans)
  const entries = Object.entries(plans).map(([name, plan]) => [name, planFrom(`${where}.features.${name}`, plan)])
  if (!Array.isArray(crosses)) fail('ERR_FORMAT', `${where}.crosses`, 'a list', crosses)
  const own = crosses.map((cross) => crossFrom(`${where}.crosses`, cross))
  return { version: 1, outputMode: outputMode as OutputMode, features: Object.fromEntries(entries), crosses: own }
}

function crossFrom(where: string, json: unknown): CrossPlan {
  const { features: names, dim, output } = (json ?? {}) as Partial<CrossPlan>
  const isPlan =
    Array.isArray(names) && Number.isSafeInteger(dim) && dim! > 0 && (output === 'oneHot' || output === 'int')
  return isPlan ? { features: names, dim: dim!, output } : fail('ERR_FORMAT', where, '{ features, dim, output }', json)
}

/** Data that comes in pieces and can be gone through again. */

import { inspectWith } from '../core/inspect.js'
import { fail } from '../errors.js'
import { type ArrayFiles, readArrays } from './arrays.js'
import type { BytesLike } from './bytes.js'
import { MANY, wholePass } from './cache.js'
import { elementsOf, type Rows, rowsOf } from './chunk.js'
import { type CsvOptions, csvFlow } from './csv.js'
import {
  type ArrayColumn,
  type MixOptions,
  type ProfileOptions,
  type RowOf,
  readProfile,
  type SplitRowsOptions,
} from './dataset-options.js'
import { type Description, described } from './describe.js'
import { type Demand, type Flow, randomFlow } from './flow.js'
import { givenIdentity } from './identity.js'
import type { NamesOf } from './inputs.js'
import { type JsonlOptions, jsonlFlow } from './jsonl.js'
import { mixed } from './mix.js'
import { chosen } from './part.js'
import { parted, type SplitPlan, sieved, splitPlan } from './parting.js'
import { columnar, picking, rowsIdentity } from './rows.js'
import type { AnyRow, JsonSchema, Schema, SchemaRow } from './schema.js'
import type { ShapedArray } from './shaped.js'
import { isSource, listed, openSource, type SourceLike, singles } from './source.js'
import { type StageTimes, stageTimes } from './stage-times.js'
import { flowOf, Stages, source, staged } from './stages.js'

/** Both sides. */
export interface SplitRows<T> {
  readonly train: Dataset<T>
  readonly test: Dataset<T>
}

/**
 * A re-iterable stream of elements, each pass from the start. Nothing is read before somebody iterates.
 *
 * Rows that come as columns (of `fromColumns`, of files) stay columns from stage to stage: batches are cut from them, and
 * `fit` takes many at a time. Functions of `map` see rows; behind `batch` they see whole columns, which is faster.
 *
 * @example
 * ```ts
 * import { Dataset } from 'ferrograd/data'
 *
 * const rows = Dataset.fromColumns({ age: Float32Array.of(31, 52, 8), city: ['Rome', 'Oslo', 'Rome'], left: [1, 0, 0] })
 * const batches = rows.shuffle({ seed: 1 }).batch(2)
 * for await (const { age, city } of batches) console.log(age.shape, city.length)
 * ```
 */
export class Dataset<T> extends Stages<T> {
  /** From an array, any iterable that can be iterated again, or a function (a generator function, too) that opens one. */
  static from<T>(source: SourceLike<T>): Dataset<T> {
    if (Array.isArray(source))
      return sourced('from', { ...randomFlow(listed(source as readonly T[])), identity: givenIdentity(source) })
    if (typeof source !== 'function' && !isSource(source)) {
      fail('ERR_DATA', 'Dataset.from', 'an iterable, or a function that returns one', source)
    }
    const flow = singles((_pass: number, _from: number, { left }: Demand) => openSource(source, left), false)
    return sourced('from', { ...flow, identity: givenIdentity(source) })
  }

  /**
   * Rows out of columns: typed arrays (a number a row), `{ values, shape }` (an array a row) and lists (text, or anything).
   * The arrays are read when batches are made; they are not copied before.
   */
  static fromColumns<R extends Readonly<Record<string, ArrayColumn>>>(columns: R): Dataset<RowOf<R>> {
    return sourced('columns', columnar<RowOf<R>>('Dataset.fromColumns', columns))
  }

  /** As {@link Dataset.fromColumns}. */
  static fromArrays<R extends Readonly<Record<string, ArrayColumn>>>(arrays: R): Dataset<RowOf<R>> {
    return sourced('columns', columnar<RowOf<R>>('Dataset.fromArrays', arrays))
  }

  /**
   * The rows of tables of comma- or tab-separated values: files (`*` in the last part of a path stands for any characters,
   * gzip and Zstandard are unpacked), bytes, or streams of them. Blocks of bytes are parsed by several threads off the event loop, as fast as
   * they are used, so that a file may be larger than memory. With a schema its columns alone are read, and their types known.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const text = new TextEncoder().encode('age,city,left\n31,Rome,true\n52,,false\n')
   * const rows = Dataset.csv(text, { schema: { age: 'float32', city: 'string', left: 'bool' } })
   * console.log(await rows.toArray()) // [{ age: 31, city: 'Rome', left: true }, { age: 52, city: '', left: false }]
   * ```
   */
  static csv<const S extends Schema>(
    from: BytesLike,
    options: CsvOptions<S> & { readonly schema: S },
  ): Dataset<SchemaRow<S>>
  static csv(from: BytesLike, options?: CsvOptions): Dataset<AnyRow>
  static csv(from: BytesLike, options?: CsvOptions): Dataset<AnyRow> {
    return sourced('csv', csvFlow(from, options))
  }

  /**
   * The rows of JSON lines, an object a line, out of what {@link Dataset.csv} takes; they are parsed as tables are. With a schema
   * its members alone are read, and their types known. Without it they are those of the first records: numbers, text and truth
   * values become columns, where a missing number (or `null`) is NaN and a missing text is empty; members that are lists, objects
   * or of several kinds stay as they are, `null` where they are missing. Lines that are no objects are values as they are.
   *
   * @throws `ERR_DATA`, with file, line, column and value, for a value that is not of its column's kind, or a line that is no JSON.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const lines = new TextEncoder().encode('{"age":31,"tags":["a"]}\n{"age":null,"tags":[]}\n')
   * const rows = Dataset.jsonl(lines, { schema: { age: 'float32', tags: 'json' } })
   * console.log(await rows.toArray()) // [{ age: 31, tags: ['a'] }, { age: NaN, tags: [] }]
   * ```
   */
  static jsonl<const S extends JsonSchema>(
    from: BytesLike,
    options: JsonlOptions<S> & { readonly schema: S },
  ): Dataset<SchemaRow<S>>
  static jsonl<T = Readonly<Record<string, unknown>>>(from: BytesLike, options?: JsonlOptions): Dataset<T>
  static jsonl<T>(from: BytesLike, options?: JsonlOptions): Dataset<T> {
    return sourced('jsonl', jsonlFlow<T>(from, options))
  }

  /**
   * Rows out of files of arrays, whose first axis counts rows: `.npz` and `.safetensors` by the names inside, or one file
   * (`.npy`, IDX as MNIST has it, either of them gzipped or not) for each column by its name. All is read into memory.
   *
   * @throws `ERR_IO` where a file cannot be read, `ERR_FORMAT` where it is none of these or damaged, `ERR_DATA` where lengths differ.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const images = await Dataset.arrays({ x: 'train-images-idx3-ubyte.gz', y: 'train-labels-idx1-ubyte.gz' })
   * const batches = images.shuffle({ seed: 1 }).batch(32)
   * ```
   */
  static async arrays<T = Readonly<Record<string, number | ShapedArray>>>(
    from: string | ArrayFiles,
  ): Promise<Dataset<T>> {
    return sourced('columns', columnar<T>('Dataset.arrays', await readArrays('Dataset.arrays', from)))
  }

  /** A data set of a flow, by the name of its source. */
  static of<T>(source: string, flow: Flow<T>): Dataset<T> {
    return sourced(source, flow)
  }

  /** Rows of columns that are made already: for sources. */
  static ofRows<T>(rows: Rows<T>): Dataset<T> {
    return sourced('columns', { ...randomFlow(picking(rows)), identity: rowsIdentity(rows) })
  }

  /**
   * Elements of several data sets, each next one of a data set that is drawn with its share of the weights; it ends where the one
   * that is drawn has ended (`repeat` them for an endless mixture).
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const [rare, common] = [Dataset.from([1]).repeat(), Dataset.from([0]).repeat()]
   * const mixture = Dataset.mix([rare, common], { weights: [1, 3], seed: 1 })
   * console.log(await mixture.take(8).toArray()) // a one in four
   * ```
   */
  static mix<T>(datasets: readonly Dataset<T>[], options?: MixOptions): Dataset<T> {
    if (!Array.isArray(datasets)) fail('ERR_CONFIG', 'Dataset.mix.datasets', 'a list of data sets', datasets)
    const flows = datasets.map((own, i) => flowOf<T>(`Dataset.mix.datasets[${i}]`, own))
    return new Dataset(staged('mix', mixed<T>(flows, options), { ...options }, flows))
  }

  protected override made<U>(flow: Flow<U>): Dataset<U> {
    return new Dataset(flow)
  }

  /**
   * One pass read into memory: columns stay columns. What is in memory can be had by number, so that `shuffle` mixes all of it
   * and nothing is read again.
   */
  async load(): Promise<Dataset<T>> {
    this.#ends('Dataset.load')
    const all = await wholePass(this.flow, this.nextPass())
    const rows = rowsOf(all)
    return rows === undefined ? Dataset.from(elementsOf(all)) : Dataset.ofRows(rows)
  }

  /**
   * Parts the rows: about `share` of them for training, the others for testing. By default at random; `stratify` names a column
   * of whose values both sides have the same share, `by` a column whose equal values stay on one side (a customer's rows, say),
   * or `'tail'` for the last rows as they stand. What is not in memory is loaded first ({@link Dataset.load}), or with `load: false`
   * read again by each side: a row is then on the side that its number says (so rows must come in the same order again), or
   * its value in the column `by`.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const rows = Dataset.fromColumns({ age: [31, 52, 8, 40], left: ['no', 'yes', 'no', 'yes'] })
   * const { train, test } = await rows.split(0.5, { stratify: 'left', seed: 1 })
   * console.log(train.count, test.count) // 2 2
   * ```
   */
  async split(share: number, options?: SplitRowsOptions<NamesOf<T>>): Promise<SplitRows<T>> {
    const plan = splitPlan(share, options)
    if (!plan.load && this.flow.random === undefined) return this.#sides(share, plan)
    const loaded = this.flow.random === undefined ? await this.load() : this
    const random = loaded.flow.random!
    const { train, test } = await parted(random, share, plan)
    const { flow } = loaded
    return {
      train: new Dataset(staged('split', chosen(random, train), { share, rows: train }, [flow])),
      test: new Dataset(staged('split', chosen(random, test), { share, rows: test }, [flow])),
    }
  }

  /** Throws where going through all of it would take for ever. */
  #ends(where: string): void {
    if (this.endless)
      fail('ERR_CONFIG', where, 'a data set that ends', { text: 'one that repeats for ever' }, 'Call take(n) first')
  }

  /** Both sides, each read past the rows of the other. */
  #sides(share: number, plan: SplitPlan): SplitRows<T> {
    const side = (own: 'train' | 'test'): Dataset<T> =>
      new Dataset(staged('split', sieved(this.flow, share, plan, own), { share, ...plan, side: own }, [this.flow]))
    return { train: side('train'), test: side('test') }
  }

  /**
   * Count, missing values, mean, deviation, quartiles or most frequent values of each column, in one pass; printed as tables.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * console.log(await Dataset.fromColumns({ age: [31, 52, Number.NaN], city: ['Rome', '', 'Rome'] }).describe())
   * ```
   */
  async describe(): Promise<Description> {
    this.#ends('Dataset.describe')
    return described(this.flow.open(this.nextPass(), 0, () => MANY))
  }

  /**
   * Goes through one pass, or as much of it as `seconds` allow (2 by default), and says how long each stage took, without the
   * stages before it; printed as a table.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const rows = Dataset.fromColumns({ age: Float32Array.of(31, 52, 8) })
   * console.log(await rows.map(({ age }) => ({ age: age / 100 })).batch(2).profile()) // columns, map, batch, elements
   * ```
   */
  async profile(options?: ProfileOptions): Promise<StageTimes> {
    const { seconds } = readProfile(options)
    const many = this.flow.isWide === true ? 64 : 1
    return stageTimes(() => this.flow.open(this.nextPass(), 0, () => many), seconds * 1000)
  }
}

inspectWith(Dataset, (data) => {
  const stage = data.flow.stage === undefined ? '' : `${data.flow.stage}: `
  const counted =
    data.count === undefined ? 'elements not counted' : `${data.count} element${data.count === 1 ? '' : 's'}`
  return `${data.constructor.name}(${stage}${data.endless ? 'elements without end' : counted})`
})

/** A data set of what `name` gives. */
function sourced<T>(name: string, flow: Flow<T>): Dataset<T> {
  return new Dataset(source(name, flow))
}

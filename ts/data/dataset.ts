/** Data that comes in pieces and can be gone through again. */

import { inspectWith } from '../core/inspect.js'
import { fail } from '../errors.js'
import { type ArrayFiles, readArrays } from './arrays.js'
import { batched, unbatched } from './batch.js'
import { bucketed } from './bucket.js'
import type { BytesLike } from './bytes.js'
import { cached, MANY, wholePass } from './cache.js'
import { checkCount } from './check.js'
import { elementsOf, type Rows, rowsOf } from './chunk.js'
import { columnNamed } from './column.js'
import { columnwise } from './columnwise.js'
import { concatenated } from './concatenate.js'
import { type CsvOptions, csvFlow } from './csv.js'
import {
  type ArrayColumn,
  type BatchOptions,
  type BucketOptions,
  type InterleaveOptions,
  type MixOptions,
  type PadBatchOptions,
  type ParallelOptions,
  type ProfileOptions,
  type RowOf,
  readBatch,
  readInterleave,
  readProfile,
  readShuffle,
  type SampleOptions,
  type ShuffleOptions,
  type SplitRowsOptions,
  type WindowOptions,
} from './dataset-options.js'
import { type Description, described } from './describe.js'
import { type Demand, type Flow, randomFlow } from './flow.js'
import { givenIdentity, sourceOf, stageOf } from './identity.js'
import { type Inputs, type InputsOf, type NamesOf, pickedColumns, targetColumns } from './inputs.js'
import { interleaved } from './interleave.js'
import { type JsonlOptions, jsonlFlow } from './jsonl.js'
import { filtered, mapped } from './map.js'
import { mappedInWorkers, moduleOf } from './map-parallel.js'
import { mixed } from './mix.js'
import { paddedBatches } from './pad.js'
import { chosen, sharded, skipped, taken } from './part.js'
import { parted, splitPlan } from './parting.js'
import { Passes } from './passes.js'
import { prefetched } from './prefetch.js'
import { repeated } from './repeat.js'
import { rowsKeptIn } from './row-file.js'
import { columnar, picking, rowsIdentity } from './rows.js'
import { sampled } from './sample.js'
import type { AnyRow, JsonSchema, Schema, SchemaRow } from './schema.js'
import type { ShapedArray } from './shaped.js'
import { shuffled } from './shuffle.js'
import { isSource, listed, openSource, type SourceLike, singles } from './source.js'
import type { Padded, Stacked, Unstacked } from './stacked.js'
import { measured, type StageTimes, stageTimes } from './stage-times.js'
import { windowed } from './window.js'
import { zipped } from './zip.js'

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
export class Dataset<T> extends Passes<T> {
  /** From an array, any iterable that can be iterated again, or a function (a generator function, too) that opens one. */
  static from<T>(source: SourceLike<T>): Dataset<T> {
    if (Array.isArray(source))
      return staged('from', { ...randomFlow(listed(source as readonly T[])), identity: givenIdentity(source) })
    if (typeof source !== 'function' && !isSource(source)) {
      fail('ERR_DATA', 'Dataset.from', 'an iterable, or a function that returns one', source)
    }
    const flow = singles((_pass: number, _from: number, { left }: Demand) => openSource(source, left), false)
    return staged('from', { ...flow, identity: givenIdentity(source) })
  }

  /**
   * Rows out of columns: typed arrays (a number a row), `{ values, shape }` (an array a row) and lists (text, or anything).
   * The arrays are read when batches are made; they are not copied before.
   */
  static fromColumns<R extends Readonly<Record<string, ArrayColumn>>>(columns: R): Dataset<RowOf<R>> {
    return staged('columns', columnar<RowOf<R>>('Dataset.fromColumns', columns))
  }

  /** As {@link Dataset.fromColumns}. */
  static fromArrays<R extends Readonly<Record<string, ArrayColumn>>>(arrays: R): Dataset<RowOf<R>> {
    return staged('columns', columnar<RowOf<R>>('Dataset.fromArrays', arrays))
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
    return staged('csv', csvFlow(from, options))
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
    return staged('jsonl', jsonlFlow<T>(from, options))
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
    return staged('columns', columnar<T>('Dataset.arrays', await readArrays('Dataset.arrays', from)))
  }

  /** A data set of a flow, by the name of its source. */
  static of<T>(source: string, flow: Flow<T>): Dataset<T> {
    return staged(source, flow)
  }

  /** Rows of columns that are made already: for sources. */
  static ofRows<T>(rows: Rows<T>): Dataset<T> {
    return staged('columns', { ...randomFlow(picking(rows)), identity: rowsIdentity(rows) })
  }

  /** Each element through a function, which may be asynchronous. */
  map<U>(change: (element: T, index: number) => U | Promise<U>): Dataset<U> {
    return staged('map', mapped(this.flow, change), { change }, this.flow)
  }

  /** The elements that pass a test. */
  filter(test: (element: T) => boolean | Promise<boolean>): Dataset<T> {
    return staged('filter', filtered(this.flow, test), { test }, this.flow)
  }

  /** Of each row the columns that are named. */
  select<const N extends keyof T & string>(...names: readonly N[]): Dataset<Pick<T, N>> {
    const pick = columnwise<T, Pick<T, N>>((columns) =>
      Object.fromEntries(names.map((name) => [name, columnNamed('Dataset.select', columns, name)])),
    )
    return staged('select', mapped(this.flow, pick), { names }, this.flow)
  }

  /**
   * Rows `{ x, y }` (and `sampleWeight`), as `fit` takes them. A name is that column as it is; a list of names is these
   * columns of numbers side by side, (rows, columns) of float32; an object of these is one for each input or output.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const rows = Dataset.fromColumns({ age: [31, 52, 8], height: [1.7, 1.8, 1.2], left: [1, 0, 0] })
   * const batches = rows.inputsAndTarget(['age', 'height'], 'left').batch(2)
   * for await (const { x, y } of batches) console.log(x.shape, y.shape) // [2, 2] [2], then [1, 2] [1]
   * ```
   */
  inputsAndTarget<const X extends Inputs<NamesOf<T>>, const Y extends Inputs<NamesOf<T>>>(
    inputs: X,
    target: Y,
  ): Dataset<{ readonly x: InputsOf<T, X>; readonly y: InputsOf<T, Y> }>
  inputsAndTarget<const X extends Inputs<NamesOf<T>>, const Y extends Inputs<NamesOf<T>>, const W extends NamesOf<T>>(
    inputs: X,
    target: Y,
    sampleWeight: W,
  ): Dataset<{ readonly x: InputsOf<T, X>; readonly y: InputsOf<T, Y>; readonly sampleWeight: InputsOf<T, W> }>
  inputsAndTarget(inputs: Inputs<string>, target: Inputs<string>, sampleWeight?: string): Dataset<unknown> {
    const where = 'Dataset.inputsAndTarget'
    const pick = columnwise<T, unknown>((columns) => ({
      x: pickedColumns(where, columns, inputs),
      ...targetColumns(where, columns, target, sampleWeight),
    }))
    return staged('inputsAndTarget', mapped(this.flow, pick), { inputs, target, sampleWeight }, this.flow)
  }

  /** Groups of `size` elements, stacked: numbers become typed arrays, rows become arrays with one more axis, text a list. */
  batch(size: number, options?: BatchOptions): Dataset<Stacked<T>> {
    checkCount('Dataset.batch.size', size, 1)
    const { dropRemainder } = readBatch(options)
    return staged('batch', batched<T, Stacked<T>>(this.flow, size, dropRemainder), { size, dropRemainder }, this.flow)
  }

  /** The rows of batches, one by one: what {@link Dataset.batch} stacked. */
  unbatch(): Dataset<Unstacked<T>> {
    return staged('unbatch', unbatched<Unstacked<T>>(this.flow), {}, this.flow)
  }

  /**
   * Another order at each pass, which depends on the seed and the number of the pass. Over arrays it is one permutation of
   * all elements, computed and never stored; of a stream, elements change places within each `buffer` of them.
   */
  shuffle(options?: ShuffleOptions): Dataset<T>
  shuffle(buffer: number, seed?: number): Dataset<T>
  shuffle(first?: number | ShuffleOptions, second?: number): Dataset<T> {
    const { buffer, seed } = readShuffle(typeof first === 'number' ? { buffer: first, seed: second } : first)
    return staged('shuffle', shuffled(this.flow, buffer, seed), { buffer, seed }, this.flow)
  }

  /** The same elements `count` times; without a count, for ever. */
  repeat(count: number = Number.POSITIVE_INFINITY): Dataset<T> {
    if (count !== Number.POSITIVE_INFINITY) checkCount('Dataset.repeat.count', count, 0)
    return staged('repeat', repeated(this.flow, count), { count }, this.flow)
  }

  /** The first `count` elements. */
  take(count: number): Dataset<T> {
    checkCount('Dataset.take.count', count, 0)
    return staged('take', taken(this.flow, count), { count }, this.flow)
  }

  /** All but the first `count` elements. */
  skip(count: number): Dataset<T> {
    checkCount('Dataset.skip.count', count, 0)
    return staged('skip', skipped(this.flow, count), { count }, this.flow)
  }

  /** Every `count`-th element, beginning with number `index`: one of `count` disjoint parts. */
  shard(count: number, index: number): Dataset<T> {
    checkCount('Dataset.shard.count', count, 1)
    if (!(Number.isInteger(index) && index >= 0 && index < count))
      fail('ERR_CONFIG', 'Dataset.shard.index', `an integer in [0, ${count})`, index)
    return staged('shard', sharded(this.flow, count, index), { count, index }, this.flow)
  }

  /** The elements of this one, then those of another. */
  concat(other: Dataset<T>): Dataset<T> {
    const second = flowOf('Dataset.concat', other)
    return staged('concat', concatenated(this.flow, second), {}, this.flow, second)
  }

  /** Elements of this one and of another side by side, as long as both have some. */
  zip<U>(other: Dataset<U>): Dataset<readonly [T, U]> {
    const second = flowOf('Dataset.zip', other)
    return staged('zip', zipped(this.flow, second), {}, this.flow, second)
  }

  /**
   * `block` elements of this one, then `block` of each of the others, in turn; one that has ended is passed over.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * console.log(await Dataset.from([1, 2, 3]).interleave([Dataset.from([10, 20])]).toArray()) // [1, 10, 2, 20, 3]
   * ```
   */
  interleave(others: readonly Dataset<T>[], options?: InterleaveOptions): Dataset<T> {
    const { block } = readInterleave(options)
    if (!Array.isArray(others)) fail('ERR_CONFIG', 'Dataset.interleave.others', 'a list of data sets', others)
    const flows = others.map((other, i) => flowOf<T>(`Dataset.interleave.others[${i}]`, other))
    return staged('interleave', interleaved([this.flow, ...flows], block), { block }, this.flow, ...flows)
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
    return staged('mix', mixed<T>(flows, options), { ...options }, ...flows)
  }

  /**
   * `count` rows a pass (by default as many as there are), drawn with replacement and independent of each other, row `i` with
   * probability `weights[i] / Σ weights`: against classes that are rare. Weights are numbers, one a row, or the name of a column of
   * them. Of rows in memory: `await` {@link Dataset.load} first for others.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const rows = Dataset.fromColumns({ x: [1, 2, 3], y: [0, 0, 1] })
   * console.log(await rows.sample([1, 1, 2], { count: 4, seed: 1 }).toArray()) // half of them of class 1, on average
   * ```
   */
  sample(weights: ArrayLike<number> | NamesOf<T>, options?: SampleOptions): Dataset<T> {
    return staged('sample', sampled(this.flow, weights, options), { weights, ...options }, this.flow)
  }

  /**
   * Windows over consecutive elements, each stacked: `size` of them, every `stride`-th, each window `shift` elements behind the
   * last. Only whole windows. Over rows in memory they can be shuffled like rows.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const days = Dataset.fromColumns({ sold: [3, 4, 5, 6, 7] })
   * for (const { sold } of await days.window(3).toArray()) console.log(sold.values) // 3 4 5, then 4 5 6, then 5 6 7
   * ```
   */
  window(size: number, options?: WindowOptions): Dataset<Stacked<T>> {
    checkCount('Dataset.window.size', size, 1)
    return staged('window', windowed<T, Stacked<T>>(this.flow, size, options), { size, ...options }, this.flow)
  }

  /**
   * As {@link Dataset.batch}, of sequences that differ in length: lists of numbers, typed arrays and `{ values, shape }` are
   * filled up along their first axis to the longest in the batch, or to `length`.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const rows = Dataset.from([{ words: [5, 2], y: 1 }, { words: [7], y: 0 }])
   * for await (const { words } of rows.padBatch(2)) console.log(words.shape, words.values) // [2, 2], 5 2 7 0
   * ```
   */
  padBatch(size: number, options?: PadBatchOptions): Dataset<Padded<T>> {
    checkCount('Dataset.padBatch.size', size, 1)
    return staged('padBatch', paddedBatches<T, Padded<T>>(this.flow, size, options), { size, ...options }, this.flow)
  }

  /**
   * Batches of sequences of about one length, filled up to the boundary of their bucket: little is computed on fillings, and only
   * so many different shapes occur as there are buckets. A batch comes as soon as its bucket is full; sequences longer than the last
   * boundary make a bucket of their own, filled up to the longest in each batch.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const texts = Dataset.from([[1, 2], [3], [4, 5, 6, 7], [8, 9, 10]])
   * const batches = texts.bucketByLength((text) => text.length, { boundaries: [2, 4], size: 2 })
   * for await (const batch of batches) console.log(batch.shape) // [2, 2], then [2, 4]
   * ```
   */
  bucketByLength(lengthOf: (element: T) => number, options: BucketOptions): Dataset<Padded<T>> {
    return staged(
      'bucketByLength',
      bucketed<T, Padded<T>>(this.flow, lengthOf, options),
      { lengthOf, ...options },
      this.flow,
    )
  }

  /**
   * The elements of the first pass in every pass, kept in memory as they come: nothing before this is done twice. Shuffle behind it,
   * or each pass has the order of the first. What a function behind it writes into objects that it is given, stays written.
   *
   * With a path, the rows are written to a file of rows of one width, in blocks with a checksum each, and read from there: for more
   * than memory holds. The promise settles when the file is whole; one that is there is read, and nothing before this is done at all.
   * `shuffle` behind it permutes all blocks, and the rows of about `buffer` rows' worth of them. A row is an object of numbers, truth
   * values, text and arrays of one shape.
   *
   * @throws `ERR_DATA` where rows differ in form, `ERR_IO` where the system refuses, `ERR_FORMAT` where a file is damaged.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * const rows = await Dataset.csv('clicks-*.csv.gz').cache('clicks.rows')
   * const batches = rows.shuffle({ buffer: 100_000, seed: 1 }).batch(256)
   * console.log(rows.count, batches.count)
   * ```
   */
  cache(): Dataset<T>
  cache(path: string): Promise<Dataset<T>>
  cache(path?: string): Dataset<T> | Promise<Dataset<T>> {
    if (this.endless) fail('ERR_CONFIG', 'Dataset.cache', 'a data set that ends', { text: 'one that repeats for ever' })
    if (path === undefined) return staged('cache', cached(this.flow), {}, this.flow)
    if (typeof path !== 'string' || path === '') fail('ERR_CONFIG', 'Dataset.cache.path', 'a path', path)
    return rowsKeptIn(path, this.flow).then((rows) => staged('cache', rows))
  }

  /**
   * Each element through the default export of a file, a function of an element and its number that may be asynchronous, in worker
   * threads: for work that takes longer than a message to another thread, which whole batches do sooner than rows. The order is that
   * of the elements, whatever the number of workers; memory of arrays is handed over and not copied. Elements have to be numbers, text,
   * plain objects, lists and typed arrays.
   *
   * @example
   * ```ts
   * import { Dataset } from 'ferrograd/data'
   *
   * declare const batches: Dataset<{ readonly x: { values: Float32Array; shape: number[] } }>
   * const noisy = batches.mapParallel(new URL('./noise.js', import.meta.url), { workers: 2 })
   * ```
   */
  mapParallel<U = T>(file: string | URL, options?: ParallelOptions): Dataset<U> {
    const flow = mappedInWorkers<T, U>(this.flow, file, options)
    return staged('mapParallel', flow, { file: new URL(moduleOf(file)) }, this.flow)
  }

  /** Asks for about `depth` elements ahead of the one that is used. */
  prefetch(depth: number): Dataset<T> {
    checkCount('Dataset.prefetch.depth', depth, 1)
    // What is asked for ahead is the same.
    return new Dataset({ ...measured('prefetch', prefetched(this.flow, depth)), stages: this.flow.stages })
  }

  /**
   * One pass read into memory: columns stay columns. What is in memory can be had by number, so that `shuffle` mixes all of it
   * and nothing is read again.
   */
  async load(): Promise<Dataset<T>> {
    const all = await wholePass(this.flow, this.nextPass())
    const rows = rowsOf(all)
    return rows === undefined ? Dataset.from(elementsOf(all)) : Dataset.ofRows(rows)
  }

  /**
   * Parts the rows: about `share` of them for training, the others for testing. By default at random; `stratify` names a column
   * of whose values both sides have the same share, `by` a column whose equal values stay on one side (a customer's rows, say),
   * or `'tail'` for the last rows as they stand. What is not in memory is loaded first ({@link Dataset.load}).
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
    const loaded = this.flow.random === undefined ? await this.load() : this
    const random = loaded.flow.random!
    const { train, test } = await parted(random, share, plan)
    const { flow } = loaded
    return {
      train: staged('split', chosen(random, train), { share, rows: train }, flow),
      test: staged('split', chosen(random, test), { share, rows: test }, flow),
    }
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

/** A data set of a flow, by the name of its stage, its options, and the flows that it is made of: none of a source. */
function staged<T>(
  stage: string,
  flow: Flow<T>,
  options: Readonly<Record<string, unknown>> = {},
  ...from: readonly Flow[]
): Dataset<T> {
  const stages = from.length === 0 ? sourceOf(stage, flow.identity) : stageOf(stage, options, from)
  return new Dataset({ ...measured(stage, flow), stages })
}

function flowOf<T>(where: string, other: Dataset<T>): Flow<T> {
  return other instanceof Dataset ? other.flow : fail('ERR_CONFIG', where, 'a Dataset', other)
}

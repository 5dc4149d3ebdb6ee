/** What a data set becomes, stage by stage: nothing runs before somebody iterates. */

import { fail } from '../errors.js'
import { batched, unbatched } from './batch.js'
import { bucketed } from './bucket.js'
import { cached } from './cache.js'
import { checkCount } from './check.js'
import { columnNamed } from './column.js'
import { columnwise } from './columnwise.js'
import { concatenated } from './concatenate.js'
import type { Dataset } from './dataset.js'
import {
  type BatchOptions,
  type BucketOptions,
  type InterleaveOptions,
  type PadBatchOptions,
  type ParallelOptions,
  readBatch,
  readInterleave,
  readShuffle,
  type SampleOptions,
  type ShuffleOptions,
  type WindowOptions,
} from './dataset-options.js'
import type { Flow } from './flow.js'
import { sourceOf, stageOf } from './identity.js'
import { type Inputs, type InputsOf, type NamesOf, pickedColumns, targetColumns } from './inputs.js'
import { interleaved } from './interleave.js'
import { filtered, mapped } from './map.js'
import { mappedInWorkers, moduleOf } from './map-parallel.js'
import { paddedBatches } from './pad.js'
import { sharded, skipped, taken } from './part.js'
import { Passes } from './passes.js'
import { prefetched } from './prefetch.js'
import { repeated } from './repeat.js'
import { rowsKeptIn } from './row-file.js'
import { sampled } from './sample.js'
import { shuffled } from './shuffle.js'
import type { Padded, Stacked, Unstacked } from './stacked.js'
import { measured } from './stage-times.js'
import { windowed } from './window.js'
import { zipped } from './zip.js'

/** The stages of a data set, each a {@link Dataset} of its own: that is what extends it. */
export abstract class Stages<T> extends Passes<T> {
  /** A data set of a flow. */
  protected abstract made<U>(flow: Flow<U>): Dataset<U>

  /** Each element through a function, which may be asynchronous. */
  map<U>(change: (element: T, index: number) => U | Promise<U>): Dataset<U> {
    return this.#staged('map', mapped(this.flow, change), { change })
  }

  /** The elements that pass a test. */
  filter(test: (element: T) => boolean | Promise<boolean>): Dataset<T> {
    return this.#staged('filter', filtered(this.flow, test), { test })
  }

  /** Of each row the columns that are named. */
  select<const N extends keyof T & string>(...names: readonly N[]): Dataset<Pick<T, N>> {
    const pick = columnwise<T, Pick<T, N>>((columns) =>
      Object.fromEntries(names.map((name) => [name, columnNamed('Dataset.select', columns, name)])),
    )
    return this.#staged('select', mapped(this.flow, pick), { names })
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
    return this.#staged('inputsAndTarget', mapped(this.flow, pick), { inputs, target, sampleWeight })
  }

  /** Groups of `size` elements, stacked: numbers become typed arrays, rows become arrays with one more axis, text a list. */
  batch(size: number, options?: BatchOptions): Dataset<Stacked<T>> {
    checkCount('Dataset.batch.size', size, 1)
    const { dropRemainder } = readBatch(options)
    return this.#staged('batch', batched<T, Stacked<T>>(this.flow, size, dropRemainder), { size, dropRemainder })
  }

  /** The rows of batches, one by one: what {@link Dataset.batch} stacked. */
  unbatch(): Dataset<Unstacked<T>> {
    return this.#staged('unbatch', unbatched<Unstacked<T>>(this.flow))
  }

  /**
   * Another order at each pass, which depends on the seed and the number of the pass. Over arrays it is one permutation of
   * all elements, computed and never stored; of a stream, elements change places within each `buffer` of them.
   */
  shuffle(options?: ShuffleOptions): Dataset<T>
  shuffle(buffer: number, seed?: number): Dataset<T>
  shuffle(first?: number | ShuffleOptions, second?: number): Dataset<T> {
    const { buffer, seed } = readShuffle(typeof first === 'number' ? { buffer: first, seed: second } : first)
    return this.#staged('shuffle', shuffled(this.flow, buffer, seed), { buffer, seed })
  }

  /** The same elements `count` times; without a count, for ever. */
  repeat(count: number = Number.POSITIVE_INFINITY): Dataset<T> {
    if (count !== Number.POSITIVE_INFINITY) checkCount('Dataset.repeat.count', count, 0)
    return this.#staged('repeat', repeated(this.flow, count), { count })
  }

  /** The first `count` elements. */
  take(count: number): Dataset<T> {
    checkCount('Dataset.take.count', count, 0)
    return this.#staged('take', taken(this.flow, count), { count })
  }

  /** All but the first `count` elements. */
  skip(count: number): Dataset<T> {
    checkCount('Dataset.skip.count', count, 0)
    return this.#staged('skip', skipped(this.flow, count), { count })
  }

  /** Every `count`-th element, beginning with number `index`: one of `count` disjoint parts. */
  shard(count: number, index: number): Dataset<T> {
    checkCount('Dataset.shard.count', count, 1)
    if (!(Number.isInteger(index) && index >= 0 && index < count))
      fail('ERR_CONFIG', 'Dataset.shard.index', `an integer in [0, ${count})`, index)
    return this.#staged('shard', sharded(this.flow, count, index), { count, index })
  }

  /** The elements of this one, then those of another. */
  concat(other: Dataset<T>): Dataset<T> {
    const second = flowOf('Dataset.concat', other)
    return this.#staged('concat', concatenated(this.flow, second), {}, second)
  }

  /** Elements of this one and of another side by side, as long as both have some. */
  zip<U>(other: Dataset<U>): Dataset<readonly [T, U]> {
    const second = flowOf('Dataset.zip', other)
    return this.#staged('zip', zipped(this.flow, second), {}, second)
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
    return this.#staged('interleave', interleaved([this.flow, ...flows], block), { block }, ...flows)
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
    return this.#staged('sample', sampled(this.flow, weights, options), { weights, ...options })
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
    return this.#staged('window', windowed<T, Stacked<T>>(this.flow, size, options), { size, ...options })
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
    return this.#staged('padBatch', paddedBatches<T, Padded<T>>(this.flow, size, options), { size, ...options })
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
    return this.#staged('bucketByLength', bucketed<T, Padded<T>>(this.flow, lengthOf, options), {
      lengthOf,
      ...options,
    })
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
    if (path === undefined) return this.#staged('cache', cached(this.flow))
    if (typeof path !== 'string' || path === '') fail('ERR_CONFIG', 'Dataset.cache.path', 'a path', path)
    return rowsKeptIn(path, this.flow).then((rows) => this.made(source('cache', rows)))
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
    return this.#staged('mapParallel', flow, { file: new URL(moduleOf(file)) })
  }

  /** Asks for about `depth` elements ahead of the one that is used. */
  prefetch(depth: number): Dataset<T> {
    checkCount('Dataset.prefetch.depth', depth, 1)
    // What is asked for ahead is the same.
    return this.made({ ...measured('prefetch', prefetched(this.flow, depth)), stages: this.flow.stages })
  }

  /** The data set of a stage, by its name and options; `others` are flows that it takes elements of besides this one. */
  #staged<U>(
    stage: string,
    flow: Flow<U>,
    options: Readonly<Record<string, unknown>> = {},
    ...others: readonly Flow[]
  ): Dataset<U> {
    return this.made(staged(stage, flow, options, [this.flow, ...others]))
  }
}

/** The flow of a source, by its name. */
export function source<T>(name: string, flow: Flow<T>): Flow<T> {
  return { ...measured(name, flow), stages: sourceOf(name, flow.identity) }
}

/** The flow of a stage, by its name, its options, and the flows that it is made of. */
export function staged<T>(
  stage: string,
  flow: Flow<T>,
  options: Readonly<Record<string, unknown>>,
  from: readonly Flow[],
): Flow<T> {
  return { ...measured(stage, flow), stages: stageOf(stage, options, from) }
}

/** What another data set is made of; `where` names the argument. */
export function flowOf<T>(where: string, other: Dataset<T>): Flow<T> {
  return other instanceof Passes ? other.flow : fail('ERR_CONFIG', where, 'a Dataset', other)
}

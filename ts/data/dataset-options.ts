/** The options of the stages of a data set: their types, defaults and checks. */

import type { Named, OptionsOf } from '../options/fields.js'
import { type OptionsReader, optionsReader } from '../options/reader.js'
import type { TypedArray } from '../types.js'
import type { ShapedArray } from './shaped.js'

/** Arrays whose first axis counts samples: one value a row. */
export type ArrayColumn = ShapedArray | TypedArray | readonly unknown[]

/** Rows of arrays that belong together. */
export type RowOf<R> = {
  readonly [K in keyof R]: R[K] extends ShapedArray<infer T>
    ? ShapedArray<T>
    : R[K] extends readonly (infer E)[]
      ? E
      : number
}

const remainderFields = {
  /** Leaves out a last batch of fewer elements. Default false. */
  dropRemainder: { type: 'boolean', default: false },
} as const

export const readBatch: OptionsReader<typeof remainderFields> = optionsReader('Dataset.batch', remainderFields)

/** Options of {@link Dataset.batch}. */
export interface BatchOptions extends OptionsOf<typeof remainderFields>, Named {}

const shuffleFields = {
  /** Decides the orders. Default 0. */
  seed: { type: 'seed', default: 0 },
  /** Of a stream that cannot seek: how many rows are mixed at a time. Default 16_384. */
  buffer: { type: 'integer', default: 16_384, min: 1 },
} as const

export const readShuffle: OptionsReader<typeof shuffleFields> = optionsReader('Dataset.shuffle', shuffleFields)

/** How {@link Dataset.shuffle} draws. */
export interface ShuffleOptions extends OptionsOf<typeof shuffleFields>, Named {}

const splitFields = {
  /** At random, the last ones aside (`'tail'`), or by a column whose equal values stay together. Default 'random'. */
  by: { type: 'string', default: 'random' },
  /** A column of whose values both sides have the same share. Default null. */
  stratify: { type: 'string', default: null },
  /** Decides which rows. Default 0. */
  seed: { type: 'seed', default: 0 },
  /**
   * Whether rows that are not in memory are read into it. Without it each side reads its source again and passes over
   * the rows of the other: for more than memory holds. Default true.
   */
  load: { type: 'boolean', default: true },
} as const

export const readSplit: OptionsReader<typeof splitFields> = optionsReader('Dataset.split', splitFields)

/** How {@link Dataset.split} parts rows. */
export interface SplitRowsOptions<N extends string = string> extends OptionsOf<typeof splitFields> {
  readonly by?: 'random' | 'tail' | N
  readonly stratify?: N
}

const mixFields = {
  /** The share of each data set, in any unit; as much of each unless given. */
  weights: { type: 'given', default: null },
  /** Decides what is drawn. Default 0. */
  seed: { type: 'seed', default: 0 },
} as const

export const readMix: OptionsReader<typeof mixFields> = optionsReader('Dataset.mix', mixFields)

/** How {@link Dataset.mix} draws. */
export interface MixOptions extends OptionsOf<typeof mixFields> {
  readonly weights?: readonly number[]
}

const sampleFields = {
  /** Rows a pass; as many as there are unless given. */
  count: { type: 'integer', default: null, min: 1 },
  /** Decides what is drawn. Default 0. */
  seed: { type: 'seed', default: 0 },
} as const

export const readSample: OptionsReader<typeof sampleFields> = optionsReader('Dataset.sample', sampleFields)

/** How {@link Dataset.sample} draws. */
export interface SampleOptions extends OptionsOf<typeof sampleFields>, Named {}

const interleaveFields = {
  /** Elements of each in turn. Default 1. */
  block: { type: 'integer', default: 1, min: 1 },
} as const

export const readInterleave: OptionsReader<typeof interleaveFields> = optionsReader(
  'Dataset.interleave',
  interleaveFields,
)

/** How {@link Dataset.interleave} takes turns. */
export interface InterleaveOptions extends OptionsOf<typeof interleaveFields>, Named {}

const windowFields = {
  /** How far each window begins behind the last. Default 1. */
  shift: { type: 'integer', default: 1, min: 1 },
  /** The distance of neighbours within a window. Default 1. */
  stride: { type: 'integer', default: 1, min: 1 },
} as const

export const readWindow: OptionsReader<typeof windowFields> = optionsReader('Dataset.window', windowFields)

/** What {@link Dataset.window} takes. */
export interface WindowOptions extends OptionsOf<typeof windowFields>, Named {}

const fillFields = {
  /** Where shorter ones are filled up. Default 'post'. */
  padding: { type: 'choice', of: ['pre', 'post'], default: 'post' },
  /** What they are filled up with, NaN too. Default 0. */
  value: { type: 'given', default: 0 },
} as const
const lengthFields = {
  /** The length of all; by default that of the longest in the batch. A longer one is an error. */
  length: { type: 'integer', default: null, min: 1 },
} as const
const padFields: typeof remainderFields & typeof fillFields & typeof lengthFields = {
  ...remainderFields,
  ...fillFields,
  ...lengthFields,
}

export const readPadBatch: OptionsReader<typeof padFields> = optionsReader('Dataset.padBatch', padFields)

/** How sequences are brought to one length. */
export interface Padding extends OptionsOf<typeof fillFields>, OptionsOf<typeof lengthFields> {
  readonly value?: number
}

/** What {@link Dataset.padBatch} does. */
export interface PadBatchOptions extends Padding, OptionsOf<typeof remainderFields> {}

const bucketFields = {
  /** The greatest lengths of the buckets, ascending. */
  boundaries: { type: 'given' },
  /** Elements a batch: one number, or one for each bucket, the last for what is longer than all boundaries. */
  size: { type: 'given' },
  /** Fills up to the boundary, and not to the longest in the batch. Default true. */
  toBoundary: { type: 'boolean', default: true },
} as const
const allBucketFields: typeof remainderFields & typeof fillFields & typeof bucketFields = {
  ...remainderFields,
  ...fillFields,
  ...bucketFields,
}

export const readBuckets: OptionsReader<typeof allBucketFields> = optionsReader(
  'Dataset.bucketByLength',
  allBucketFields,
)

/** What {@link Dataset.bucketByLength} does. */
export interface BucketOptions extends OptionsOf<typeof allBucketFields> {
  readonly boundaries: readonly number[]
  readonly size: number | readonly number[]
  readonly value?: number
}

const parallelFields = {
  /** Threads; one fewer than there are cores unless given. */
  workers: { type: 'integer', default: null, min: 1 },
} as const

export const readParallel: OptionsReader<typeof parallelFields> = optionsReader('Dataset.mapParallel', parallelFields)

/** How {@link Dataset.mapParallel} works. */
export interface ParallelOptions extends OptionsOf<typeof parallelFields>, Named {}

const profileFields = {
  /** How long it may take. Default 2. */
  seconds: { type: 'number', default: 2, above: 0 },
} as const

export const readProfile: OptionsReader<typeof profileFields> = optionsReader('Dataset.profile', profileFields)

/** How {@link Dataset.profile} measures. */
export interface ProfileOptions extends OptionsOf<typeof profileFields>, Named {}

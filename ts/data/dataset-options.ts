/** The options of the stages of a data set. */

import type { TypedArray } from '../types.js'
import type { Padding } from './pad.js'
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

/** How {@link Dataset.shuffle} draws. */
export interface ShuffleOptions {
  /** Decides the orders. Default 0. */
  readonly seed?: number
  /** Of a stream that cannot seek: how many rows are mixed at a time. Default 16,384. */
  readonly buffer?: number
}

/** How {@link Dataset.split} parts rows. */
export interface SplitRowsOptions<N extends string = string> {
  /** At random (the default), the last ones aside, or by a column whose equal values stay together. */
  readonly by?: 'random' | 'tail' | N
  /** A column of whose values both sides have the same share. */
  readonly stratify?: N
  /** Decides which rows. Default 0. */
  readonly seed?: number
}

/** How {@link Dataset.mix} draws. */
export interface MixOptions {
  /** The share of each data set, in any unit. Default as much of each. */
  readonly weights?: readonly number[]
  /** Decides what is drawn. Default 0. */
  readonly seed?: number
}

/** How {@link Dataset.sample} draws. */
export interface SampleOptions {
  /** Rows a pass. Default as many as there are. */
  readonly count?: number
  /** Decides what is drawn. Default 0. */
  readonly seed?: number
}

/** What {@link Dataset.window} takes. */
export interface WindowOptions {
  /** How far each window begins behind the last. Default 1. */
  readonly shift?: number
  /** The distance of neighbours within a window. Default 1. */
  readonly stride?: number
}

/** What {@link Dataset.padBatch} does. */
export interface PadBatchOptions extends Padding {
  /** Leaves out a last batch of fewer elements. Default false. */
  readonly dropRemainder?: boolean
}

/** What {@link Dataset.bucketByLength} does. */
export interface BucketOptions extends Omit<PadBatchOptions, 'length'> {
  /** The greatest lengths of the buckets, ascending. */
  readonly boundaries: readonly number[]
  /** Elements a batch: one number, or one for each bucket, the last for what is longer than all boundaries. */
  readonly size: number | readonly number[]
  /** Fills up to the boundary, and not to the longest in the batch. Default true. */
  readonly toBoundary?: boolean
}

/** How {@link Dataset.mapParallel} works. */
export interface ParallelOptions {
  /** Threads. Default one fewer than there are cores. */
  readonly workers?: number
}

/** Where a data set is: plain JSON. */
export interface Position {
  /** The pass, from 0. */
  readonly pass: number
  /** How many elements of it have been given. */
  readonly given: number
}

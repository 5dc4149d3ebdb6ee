/** What `fit`, `evaluate` and `predict` take as data. */

import type { DataLike } from '../data/marshal.js'
import type { SourceLike } from '../data/source.js'
import type { NestedTexts } from '../types.js'

/** One argument for each input, output or so: alone, in a list, or by name. */
export type Each<T> = T | readonly T[] | Readonly<Record<string, T>>

/** One batch of a stream: `[x]`, `[x, y]`, `[x, y, sampleWeight]`, or an object. */
export type BatchLike =
  | readonly [x: Each<DataLike>, y?: Each<DataLike>, sampleWeight?: Each<DataLike>]
  | { readonly x: Each<DataLike>; readonly y?: Each<DataLike>; readonly sampleWeight?: Each<DataLike> }

/** Batches one after the other: a Dataset, an iterable, or a function that opens one. */
export type BatchSource = SourceLike<BatchLike>

/** One argument for each input or output, of which some may have none. */
type Parts<T> = T | readonly (T | null)[] | Readonly<Record<string, T | null>>

/** Samples: arrays for the inputs, or a stream of batches. */
export type ModelData = Parts<DataLike> | BatchSource

/** Samples for a model whose inputs nobody knows: one that was read from a file may take texts too. */
export type AnyData =
  | ModelData
  | Parts<DataLike | readonly NestedTexts[]>
  | SourceLike<readonly [x: unknown, y?: Each<DataLike>, sampleWeight?: Each<DataLike>]>

/** Targets: arrays for the outputs. */
export type Targets = Parts<DataLike>

/**
 * How much each class of an output counts: `{ 0: 1, 1: 5 }`; `'balanced'` gives all classes of the samples that are trained on the
 * same sum, `samples / (classes · samples of the class)`, as scikit-learn does.
 */
export type OutputClassWeight = Readonly<Record<string, number>> | 'balanced'

/** How much each class counts; by output name where there are several. */
export type ClassWeight = OutputClassWeight | Readonly<Record<string, OutputClassWeight>>

/** Silent, live, or a line an epoch; `auto` is live. */
export type Verbose = 0 | 1 | 2 | 'auto'

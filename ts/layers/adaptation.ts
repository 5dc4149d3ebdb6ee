/** What layers learn from data before training: piece by piece, in one pass, several of them at once. */

import { Tensor } from '../core/tensor.js'
import { type Column, NumberColumn } from '../data/column.js'
import { eachColumns } from '../data/columns-of.js'
import type { Dataset } from '../data/dataset.js'
import type { Source } from '../data/source.js'
import { fail } from '../errors.js'

/** Data on their way into a layer: the layer changes when all of them are read. */
export interface Adaptation {
  /** Sees some of the data, as `adapt` would be given them. */
  update(piece: never): void
  /** Changes the layer. */
  finish(): void
}

/** A layer that learns from data. */
export interface Adaptable {
  readonly className: string
  /** Begins to learn; nothing of the layer changes before `finish`. */
  adaptation(): Adaptation
}

/** Goes through data: at once, or through the pieces of a stream, once. */
export function adaptTo(data: unknown, adaptation: Adaptation): undefined | Promise<void> {
  if (isStream(data)) return adaptedBy(data, adaptation)
  adaptation.update(data as never)
  adaptation.finish()
  return undefined
}

async function adaptedBy(pieces: Source<unknown>, adaptation: Adaptation): Promise<void> {
  for await (const piece of pieces) adaptation.update(piece as never)
  adaptation.finish()
}

/** Whether data come in pieces: strings and arrays are there at once. */
function isStream(data: unknown): data is Source<never> {
  if (typeof data !== 'object' || data === null || Array.isArray(data) || ArrayBuffer.isView(data)) return false
  if (data instanceof Tensor) return false
  return Symbol.asyncIterator in data || Symbol.iterator in data
}

/**
 * Several layers learn from the columns of a data set, each from the one that bears its name, in one pass over all: a table
 * in a file is read once. Of rows, or of the batches that `batch` made of them. The layers change when the pass has ended.
 *
 * Layers are `Normalization`, `Discretization`, `StringLookup`, `IntegerLookup` and `TextVectorization`, and those of one's own that
 * have an `adaptation()`.
 *
 * @throws `ERR_CONFIG` for a column that is not there and for a layer that learns nothing, `ERR_DATA` for data without an end and for what
 *   the layer's own `adapt` refuses.
 *
 * @example
 * import { Dataset } from 'ferrograd/data'
 * import { adaptAll, Normalization, StringLookup } from 'ferrograd/layers'
 *
 * const rows = Dataset.fromColumns({ age: [31, 52, 8], city: ['Rome', 'Oslo', 'Rome'] })
 * const [age, city] = [new Normalization(), new StringLookup()]
 * await adaptAll(rows, { age, city })
 * console.log(city.getVocabulary()) // ['[UNK]', 'Rome', 'Oslo']
 */
export async function adaptAll<T>(
  rows: Dataset<T>,
  layers: { readonly [K in keyof T & string]?: Adaptable },
): Promise<void> {
  const learning = Object.entries(layers as Readonly<Record<string, Adaptable>>).map(
    ([name, layer]) => [name, begun(name, layer)] as const,
  )
  if (learning.length === 0) fail('ERR_CONFIG', 'adaptAll.layers', 'at least one layer', layers)
  await eachColumns('adaptAll', rows, (columns) => {
    for (const [name, adaptation] of learning) adaptation.update(pieceOf(columns(name)) as never)
  })
  for (const [, adaptation] of learning) adaptation.finish()
}

function begun(name: string, layer: Adaptable | undefined): Adaptation {
  if (typeof layer?.adaptation === 'function') return layer.adaptation()
  return fail('ERR_CONFIG', `adaptAll.${name}`, 'a layer that learns from data', layer)
}

function pieceOf(column: Column): unknown {
  return column instanceof NumberColumn ? column.stack() : column.each()
}

/** Batches of sequences of about one length. */

import { fail } from '../errors.js'
import { type Chunk, elementsOf, List } from './chunk.js'
import { atLeastOne, type Demand, dropped, type Flow, wanting } from './flow.js'
import { type Padding, padded } from './pad.js'

/** Which lengths go together. */
export interface Buckets<T> {
  /** The length of an element. */
  readonly lengthOf: (element: T) => number
  /** The greatest lengths of all buckets but the last, ascending: the last has what is longer than all of them. */
  readonly boundaries: readonly number[]
  /** How many elements a batch of each bucket has. */
  readonly sizes: readonly number[]
  readonly dropRemainder: boolean
  /** Whether a bucket's batches are all as long as its boundary, and not as the longest in each. */
  readonly toBoundary: boolean
  readonly padding: Padding
}

/** A batch as soon as a bucket has enough; what is left at the end, bucket by bucket. */
export function bucketed<T, B>(flow: Flow<T>, buckets: Buckets<T>): Flow<B> {
  const { endless = false, isWide = false } = flow
  return {
    endless,
    isWide,
    open(pass, from, demand) {
      const batches = batchesOf<T, B>(flow.open(pass, 0, wanted(demand, buckets)), buckets)
      return from === 0 ? batches : dropped(batches, from)
    },
  }
}

function wanted(demand: Demand, { sizes }: Buckets<never>): Demand {
  const size = Math.max(...sizes)
  return wanting(() => atLeastOne(demand) * size, demand)
}

async function* batchesOf<T, B>(chunks: AsyncIterable<Chunk<T>>, buckets: Buckets<T>): AsyncGenerator<List<B>> {
  const { sizes, dropRemainder } = buckets
  const held: T[][] = sizes.map(() => [])
  let index = 0
  for await (const chunk of chunks) {
    const full: B[] = []
    for (const element of elementsOf(chunk)) {
      const bucket = bucketOf(element, buckets, index++)
      held[bucket]!.push(element)
      if (held[bucket]!.length < sizes[bucket]!) continue
      full.push(stacked(held[bucket]!, bucket, buckets))
      held[bucket] = []
    }
    if (full.length > 0) yield new List(full)
  }
  const rest = held.flatMap((items, bucket) => (items.length > 0 ? [stacked<T, B>(items, bucket, buckets)] : []))
  if (!dropRemainder && rest.length > 0) yield new List(rest)
}

function bucketOf<T>(element: T, { lengthOf, boundaries }: Buckets<T>, index: number): number {
  const length = lengthOf(element)
  if (!(Number.isInteger(length) && length >= 0))
    fail('ERR_DATA', `Dataset.bucketByLength.lengthOf of element ${index}`, 'an integer ≥ 0', length)
  const bucket = boundaries.findIndex((boundary) => length <= boundary)
  return bucket < 0 ? boundaries.length : bucket
}

function stacked<T, B>(items: readonly T[], bucket: number, { boundaries, toBoundary, padding }: Buckets<T>): B {
  const length = toBoundary ? boundaries[bucket] : undefined
  return padded(items, length === undefined ? padding : { ...padding, length }, 'Dataset.bucketByLength') as B
}

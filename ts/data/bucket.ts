/** Batches of sequences of about one length. */

import { fail } from '../errors.js'
import { checkCount } from './check.js'
import { type Chunk, elementsOf, List } from './chunk.js'
import { readBuckets } from './dataset-options.js'
import { atLeastOne, type Demand, type Flow, like, skipping, wanting } from './flow.js'
import { checkFill, type PadPlan, padded } from './pad.js'
import { stageError } from './stage-error.js'

/** Which lengths go together. */
interface Buckets<T> {
  /** The length of an element. */
  readonly lengthOf: (element: T) => number
  /** The greatest lengths of all buckets but the last, ascending: the last has what is longer than all of them. */
  readonly boundaries: readonly number[]
  /** How many elements a batch of each bucket has. */
  readonly sizes: readonly number[]
  readonly dropRemainder: boolean
  /** Whether a bucket's batches are all as long as its boundary, and not as the longest in each. */
  readonly toBoundary: boolean
  readonly padding: PadPlan
}

/** A batch as soon as a bucket has enough; what is left at the end, bucket by bucket. */
export function bucketed<T, B>(flow: Flow<T>, lengthOf: (element: T) => number, options: unknown): Flow<B> {
  const buckets = bucketsOf(lengthOf, options)
  return {
    ...like(flow),
    open(pass, from, demand) {
      const batches = batchesOf<T, B>(flow.open(pass, 0, wanted(demand, buckets)), buckets)
      return skipping(batches, from)
    },
  }
}

const WHERE = 'Dataset.bucketByLength'

function bucketsOf<T>(lengthOf: (element: T) => number, options: unknown): Buckets<T> {
  if (typeof lengthOf !== 'function') fail('ERR_CONFIG', `${WHERE}.lengthOf`, 'a function', lengthOf)
  const { boundaries: given, size, dropRemainder, toBoundary, padding, value } = readBuckets(options)
  const boundaries = ascending(given)
  const filling: PadPlan = { padding, value: checkFill(WHERE, value), length: undefined }
  return { lengthOf, boundaries, sizes: sizesOf(size, boundaries), dropRemainder, toBoundary, padding: filling }
}

function ascending(given: unknown): readonly number[] {
  const all: readonly unknown[] = Array.isArray(given) && given.length > 0 ? [...given] : refuseBoundaries(given)
  for (const [i, one] of all.entries()) {
    checkCount(`${WHERE}.boundaries[${i}]`, one, 1)
    if (i > 0 && one <= (all[i - 1] as number)) refuseBoundaries(given)
  }
  return all as readonly number[]
}

function refuseBoundaries(given: unknown): never {
  return fail('ERR_CONFIG', `${WHERE}.boundaries`, 'lengths that ascend, at least one', given)
}

/** How many elements a batch of each bucket has, that of what is longer than all boundaries too. */
function sizesOf(size: unknown, boundaries: readonly number[]): readonly number[] {
  const count = boundaries.length + 1
  const sizes: readonly unknown[] = Array.isArray(size) ? [...size] : new Array<unknown>(count).fill(size)
  if (sizes.length !== count)
    fail('ERR_SHAPE', `${WHERE}.size`, `${count} sizes: one more than boundaries`, sizes.length)
  for (const one of sizes) checkCount(`${WHERE}.size`, one, 1)
  return sizes as readonly number[]
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
  const length = lengthIn(element, lengthOf, index)
  if (!(Number.isInteger(length) && length >= 0))
    fail('ERR_DATA', `${WHERE}.lengthOf of element ${index}`, 'an integer ≥ 0', length)
  const bucket = boundaries.findIndex((boundary) => length <= boundary)
  return bucket < 0 ? boundaries.length : bucket
}

function lengthIn<T>(element: T, lengthOf: (element: T) => number, index: number): number {
  try {
    return lengthOf(element)
  } catch (cause) {
    throw stageError(`${WHERE} element ${index}`, cause)
  }
}

function stacked<T, B>(items: readonly T[], bucket: number, { boundaries, toBoundary, padding }: Buckets<T>): B {
  const length = toBoundary ? boundaries[bucket] : undefined
  return padded(items, length === undefined ? padding : { ...padding, length }, WHERE) as B
}

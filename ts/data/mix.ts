/** Elements of several flows, each drawn from one of them at random. */

import { fail } from '../errors.js'
import { checkWeights, isList } from './check.js'
import { type Chunk, joinChunks } from './chunk.js'
import { readMix } from './dataset-options.js'
import { atLeastOne, type Demand, type Flow } from './flow.js'
import { KeyedUniform } from './permutation.js'
import { Reader, reading } from './reader.js'

/**
 * Each next element is that of a flow that is drawn with its share of the weights; the first draw of one that has ended is the
 * end. Which flow is drawn depends on seed, pass and number of the element alone.
 */
export function mixed<T>(flows: readonly Flow<T>[], options: unknown): Flow<T> {
  const { weights, seed } = readMix(options)
  if (flows.length === 0) fail('ERR_CONFIG', 'Dataset.mix.datasets', 'at least one Dataset', { text: 'none' })
  const limits = limitsOf(weights === undefined ? flows.map(() => 1) : checkedWeights(weights, flows.length))
  const drawn = (uniform: KeyedUniform, index: number): number => {
    const value = uniform.at(index)
    return limits.findIndex((limit) => value < limit)
  }
  return {
    endless: flows.every(({ endless }) => endless === true),
    isWide: flows.every(({ isWide }) => isWide === true),
    open(pass, from, demand) {
      const uniform = new KeyedUniform(seed, pass)
      const choice = (index: number): number => drawn(uniform, index)
      const used = flows.map(() => 0)
      for (let i = 0; i < from; i++) used[choice(i)]! += 1
      const readers = flows.map((flow, i) => new Reader(flow, pass, used[i]!, demand))
      return reading(readers, () => asDrawn(readers, choice, from, demand))
    },
  }
}

function checkedWeights(given: unknown, count: number): readonly number[] {
  const where = 'Dataset.mix.weights'
  if (!isList(given)) fail('ERR_CONFIG', where, 'a list of numbers', given)
  if (given.length !== count) fail('ERR_SHAPE', where, `${count} numbers, one for each data set`, given.length)
  return Array.from(checkWeights(where, given))
}

/** Where the share of each ends in [0, 1); the last one that weighs anything takes what rounding leaves. */
function limitsOf(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  let reached = 0
  const limits = weights.map((weight) => {
    reached += weight
    return reached / sum
  })
  const last = weights.findLastIndex((weight) => weight > 0)
  return limits.map((limit, i) => (i >= last ? 1 : limit))
}

async function* asDrawn<T>(
  readers: readonly Reader<T>[],
  choice: (index: number) => number,
  from: number,
  demand: Demand,
): AsyncGenerator<Chunk<T>> {
  for (let at = from; ; ) {
    const choices = Array.from({ length: atLeastOne(demand) }, (_, i) => choice(at + i))
    const counts = readers.map((_, i) => choices.reduce((count, chosen) => count + (chosen === i ? 1 : 0), 0))
    const parts: (Chunk<T> | undefined)[] = []
    for (const [i, reader] of readers.entries()) parts.push(counts[i] === 0 ? undefined : await reader.take(counts[i]!))
    const order = orderOf(choices, parts)
    const there = parts.filter((part) => part !== undefined)
    if (order.length > 0) yield joinChunks(there).gather(order)
    if (order.length < choices.length) return
    at += choices.length
  }
}

/** The elements in the order of the draws, up to the first for which there is none. */
function orderOf(choices: readonly number[], parts: readonly (Chunk | undefined)[]): number[] {
  const begins: number[] = []
  let begin = 0
  for (const part of parts) {
    begins.push(begin)
    begin += part?.length ?? 0
  }
  const used = parts.map(() => 0)
  const order: number[] = []
  for (const chosen of choices) {
    if (used[chosen]! >= (parts[chosen]?.length ?? 0)) break
    order.push(begins[chosen]! + used[chosen]!)
    used[chosen]! += 1
  }
  return order
}

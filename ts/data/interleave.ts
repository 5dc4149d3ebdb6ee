/** Elements of several flows in turn. */

import { type Chunk, joinChunks } from './chunk.js'
import { atLeastOne, type Demand, dropped, type Flow } from './flow.js'
import { Reader, reading } from './reader.js'

/** Where the turns are: how many elements of each flow are used, and how many of the block of whose turn it is. */
interface Turns {
  readonly used: number[]
  readonly turn: number
  readonly inBlock: number
}

/** `block` elements of each flow in turn; a flow that has ended is passed over. */
export function interleaved<T>(flows: readonly Flow<T>[], block: number): Flow<T> {
  const counts = flows.map(({ count }) => count)
  const known = counts.every((count) => count !== undefined) ? (counts as number[]) : undefined
  const open = (pass: number, at: Turns, demand: Demand): AsyncIterable<Chunk<T>> =>
    reading(
      flows.map((flow, i) => new Reader(flow, pass, at.used[i]!, demand)),
      (readers) => inTurns(readers, block, at, demand),
    )
  const start: Turns = { used: flows.map(() => 0), turn: 0, inBlock: 0 }
  return {
    endless: flows.some(({ endless }) => endless === true),
    isWide: flows.every(({ isWide }) => isWide === true),
    count: known?.reduce((sum, count) => sum + count, 0),
    open: (pass, from, demand) => {
      if (known !== undefined) return open(pass, turnsAfter(known, block, from), demand)
      return from === 0 ? open(pass, start, demand) : dropped(open(pass, start, demand), from)
    },
  }
}

/** Where the turns are after so many elements of flows whose lengths are known: whole rounds are reckoned, not walked. */
function turnsAfter(counts: readonly number[], block: number, elements: number): Turns {
  const used = counts.map(() => 0)
  for (let left = elements; ; ) {
    const live = counts.flatMap((count, i) => (used[i]! < count ? [i] : []))
    if (live.length === 0) return { used, turn: 0, inBlock: 0 }
    const whole = live.map((i) => Math.floor((counts[i]! - used[i]!) / block))
    const rounds = Math.min(Math.floor(left / (block * live.length)), ...whole)
    for (const i of live) used[i]! += rounds * block
    left -= rounds * block * live.length
    if (rounds > 0) continue
    for (const i of live) {
      const own = Math.min(block, counts[i]! - used[i]!)
      if (left < own) {
        used[i]! += left
        return { used, turn: i, inBlock: left }
      }
      used[i]! += own
      left -= own
    }
  }
}

async function* inTurns<T>(
  readers: readonly Reader<T>[],
  block: number,
  { turn, inBlock }: Turns,
  demand: Demand,
): AsyncGenerator<Chunk<T>> {
  // The round that had begun.
  if (turn > 0 || inBlock > 0)
    for (let i = turn; i < readers.length; i++) {
      const rest = await readers[i]!.take(i === turn ? block - inBlock : block)
      if (rest !== undefined) yield rest
    }
  for (let live = readers; live.length > 0; ) {
    const rounds = Math.max(1, Math.floor(atLeastOne(demand) / (block * live.length)))
    const taken: { readonly reader: Reader<T>; readonly chunk: Chunk<T> }[] = []
    for (const reader of live) {
      const chunk = await reader.take(rounds * block)
      if (chunk !== undefined) taken.push({ reader, chunk })
    }
    if (taken.length === 0) return
    const chunks = taken.map(({ chunk }) => chunk)
    yield joinChunks(chunks).gather(roundsOf(chunks, block))
    live = taken.flatMap(({ reader, chunk }) => (chunk.length === rounds * block ? [reader] : []))
  }
}

/** Of chunks one behind the other: blocks of each in turn. */
function roundsOf(chunks: readonly Chunk[], block: number): Uint32Array {
  const order = new Uint32Array(chunks.reduce((sum, { length }) => sum + length, 0))
  for (let at = 0, round = 0; at < order.length; round += block) {
    let begin = 0
    for (const { length } of chunks) {
      for (let i = round; i < Math.min(round + block, length); i++) order[at++] = begin + i
      begin += length
    }
  }
  return order
}

/** Where the time of a pipeline goes: what `Dataset.profile` measures. */

import { AsyncLocalStorage } from 'node:async_hooks'
import { inspectWith } from '../core/inspect.js'
import { checkMaker } from '../errors.js'
import { drawPlain } from '../report/plain-table.js'
import { type Chunk, elementsOf } from './chunk.js'
import type { Demand, Flow, Random } from './flow.js'

/** What one stage took. */
export interface StageTime {
  /** The method that made it; `elements` is making elements of what the last stage gives. */
  readonly stage: string
  /** Milliseconds of its own: without those of the stages before it. */
  readonly milliseconds: number
  /** Its part of the sum, in [0, 1]. */
  readonly share: number
  /** How many elements it gave. */
  readonly elements: number
}

/** The stages of a data set, the source first; printed as a table. */
export class StageTimes {
  readonly rows: readonly StageTime[]

  constructor(rows: readonly StageTime[]) {
    checkMaker('StageTimes', Array.isArray(rows), 'Dataset.profile')
    this.rows = rows
  }

  /** The table. */
  toString(): string {
    const lines = this.rows.map(({ stage, milliseconds, share, elements }) => [
      stage,
      milliseconds.toFixed(1),
      `${(100 * share).toFixed(1)} %`,
      String(elements),
      elements > 0 ? ((1000 * milliseconds) / elements).toFixed(2) : '',
    ])
    return drawPlain(['stage', 'ms', 'share', 'elements', 'µs each'], lines)
  }
}

inspectWith(StageTimes, String)

/** Sums of one stage. */
interface Sum {
  readonly stage: string
  milliseconds: number
  elements: number
}

/** A call of a stage: the calls of stages before it take part of its time. */
interface Call {
  readonly sums: Map<object, Sum>
  before: number
}

const calls = new AsyncLocalStorage<Call>()

/** A flow whose times are taken where somebody asks for them. */
export function measured<T>(stage: string, flow: Flow<T>): Flow<T> {
  const key = {}
  const { random } = flow
  const own: Random<T> | undefined = random && {
    count: random.count,
    slice: (pass, first, count) => timed(key, stage, () => random.slice(pass, first, count)),
    gather: (pass, indices) => timed(key, stage, () => random.gather(pass, indices)),
  }
  const open = (pass: number, from: number, demand: Demand): AsyncIterable<Chunk<T>> => {
    const chunks = flow.open(pass, from, demand)
    return calls.getStore() === undefined ? chunks : steps(key, stage, chunks)
  }
  return { ...flow, stage, random: own, open }
}

/** Takes the time of each step. */
function steps<T>(key: object, stage: string, chunks: AsyncIterable<Chunk<T>>): AsyncIterable<Chunk<T>> {
  const iterator = chunks[Symbol.asyncIterator]()
  const next = async (): Promise<IteratorResult<Chunk<T>>> => {
    let last: IteratorResult<Chunk<T>> | undefined
    await timed(key, stage, async () => {
      last = await iterator.next()
      return last.done === true ? undefined : last.value
    })
    return last!
  }
  const leave = async (): Promise<IteratorResult<Chunk<T>>> =>
    (await iterator.return?.()) ?? { done: true, value: undefined }
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) }
}

function timed<C extends Chunk | undefined>(key: object, stage: string, work: () => C | Promise<C>): C | Promise<C> {
  const outer = calls.getStore()
  return outer === undefined ? work() : within(outer, key, stage, work)
}

async function within<C extends Chunk | undefined>(
  outer: Call,
  key: object,
  stage: string,
  work: () => C | Promise<C>,
): Promise<C> {
  const call: Call = { sums: outer.sums, before: 0 }
  const began = performance.now()
  const chunk = await calls.run(call, work)
  const took = performance.now() - began
  const sum = outer.sums.get(key) ?? { stage, milliseconds: 0, elements: 0 }
  // A stage that asks ahead waits for less than the stages before it take.
  sum.milliseconds += Math.max(0, took - call.before)
  sum.elements += chunk?.length ?? 0
  outer.sums.set(key, sum)
  outer.before += took
  return chunk
}

/** Goes through chunks for so many milliseconds, or to their end. */
export async function stageTimes(open: () => AsyncIterable<Chunk>, milliseconds: number): Promise<StageTimes> {
  const call: Call = { sums: new Map(), before: 0 }
  const last: Sum = { stage: 'elements', milliseconds: 0, elements: 0 }
  const end = performance.now() + milliseconds
  await calls.run(call, async () => {
    for await (const chunk of open()) {
      const began = performance.now()
      last.elements += elementsOf(chunk).length
      last.milliseconds += performance.now() - began
      if (performance.now() > end) break
    }
  })
  const sums = [...call.sums.values(), last]
  const total = sums.reduce((sum, own) => sum + own.milliseconds, 0)
  return new StageTimes(sums.map((own) => ({ ...own, share: total === 0 ? 0 : own.milliseconds / total })))
}

/** Which rows of a data set are trained on, and which set aside. */

import { crc32 } from 'node:zlib'
import { fail } from '../errors.js'
import type { Chunk } from './chunk.js'
import { readSplit } from './dataset-options.js'
import { type Flow, like, type Random, skipping } from './flow.js'
import { KeyedUniform, permutation } from './permutation.js'
import { valuesOf } from './rows.js'

/** Numbers of rows. */
export interface Parts {
  readonly train: Uint32Array
  readonly test: Uint32Array
}

/** How rows are parted, checked. */
export type SplitPlan = ReturnType<typeof readSplit>

/** Throws unless rows can be parted so. */
export function splitPlan(share: unknown, options: unknown): SplitPlan {
  if (!(typeof share === 'number' && share > 0 && share < 1))
    fail('ERR_CONFIG', 'Dataset.split.share', 'a number in (0, 1)', share)
  return readSplit(options)
}

/** The rows of one pass: another may have another order, and rows would change sides. */
export async function parted(random: Random, share: number, { by, stratify, seed }: SplitPlan): Promise<Parts> {
  const values = async (name: string): Promise<unknown[]> =>
    valuesOf('Dataset.split', await random.slice(0, 0, random.count), name)
  if (stratify !== undefined) return partedWithin(await values(stratify), share, seed)
  if (by === 'random' || by === 'tail') return partedRows(random.count, share, by === 'tail' ? undefined : seed)
  return partedByGroup(await values(by), share, seed)
}

/**
 * The rows of one side, each decided by itself: by its number, or by its value in a column. Nothing is kept, and the other side is
 * read over; about a share of the rows, or of the values, is trained on.
 */
export function sieved<T>(flow: Flow<T>, share: number, plan: SplitPlan, side: keyof Parts): Flow<T> {
  const isTrained = decision(share, plan)
  const open = async function* (demand: Parameters<Flow['open']>[2]): AsyncGenerator<Chunk<T>> {
    let seen = 0
    for await (const chunk of flow.open(0, 0, demand)) {
      const trained = isTrained(chunk, seen)
      seen += chunk.length
      const kept = Array.from(trained.keys()).filter((i) => trained[i] === (side === 'train'))
      if (kept.length > 0) yield kept.length === chunk.length ? chunk : chunk.gather(kept)
    }
  }
  return { ...like(flow), open: (_, from, demand) => skipping(open(demand), from) }
}

/** Of each row of a chunk, whose first is number `first` of all, whether it is trained on. */
function decision(share: number, { by, stratify, seed }: SplitPlan): (chunk: Chunk, first: number) => boolean[] {
  const uniform = new KeyedUniform(seed, 0)
  const isOwn = (number: number): boolean => uniform.at(number) < share
  const hint = 'Rows at random have about the same shares; or let them be loaded'
  const got = { text: 'that with load: false' }
  if (stratify !== undefined) fail('ERR_CONFIG', 'Dataset.split.stratify', 'rows in memory', got, hint)
  if (by === 'tail') fail('ERR_CONFIG', 'Dataset.split.by', `'random' or a column`, got, 'Use take(n) and skip(n)')
  if (by === 'random') return ({ length }, first) => Array.from({ length }, (_, i) => isOwn(first + i))
  return (chunk, first) =>
    valuesOf('Dataset.split', chunk, by).map((value, i) => isOwn(crc32(keyOf(value, by, first + i))))
}

/** Equal values are one key. */
function keyOf(value: unknown, by: string, row: number): string {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return String(value)
  return fail('ERR_DATA', `Dataset.split row ${row}, column ${by}`, 'a number, text or a truth value', value)
}

/** A share of all rows: at random, or the first ones. */
function partedRows(count: number, share: number, seed: number | undefined): Parts {
  const order = seed === undefined ? Uint32Array.from({ length: count }, (_, i) => i) : permutation(count, seed)
  const own = wholeShare(count, share)
  return { train: order.subarray(0, own).slice().sort(), test: order.subarray(own).slice().sort() }
}

/** The same share of the rows of each value. */
function partedWithin(values: readonly unknown[], share: number, seed: number): Parts {
  const groups = groupsOf(values)
  const [train, test]: [number[], number[]] = [[], []]
  let [seen, taken] = [0, 0]
  for (const rows of groups.values()) {
    const order = permutation(rows.length, seed)
    seen += rows.length
    // Roundings of the groups do not add up.
    const own = Math.min(rows.length, Math.max(0, Math.round(seen * share) - taken))
    taken += own
    order.forEach((place, i) => void (i < own ? train : test).push(rows[place]!))
  }
  return sides(train, test, values.length)
}

/** About a share of the rows, all rows of a value on one side. */
function partedByGroup(values: readonly unknown[], share: number, seed: number): Parts {
  const groups = [...groupsOf(values).values()]
  const wanted = values.length * share
  const [train, test]: [number[], number[]] = [[], []]
  for (const group of permutation(groups.length, seed)) {
    const rows = groups[group]!
    ;(train.length + rows.length / 2 <= wanted ? train : test).push(...rows)
  }
  return sides(train, test, values.length)
}

function sides(train: readonly number[], test: readonly number[], count: number): Parts {
  if (train.length === 0 || test.length === 0) refuse(train.length, count)
  return { train: Uint32Array.from(train).sort(), test: Uint32Array.from(test).sort() }
}

function wholeShare(count: number, share: number): number {
  const own = Math.round(count * share)
  return own > 0 && own < count ? own : refuse(own, count)
}

function refuse(own: number, count: number): never {
  return fail('ERR_DATA', 'Dataset.split', 'at least one row on either side', { text: `${own} of ${count}` })
}

function groupsOf(values: readonly unknown[]): Map<unknown, number[]> {
  const groups = new Map<unknown, number[]>()
  values.forEach((value, row) => {
    const group = groups.get(value)
    if (group === undefined) groups.set(value, [row])
    else group.push(row)
  })
  return groups
}

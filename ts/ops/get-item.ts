/** Parts of a tensor in NumPy's way of writing them. */

import { type Op, op } from '../core/operation.js'
import { fail } from '../errors.js'
import * as raw from '../generated/ops.js'
import { axisOf, lengthOf, type Operand, toTensor } from './operand.js'
import { reshape } from './shape.js'

/** A stretch along an axis, in steps; negative numbers count from the end, and what is left out reaches to the end. */
export interface Stretch {
  readonly start?: number | null | undefined
  readonly stop?: number | null | undefined
  readonly step?: number | null | undefined
}

/**
 * For one axis: an index, which takes the axis away, or a stretch; null is a new axis of length 1, `'...'` stands for as
 * many whole axes as there are besides.
 */
export type Item = number | Stretch | null | '...'

/**
 * `x[key]` as NumPy writes it: `x[:, 0]` is `getItem(x, [{}, 0])`, `x[..., -1]` is `getItem(x, ['...', -1])`.
 * Axes that `key` does not name stay whole.
 *
 * @example
 * import { ops, tensor } from 'ferrograd'
 *
 * const x = tensor([[1, 2, 3], [4, 5, 6]])
 * ops.getItem(x, [{}, 0]) // [1, 4]
 * ops.getItem(x, [0, { start: 1 }]) // [2, 3]
 */
export const getItem: Op<[x: Operand, key: Item | readonly Item[]]> = op('getItem', (x, key) => {
  const t = toTensor(x)
  const items = Array.isArray(key) ? (key as readonly Item[]) : [key as Item]
  const [start, size, step, kept]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (const item of forAllAxes(items, t.rank)) {
    if (item === null) kept.push(1)
    else {
      const part = partOf(item, lengthOf(t, start.length))
      start.push(part.start)
      size.push(part.size)
      step.push(part.step)
      if (typeof item !== 'number') kept.push(part.size)
    }
  }
  return reshape(raw.slice(t, { start, size, step }), kept)
})

/** The items with a whole stretch for each axis that none is for: in the place of `'...'`, else at the end. */
function forAllAxes(items: readonly Item[], rank: number): readonly Exclude<Item, '...'>[] {
  const own = items.filter((item) => item !== '...')
  if (own.length < items.length - 1) fail('ERR_CONFIG', 'getItem key', `'...' at most once`, items)
  const named = own.filter((item) => item !== null).length
  if (named > rank) fail('ERR_SHAPE', 'getItem key', `at most ${rank} axes`, { text: `${named}` })
  const gap = items.includes('...') ? items.indexOf('...') : items.length
  const whole = Array.from({ length: rank - named }, (): Stretch => ({}))
  return [...own.slice(0, gap), ...whole, ...own.slice(gap)]
}

/** Python's rules: bounds beyond the ends are cut, an empty stretch is empty. */
function partOf(item: number | Stretch, length: number): { start: number; size: number; step: number } {
  if (typeof item === 'number') return { start: axisOf('getItem', item, length), size: 1, step: 1 }
  const step = item.step ?? 1
  if (!Number.isInteger(step) || step === 0) fail('ERR_CONFIG', 'getItem step', 'an integer that is not 0', step)
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1]
  const bound = (at: number | null | undefined, otherwise: number): number =>
    at === null || at === undefined ? otherwise : Math.min(high, Math.max(low, at < 0 ? at + length : at))
  const start = bound(item.start, step > 0 ? low : high)
  const stop = bound(item.stop, step > 0 ? high : low)
  const size = Math.max(0, Math.ceil((stop - start) / step))
  return { start: size === 0 ? 0 : start, size, step }
}

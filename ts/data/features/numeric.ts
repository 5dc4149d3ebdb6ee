/** Features that are numbers. */

import { epsilon } from '../../config.js'
import { fail } from '../../errors.js'
import { optionsReader } from '../../options/reader.js'
import type { Column } from '../column.js'
import { Moments } from '../moments.js'
import { QuantileSummary } from '../quantile-summary.js'
import { Reservoir } from '../reservoir.js'
import { Tally } from '../tally.js'
import { type CategoryOutput, categorical, type Encoder, type Learning, type Place } from './encoder.js'
import { numbersOf } from './values.js'

/** What becomes of the numbers. */
type Change =
  | { readonly as: 'itself' }
  | { readonly as: 'normalized'; readonly mean: number | null; readonly variance: number | null }
  | { readonly as: 'rescaled'; readonly scale: number; readonly offset: number }
  | {
      readonly as: 'bins'
      readonly count: number
      readonly boundaries: readonly number[] | null
      readonly output: CategoryOutput
    }

/** How a number is made a feature: plain JSON. */
export interface NumericPlan {
  readonly kind: 'numeric'
  /** What stands for a missing value; null: there must be none. */
  readonly fill: 'mean' | 'median' | 'mostFrequent' | number | null
  /** Whether a number more says where one was missing. */
  readonly indicator: boolean
  readonly change: Change
}

const readRescale = optionsReader('numeric().rescale', {
  scale: { type: 'number', default: 1 },
  offset: { type: 'number', default: 0 },
})
const readDiscretize = optionsReader('numeric().discretize', {
  outputMode: { type: 'choice', of: ['oneHot', 'int'], default: 'oneHot' },
})

/** Numbers, made by {@link numeric}. */
export class NumericFeature {
  readonly plan: NumericPlan

  constructor(plan: NumericPlan) {
    this.plan = plan
  }

  /** What a missing value becomes: the mean, the median or the most frequent of those that are there, or a number. */
  impute(fill: 'mean' | 'median' | 'mostFrequent' | number): NumericFeature {
    const known = ['mean', 'median', 'mostFrequent'].includes(fill as string) || Number.isFinite(fill)
    if (!known) fail('ERR_CONFIG', 'numeric().impute', "'mean', 'median', 'mostFrequent' or a number", fill)
    return new NumericFeature({ ...this.plan, fill })
  }

  /** A second number, 1 where the value was missing and 0 where it was there. */
  indicator(): NumericFeature {
    return new NumericFeature({ ...this.plan, indicator: true })
  }

  /** `(x − mean) / max(√variance, ε)`, of the values that are there. */
  normalize(): NumericFeature {
    return this.#as({ as: 'normalized', mean: null, variance: null })
  }

  /** `x · scale + offset`. */
  rescale(options: { readonly scale?: number; readonly offset?: number }): NumericFeature {
    const { scale, offset } = readRescale(options)
    return this.#as({ as: 'rescaled', scale, offset })
  }

  /**
   * The bin that the value falls into, as zeros with a one: `bins` of about equal counts, found in the data, or those between
   * boundaries that are given. With `outputMode: 'int'` its number.
   */
  discretize(bins: number | readonly number[], options: { readonly outputMode?: CategoryOutput } = {}): NumericFeature {
    const where = 'numeric().discretize'
    const { outputMode: output } = readDiscretize(options)
    if (typeof bins === 'number') {
      if (!(Number.isSafeInteger(bins) && bins >= 2)) fail('ERR_CONFIG', `${where}.bins`, 'an integer ≥ 2', bins)
      return this.#as({ as: 'bins', count: bins, boundaries: null, output })
    }
    const ascend = bins?.length > 0 && bins.every((one, i) => one > (bins[i - 1] ?? Number.NEGATIVE_INFINITY))
    if (!ascend) fail('ERR_CONFIG', `${where}.bins`, 'a number of bins, or boundaries that ascend', bins)
    return this.#as({ as: 'bins', count: bins.length + 1, boundaries: [...bins], output })
  }

  #as(change: Change): NumericFeature {
    return new NumericFeature({ ...this.plan, change })
  }
}

/** Whether there is nothing to learn. */
export function isLearntNumeric({ fill, change }: NumericPlan): boolean {
  const isOpen =
    (change.as === 'normalized' && change.mean === null) || (change.as === 'bins' && change.boundaries === null)
  return typeof fill !== 'string' && !isOpen
}

/** What is asked for, out of the values that are there. */
export function learnNumeric(name: string, plan: NumericPlan): Learning<NumericPlan> {
  const [moments, values, tally, summary] = [
    new Moments(),
    new Reservoir(),
    new Tally<number>(),
    new QuantileSummary(FINENESS),
  ]
  const { fill, change } = plan
  const seen = (value: number): void => {
    moments.add(value)
    if (fill === 'median') values.add(value)
    if (fill === 'mostFrequent') tally.add(value)
  }
  return {
    see(column, place) {
      const present = presentIn(column, plan, place)
      for (const value of present) seen(value)
      if (change.as === 'bins') summary.add(present)
    },
    learnt() {
      if (moments.count === 0) fail('ERR_DATA', `features.${name}`, 'a value that is there', { text: 'none' })
      const found = {
        mean: () => moments.mean,
        median: () => values.quantiles(0.5)[0],
        mostFrequent: () => tally.top()!,
      }
      return {
        ...plan,
        fill: typeof fill === 'string' ? found[fill]() : fill,
        change: changed(change, moments, summary),
      }
    },
  }
}

/** Keras's of Discretization. */
const FINENESS = 0.01

function changed(change: Change, { mean, squares, count }: Moments, summary: QuantileSummary): Change {
  if (change.as === 'normalized') return { ...change, mean, variance: squares / count }
  if (change.as === 'bins') return { ...change, boundaries: change.boundaries ?? summary.boundaries(change.count) }
  return change
}

function presentIn(column: Column, plan: NumericPlan, place: Place): number[] {
  const values = numbersOf(column, place)
  const present: number[] = []
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    if (!Number.isNaN(value)) present.push(finite(value, row, place))
    else if (plan.fill === null) missing(row, place)
  }
  return present
}

/** The numbers of a plan that has learnt. */
export function numericEncoder(name: string, { fill, indicator, change }: NumericPlan): Encoder {
  const filled = (column: Column, place: Place): Float64Array => {
    const values = numbersOf(column, place)
    const out = new Float64Array(values.length)
    for (let row = 0; row < out.length; row++) {
      const value = values[row]!
      if (!Number.isNaN(value)) out[row] = finite(value, row, place)
      else out[row] = typeof fill === 'number' ? fill : missing(row, place)
    }
    return out
  }
  const own = change.as === 'bins' ? binned(name, change, filled) : measured(name, change, filled)
  return indicator ? indicated(name, own) : own
}

function measured(name: string, change: Exclude<Change, { readonly as: 'bins' }>, filled: Filled): Encoder {
  const [scale, offset] = lineOf(change)
  return {
    width: 1,
    labels: [''],
    isInt: false,
    write(given, out, at, stride) {
      const values = filled(given.column(name), given.place(name))
      for (let i = 0; i < values.length; i++) out[at + i * stride] = values[i]! * scale + offset
    },
  }
}

type Filled = (column: Column, place: Place) => Float64Array

/** `y = x · scale + offset`. */
function lineOf(change: Exclude<Change, { readonly as: 'bins' }>): readonly [scale: number, offset: number] {
  if (change.as === 'itself') return [1, 0]
  if (change.as === 'rescaled') return [change.scale, change.offset]
  const scale = 1 / Math.max(Math.sqrt(change.variance!), epsilon())
  return [scale, -change.mean! * scale]
}

function binned(
  name: string,
  { count, boundaries, output }: Extract<Change, { readonly as: 'bins' }>,
  filled: Filled,
): Encoder {
  const edges = Float64Array.from(boundaries!)
  const labels = Array.from({ length: count }, (_, i) => ` in [${edges[i - 1] ?? '−∞'}, ${edges[i] ?? '∞'})`)
  return {
    ...categorical((given) => given.categories(name), labels, output),
    categories: (column, place) => Int32Array.from(filled(column, place), (value) => notAbove(edges, value)),
  }
}

/** How many boundaries are not above a value. */
function notAbove(edges: Float64Array, value: number): number {
  let [low, high] = [0, edges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (edges[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}

/** A number more, behind the others: whether the value was missing. */
function indicated(name: string, own: Encoder): Encoder {
  return {
    ...own,
    width: own.width + 1,
    labels: [...own.labels, ' is missing'],
    write(given, out, at, stride) {
      own.write(given, out, at, stride)
      const values = numbersOf(given.column(name), given.place(name))
      for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) out[at + own.width + i * stride] = 1
    },
  }
}

function finite(value: number, row: number, place: Place): number {
  return Number.isFinite(value) ? value : fail('ERR_DATA', place(row), 'a finite number', value)
}

function missing(row: number, place: Place): never {
  const hint = "numeric().impute('median') says what a missing value becomes"
  return fail('ERR_DATA', place(row), 'a number', { text: 'a missing value' }, hint)
}

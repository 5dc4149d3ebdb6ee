/** Quantiles of any number of values out of about a hundred that stand for them: the summary that Keras's Discretization keeps. */

/** Values in order and how many each stands for. */
interface Summary {
  readonly values: readonly number[]
  readonly weights: readonly number[]
}

/**
 * About `1 / fineness` values that stand for all that were seen. What comes at once is sorted and thinned out, then merged with what
 * stood for the values before it, and both are compressed again: as `summarize` and `merge_summaries` of
 * `keras.layers.Discretization`.
 */
export class QuantileSummary {
  readonly #fineness: number
  #summary: Summary = { values: [], weights: [] }

  constructor(fineness: number) {
    this.#fineness = fineness
  }

  get isEmpty(): boolean {
    return this.#summary.values.length === 0
  }

  /** Values of one piece; how they are cut into pieces shows in the last digits of the quantiles. */
  add(numbers: ArrayLike<number>): void {
    if (numbers.length === 0) return
    // Keras's boundaries are float32's, which does not hold large integers.
    const whole = Array.prototype.every.call(numbers, Number.isInteger)
    const values = whole ? Float64Array.from(numbers) : Float32Array.from(numbers)
    values.sort()
    this.#summary = compress(merged(thinned(values, this.#fineness), this.#summary), this.#fineness)
  }

  /** Where `bins` bins of about equal counts meet. */
  boundaries(bins: number): readonly number[] {
    return compress(this.#summary, 1 / bins).values.slice(0, -1)
  }
}

/** About 1/fineness of the sorted values, each for as many. */
function thinned(sorted: Float32Array | Float64Array, fineness: number): Summary {
  const step = Math.max(sorted.length * fineness, 1)
  const values: number[] = []
  for (let at = Math.trunc(step - 1); at < sorted.length; at += Math.trunc(step)) values.push(sorted[at]!)
  return { values, weights: values.map(() => Math.fround(step)) }
}

function merged(a: Summary, b: Summary): Summary {
  if (b.values.length === 0) return a
  const values = [...a.values, ...b.values]
  const weights = [...a.weights, ...b.weights]
  const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!)
  return { values: order.map((i) => values[i]!), weights: order.map((i) => weights[i]!) }
}

/**
 * Values at every `share` of the total weight, between neighbours in a straight line; in float32, as Keras's, unless that
 * does not hold the values. Few values stay as they are.
 */
function compress(summary: Summary, share: number): Summary {
  const { values, weights } = summary
  if (values.length * share < 1) return summary
  const sums: number[] = []
  for (const weight of weights) sums.push(Math.fround((sums.at(-1) ?? 0) + weight))
  const shares = sums.map((sum) => Math.fround(sum / sums.at(-1)!))
  const wanted = Array.from({ length: Math.ceil(1 / share) }, (_, i) => share + i * share)
  const at = wanted.map((x) => interpolate(x, shares, sums))
  const round = values.every((value) => Math.fround(value) === value) ? Math.fround : Number
  return {
    values: wanted.map((x) => round(interpolate(x, shares, values))),
    weights: at.map((sum, i) => Math.fround(sum - (at[i - 1] ?? 0))),
  }
}

function interpolate(x: number, xs: readonly number[], ys: readonly number[]): number {
  const next = xs.findIndex((one) => one >= x)
  if (next === -1) return ys.at(-1)!
  if (next === 0) return ys[0]!
  const [x0, x1, y0, y1] = [xs[next - 1]!, xs[next]!, ys[next - 1]!, ys[next]!]
  return ((y1 - y0) / (x1 - x0)) * (x - x0) + y0
}

/** Histograms of weights. */
import type { Histogram } from './events.js'

/** Counts numbers in `count` buckets of equal width between the smallest and the largest. */
export function histogramOf(values: ArrayLike<number>, count = 30): Histogram {
  let [min, max, sum, sumOfSquares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    min = Math.min(min, value)
    max = Math.max(max, value)
    sum += value
    sumOfSquares += value * value
  }
  const width = (max - min) / count
  const buckets = new Array<number>(count).fill(0)
  for (let i = 0; i < values.length; i++)
    buckets[width > 0 ? Math.min(count - 1, Math.floor((values[i]! - min) / width)) : 0]! += 1
  const limits = buckets.map((_, i) => (i === count - 1 ? max : min + width * (i + 1)))
  return { min, max, count: values.length, sum, sumOfSquares, limits, buckets }
}

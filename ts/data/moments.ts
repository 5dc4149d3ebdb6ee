/** Mean and variance of numbers that come one by one. */

/** One pass over numbers: B. P. Welford, 1962. */
export class Moments {
  count = 0
  mean = 0
  /** The sum of squares of distances from the mean. */
  squares = 0

  add(value: number): void {
    this.count += 1
    // Infinities have no distance: their mean is infinite, or none, and so is the sum of squares.
    if (!Number.isFinite(value) || !Number.isFinite(this.mean)) {
      this.mean += value
      this.squares = Number.NaN
      return
    }
    const distance = value - this.mean
    this.mean += distance / this.count
    this.squares += distance * (value - this.mean)
  }
}

/** Gauss's quadrature. */

/** A place in [0, 1], and how much what is there counts. */
export interface Node {
  readonly at: number
  readonly weight: number
}

/** The nodes of Gauss and Legendre for the integral from 0 to 1: exact for polynomials up to degree `2 · count − 1`. */
export function legendre(count: number): Node[] {
  return Array.from({ length: count }, (_, i) => {
    const { root, slope } = rootOf(count, count - i)
    return { at: (1 + root) / 2, weight: 1 / ((1 - root * root) * slope * slope) }
  })
}

/** The `which`-th largest root of the Legendre polynomial of a degree, from 1, by Newton's method, and its slope there. */
function rootOf(degree: number, which: number): { readonly root: number; readonly slope: number } {
  let root = Math.cos((Math.PI * (which - 0.25)) / (degree + 0.5))
  let found = polynomial(degree, root)
  // Digits double each time.
  for (let step = 1, turns = 0; Math.abs(step) > 1e-16 && turns < 20; turns += 1) {
    step = found.value / found.slope
    root -= step
    found = polynomial(degree, root)
  }
  return { root, slope: found.slope }
}

/** `(k + 1) Pₖ₊₁ = (2k + 1) x Pₖ − k Pₖ₋₁` */
function polynomial(degree: number, x: number): { readonly value: number; readonly slope: number } {
  let [before, value] = [1, x]
  for (let k = 1; k < degree; k += 1) [before, value] = [value, ((2 * k + 1) * x * value - k * before) / (k + 1)]
  return { value, slope: (degree * (x * value - before)) / (x * x - 1) }
}

/** What the examples promise, checked: numbers against expected ones, gradients against finite differences. */
import type { Tensor, Variable } from 'ferrograd'
import { paint } from './terminal.js'

/** Throws unless `got` is within `tolerance` of `expected`. */
export function near(what: string, got: number, expected: number, tolerance = 1e-9): void {
  if (!(Math.abs(got - expected) <= tolerance)) throw new Error(`${what}: ${got}, and ${expected} was expected`)
}

/** Throws unless every number of `got` is within `tolerance` of its like. */
export function allNear(what: string, got: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-9): void {
  if (got.length !== expected.length) throw new Error(`${what}: ${got.length} numbers, not ${expected.length}`)
  for (let i = 0; i < got.length; i++) near(`${what}[${i}]`, got[i]!, expected[i]!, tolerance)
}

/**
 * Compares gradients with `(f(w + h) − f(w − h)) / 2h` in float64, at up to `most` elements of each variable; says how
 * far apart the two were at most, and throws if that is too far.
 */
export function checkGradients(
  loss: () => Tensor,
  variables: readonly Variable[],
  gradients: readonly (Tensor | undefined)[],
  {
    most = 24,
    h = 1e-5,
    tolerance = 1e-7,
  }: { readonly most?: number; readonly h?: number; readonly tolerance?: number } = {},
): void {
  let worst = 0
  let count = 0
  for (const [v, variable] of variables.entries()) {
    const slopes = gradients[v]!.dataSync()
    for (const i of sample(slopes, most)) {
      const difference = centralDifference(loss, variable, i, h)
      worst = Math.max(worst, Math.abs(difference - slopes[i]!) / Math.max(1, Math.abs(difference)))
      count += 1
    }
  }
  if (!(worst <= tolerance)) throw new Error(`A gradient is ${worst} away from its finite difference`)
  console.log(paint(`✓ ${count} gradients against finite differences: at most ${worst.toExponential(1)} apart`, 35))
}

/** Some elements from all over, and some of those that are not 0: most of a table's rows are not read. */
function sample(slopes: ArrayLike<number>, most: number): Set<number> {
  const all = Array.from({ length: slopes.length }, (_, i) => i)
  const moving = all.filter((i) => slopes[i] !== 0)
  const some = (list: readonly number[]): number[] => {
    const stride = Math.max(1, Math.ceil(list.length / (most / 2)))
    return list.filter((_, i) => i % stride === 0)
  }
  return new Set(slopes.length <= most ? all : [...some(all), ...some(moving)])
}

function centralDifference(loss: () => Tensor, variable: Variable, index: number, h: number): number {
  const kept = Float64Array.from(variable.dataSync())
  const at = (value: number): number => {
    variable.set(kept.map((old, i) => (i === index ? value : old)))
    return loss().itemSync()
  }
  const difference = (at(kept[index]! + h) - at(kept[index]! - h)) / (2 * h)
  variable.set(kept)
  return difference
}

/** Rows of names and numbers in columns: `z  0.2000  0.6000`. */
export function numbers(rows: Readonly<Record<string, ArrayLike<number> | number>>, digits = 6): string {
  const width = Math.max(...Object.keys(rows).map((name) => name.length))
  const line = ([name, values]: [string, ArrayLike<number> | number]): string => {
    const list = typeof values === 'number' ? [values] : Array.from(values)
    return `  ${name.padEnd(width)}  ${list.map((value) => value.toFixed(digits).padStart(digits + 4)).join('')}`
  }
  return Object.entries(rows).map(line).join('\n')
}

/** `1 / (1 + e⁻ᶻ)`, for the textbook's side of a comparison. */
export function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z))
}

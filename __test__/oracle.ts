/** The fixtures that real Keras computed, and how they are compared. */

import { readFileSync } from 'node:fs'
import { type Tensor, tensor } from 'ferrograd'
import { expect } from 'vitest'
import type { DType, TypedArray } from '../ts/types.js'

/** An array as the oracle writes it. */
export interface Numbers {
  readonly shape: readonly number[]
  readonly data: readonly (number | 'NaN' | 'Infinity' | '-Infinity' | boolean)[]
}

/** The named cases of a topic, and what they share. */
export function fixture<Case, Shared = unknown>(topic: string): Shared & { readonly cases: readonly Case[] } {
  return JSON.parse(readFileSync(new URL(`./fixtures/${topic}.json`, import.meta.url), 'utf8')) as Shared & {
    cases: Case[]
  }
}

export function floats(numbers: Numbers): Float64Array {
  return Float64Array.from(numbers.data, Number)
}

export function toTensor(numbers: Numbers, dtype: DType = 'float64'): Tensor {
  return tensor(floats(numbers), numbers.shape, dtype)
}

/** Float64 numbers in [−1, 1] that follow no order. */
export function waves(shape: readonly number[], by = 0.7): Tensor {
  const size = shape.reduce((product, length) => product * length, 1)
  return tensor(
    Float64Array.from({ length: size }, (_, i) => Math.sin(1 + by * i)),
    [...shape],
  )
}

/** Every element within `tolerance`, relative to the larger of the two and of the array's scale. */
export function expectClose(actual: TypedArray, expected: Numbers | number, tolerance = 1e-10, what = ''): void {
  const wanted = typeof expected === 'number' ? Float64Array.of(expected) : floats(expected)
  expect(actual.length, `${what} length`).toBe(wanted.length)
  const scale = wanted.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1e-3)
  for (const [i, x] of wanted.entries()) {
    const got = actual[i]!
    if (Object.is(got, x) || got === x) continue
    const off = Math.abs(got - x) / scale
    if (!(off <= tolerance)) expect.fail(`${what}[${i}]: expected ${x}, got ${got} (off by ${off} of ${scale})`)
  }
}

/** Options that Keras leaves out of a configuration; the name of the case has them. */
export function leftOut(name: string): Readonly<Record<string, number>> {
  const found = [...name.matchAll(/-(delta|axis|gain)=(-?[\d.]+)/g)]
  return Object.fromEntries(found.map(([, key, value]) => [key!, Number(value)]))
}

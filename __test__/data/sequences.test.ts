/** Lists and labels as rows of one length: those of real Keras. */

import { padSequences, toCategorical } from 'ferrograd/data'
import { expect, it } from 'vitest'
import { fixture, floats, type Numbers } from '../oracle.js'

interface Padded {
  readonly name: string
  readonly sequences: readonly (readonly number[])[]
  readonly options: {
    readonly maxlen: number | null
    readonly dtype: 'int32' | 'float32'
    readonly padding: 'pre' | 'post'
    readonly truncating: 'pre' | 'post'
    readonly value: number
  }
  readonly rows: Numbers
}

interface Categorical {
  readonly name: string
  readonly labels: readonly number[]
  readonly classes: number | null
  readonly rows: Numbers
}

const { cases } = fixture<Padded | Categorical>('sequences')
const padded = cases.filter((one): one is Padded => 'sequences' in one)
const categorical = cases.filter((one): one is Categorical => 'labels' in one)

it.each(padded)('padSequences: $name', ({ sequences, options: { maxlen, ...options }, rows }) => {
  const { values, shape } = padSequences(sequences, { ...options, ...(maxlen !== null && { maxLength: maxlen }) })
  expect(values).toBeInstanceOf(options.dtype === 'int32' ? Int32Array : Float32Array)
  expect(shape).toEqual(rows.shape)
  expect(Float64Array.from(values)).toEqual(floats(rows))
})

it.each(categorical)('toCategorical: $name', ({ labels, classes, rows }) => {
  const { values, shape } = toCategorical(labels, classes ?? undefined)
  expect(values).toBeInstanceOf(Float32Array)
  expect(shape).toEqual(rows.shape)
  expect(Float64Array.from(values)).toEqual(floats(rows))
})

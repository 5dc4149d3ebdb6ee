/** Fourier transforms against real Keras in float64, and what they are for. */

import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import * as config from '../../ts/config.js'
import { leavesOf } from '../../ts/core/structure.js'
import { Tensor, tensor } from '../../ts/core/tensor.js'
import { gradient } from '../../ts/gradient.js'
import * as ops from '../../ts/ops.js'
import { camel } from '../../ts/options/names.js'
import { caught } from '../caught.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'

interface Case {
  readonly name: string
  readonly op: 'fft' | 'rfft' | 'irfft' | 'extract_sequences' | 'stft' | 'istft'
  readonly options: Readonly<Record<string, unknown>>
  readonly inputs: readonly Numbers[]
  readonly values: readonly Numbers[]
  readonly cotangents: readonly Numbers[]
  readonly gradients: readonly Numbers[]
}

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

const transforms = { fft: ops.fft, rfft: ops.rfft, irfft: ops.irfft, stft: ops.stft, istft: ops.istft }
const isTensor = (one: unknown): one is Tensor => one instanceof Tensor

describe('values and gradients equal those of Keras', () => {
  it.each(fixture<Case>('fourier').cases)('$name', ({ op, options, inputs, values, cotangents, gradients }) => {
    const named = Object.fromEntries(Object.entries(options).map(([name, value]) => [camel(name), value]))
    const parts = inputs.map((input) => toTensor(input))
    const given = parts.length === 1 ? parts[0] : parts
    const { sequenceLength, sequenceStride } = named as { sequenceLength: number; sequenceStride: number }
    const found =
      op === 'extract_sequences'
        ? ops.extractSequences(parts[0]!, sequenceLength, sequenceStride)
        : (transforms[op] as (x: unknown, options: unknown) => unknown)(given, named)
    const outputs = leavesOf(found, isTensor)
    const terms = outputs.map((y, i) => ops.sum(ops.multiply(y, toTensor(cotangents[i]!))))
    const slopes = gradient(
      terms.reduce((a, b) => ops.add(a, b)),
      parts,
    )
    expect(outputs.map(({ shape }) => shape)).toEqual(values.map(({ shape }) => shape))
    for (const [i, y] of outputs.entries()) expectClose(y.dataSync(), values[i]!, 1e-10, `output ${i}`)
    for (const [i, slope] of slopes.entries()) expectClose(slope!.dataSync(), gradients[i]!, 1e-10, `gradient ${i}`)
  })
})

const signal = (samples: number): Tensor =>
  tensor(
    Float64Array.from({ length: samples }, (_, i) => Math.sin(i / 3) + 0.3 * Math.cos(i)),
    [samples],
  )

test('each transform has its way back', () => {
  const x = signal(35)
  const numbers = { shape: [35], data: [...x.dataSync()] }
  expectClose(ops.irfft(ops.rfft(x), { fftLength: 35 }).dataSync(), numbers, 1e-12)
  const [re, im] = ops.ifft(ops.fft([x, ops.zerosLike(x)]))
  expectClose(re.dataSync(), numbers, 1e-12)
  expectClose(im.dataSync(), { shape: [35], data: new Array(35).fill(0) }, 1e-12)
  for (const [sequenceLength, fftLength, sequenceStride] of [
    [8, 8, 4],
    [6, 8, 3],
  ] as const) {
    const how = { sequenceLength, fftLength, sequenceStride, window: 'hamming' } as const
    const back = ops.istft(ops.stft(x, how), { ...how, length: 32 })
    expectClose(back.dataSync(), { shape: [32], data: numbers.data.slice(0, 32) }, 1e-12, `${fftLength}`)
  }
})

test('refuses what is no signal', () => {
  const x = signal(8)
  const how = { sequenceLength: 4, sequenceStride: 2, fftLength: 4 }
  expect(caught(() => ops.stft(x, { ...how, fftLength: 3 }))).toMatchObject({ code: 'ERR_CONFIG', received: 3 })
  expect(() => ops.stft(x, { ...how, window: 'square' as never })).toThrow(`'hann', 'hamming', numbers or null`)
  expect(() => ops.stft(x, { ...how, window: [1, 2] })).toThrow('stft window: expected [4], got [2]')
  expect(() => ops.stft(x, { ...how, fftLength: 20 })).toThrow('stft: expected more than 10 samples')
  expect(() => ops.stft(x, { ...how, sequenceStride: 0 })).toThrow('stft sequenceStride: expected an integer ≥ 1')
  expect(() => ops.fft(x as never)).toThrow('fft: expected a pair: real and imaginary parts')
  expect(() => ops.fft([x, signal(7)])).toThrow('expected real and imaginary parts that are alike')
  expect(() => ops.extractSequences(x, 9, 1)).toThrow('extractSequences: expected at least 9 samples, got [8]')
})

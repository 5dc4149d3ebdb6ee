/** Layers of sound against real Keras. */

import { config, GradientTape, input, ops } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { getLayer, MelSpectrogram, STFTSpectrogram } from '../../ts/layers/index.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'

interface Case {
  readonly name: string
  readonly layer: object
  readonly x: Numbers
  readonly output: Numbers
  readonly cotangent: Numbers
  readonly gradient: Numbers
  readonly weights?: readonly Numbers[]
  readonly weight_gradients?: readonly Numbers[]
  readonly tolerance?: number
}

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

describe('layers of sound equal those of Keras', () => {
  it.each(fixture<Case>('sound').cases)('$name', (one) => {
    const [layer, x] = [getLayer(one.layer), toTensor(one.x)]
    layer.apply(x)
    const { weights, trainableWeights } = layer
    const tolerance = one.tolerance ?? 1e-10
    const tape = new GradientTape()
    let y = x
    const loss = tape.record(() => {
      y = layer.apply(x)
      return ops.sum(ops.multiply(y, toTensor(one.cotangent)))
    })
    const [slope, ...slopes] = tape.gradient(loss, [x, ...trainableWeights])
    expect(y.shape).toEqual(one.output.shape)
    expectClose(y.dataSync(), one.output, tolerance)
    expectClose(slope!.dataSync(), one.gradient, 10 * tolerance, 'gradient')
    expect([weights.length, slopes.length]).toEqual([one.weights?.length ?? 0, one.weight_gradients?.length ?? 0])
    for (const [i, weight] of weights.entries()) expectClose(weight.dataSync(), one.weights![i]!, 1e-12, weight.name)
    for (const [i, own] of slopes.entries()) expectClose(own!.dataSync(), one.weight_gradients![i]!, 1e-9, `slope ${i}`)
    if (weights.length === 0) return
    const symbol = layer.apply(input({ shape: x.shape.slice(1) })) as { readonly shape: readonly (number | null)[] }
    expect(symbol.shape.slice(1)).toEqual(y.shape.slice(1))
  })
})

test('STFTSpectrogram refuses what does not fit', () => {
  expect(() => new STFTSpectrogram({ frameLength: 8, frameStep: 9 })).toThrow(
    'STFTSpectrogram.frameStep: expected at most 8',
  )
  expect(() => new STFTSpectrogram({ frameLength: 8, fftLength: 7 })).toThrow(
    'STFTSpectrogram.fftLength: expected at least 8',
  )
  expect(() => new STFTSpectrogram({ frameLength: 1 })).toThrow('STFTSpectrogram.frameLength: expected at least 2')
  expect(() => new STFTSpectrogram({ window: 'blackman' as never })).toThrow(
    "STFTSpectrogram.window: expected 'hann', 'hamming' or a list of finite numbers, got 'blackman'",
  )
  expect(() => new STFTSpectrogram({ frameLength: 2 }).apply(ops.ones([1, 9, 1]))).toThrow(
    'STFT window: expected a window that is not 0 all over',
  )
  expect(() => new STFTSpectrogram({ frameLength: 4, window: [1, 2, 3] }).apply(ops.ones([1, 9, 1]))).toThrow(
    'STFT window: expected 4 numbers',
  )
  expect(() => new STFTSpectrogram({ frameLength: 8 }).apply(ops.ones([1, 7, 1]))).toThrow(
    'a window of 8 at dilation 1 does not fit 7 places',
  )
  expect(() => new STFTSpectrogram({ frameLength: 8 }).apply(ops.ones([1, 9]))).toThrow(
    'STFTSpectrogram input: expected [batch, ?, ?], got [1, 9]',
  )
})

test('says its shape, and refuses what does not fit', () => {
  const layer = new MelSpectrogram({ fftLength: 8, sequenceStride: 3, numMelBins: 2 })
  expect(layer.apply(input({ shape: [20] })).shape).toEqual([null, 2, layer.apply(ops.ones([1, 20])).shape[2]])
  expect(() => new MelSpectrogram({ fftLength: 8, sequenceLength: 9 })).toThrow(
    'MelSpectrogram.fftLength: expected at least 9',
  )
  expect(() => new MelSpectrogram({ minFreq: 9000 })).toThrow('MelSpectrogram.minFreq: expected less than 8000')
  expect(() => layer.apply(ops.ones([1, 4]))).toThrow('stft: expected more than 4 samples')
})

/** Layers of sound against real Keras. */

import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import * as config from '../../ts/config.js'
import { gradient } from '../../ts/gradient.js'
import { getLayer, MelSpectrogram } from '../../ts/layers/index.js'
import { input } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'

interface Case {
  readonly name: string
  readonly layer: object
  readonly x: Numbers
  readonly output: Numbers
  readonly cotangent: Numbers
  readonly gradient: Numbers
  readonly tolerance: number
}

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

describe('MelSpectrogram equals that of Keras', () => {
  it.each(fixture<Case>('sound').cases)('$name', (one) => {
    const [layer, x] = [getLayer(one.layer), toTensor(one.x)]
    const y = layer.apply(x)
    const [slope] = gradient(ops.sum(ops.multiply(y, toTensor(one.cotangent))), [x])
    expect(y.shape).toEqual(one.output.shape)
    expectClose(y.dataSync(), one.output, one.tolerance)
    expectClose(slope!.dataSync(), one.gradient, 10 * one.tolerance, 'gradient')
  })
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

/** Every layer in training and in inference against real Keras in float64: results, gradients, losses, moving statistics. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as config from '../../ts/config.js'
import type { Tensor } from '../../ts/core/tensor.js'
import { hessian } from '../../ts/gradient.js'
import { BatchNormalization } from '../../ts/layers/index.js'
import * as ops from '../../ts/ops.js'
import { expectClose, fixture, toTensor } from '../oracle.js'
import { type Case, expectLayer, prepared } from './cases.js'

const { cases } = fixture<Case>('layers')

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

describe('layers equal those of Keras', () => {
  it.each(cases)('$name', (one) => expectLayer(one))
})

describe('moving statistics follow as in Keras', () => {
  it.each(cases.filter((one) => one.moving))('$name', (one) => {
    const layer = prepared(one) as BatchNormalization
    const x = toTensor(one.inputs[0]!)
    const { movingMean, movingVariance, movingStddev, renormMean, renormStddev } = layer
    const kept = [movingMean, movingVariance, movingStddev, renormMean, renormStddev].filter((one) => one !== undefined)
    for (const [k, wanted] of one.moving!.entries()) {
      layer.apply(ops.add(ops.multiply(x, k + 1), k), { training: true }).dataSync()
      expect(kept).toHaveLength(wanted.length)
      for (const [i, weight] of kept.entries()) expectClose(weight.dataSync(), wanted[i]!, 1e-12, `${weight.name} ${k}`)
    }
  })
})

it.each([
  [{ rmin: 2, rmax: 1 }, 'BatchNormalization.renormClipping.rmax: expected at least rmin (2), got 1'],
  [{ dmax: -1 }, 'BatchNormalization.renormClipping.dmax: expected a number in [0, inf), got -1'],
  [{ max: 1 } as object, "BatchNormalization.renormClipping: unknown option 'max'"],
])('bounds of renormalisation that are none are refused: %j', (renormClipping, message) => {
  expect(() => new BatchNormalization({ renorm: true, renormClipping })).toThrow(message)
})

describe('second derivatives go through the statistics of the batch', () => {
  it('BatchNormalization', () => {
    const layer = new BatchNormalization()
    const x = [0.3, -1.2, 0.8, 2.1, -0.4, 1.7]
    const loss = (y: Tensor): Tensor => ops.sum(ops.multiply(ops.power(y, 3), [[1], [-2], [0.5], [3], [1.5], [-1]]))
    const normalised = (at: Tensor): Tensor => layer.apply(ops.reshape(at, [6, 1]), { training: true })
    const byHand = (at: Tensor): Tensor => {
      const centred = ops.subtract(at, ops.mean(at))
      const root = ops.sqrt(ops.add(ops.mean(ops.square(centred)), 1e-3))
      return ops.reshape(ops.divide(centred, root), [6, 1])
    }
    const [found, expected] = [normalised, byHand].map((y) => hessian((at) => loss(y(at)))(x).dataSync())
    expectClose(found!, { shape: [6, 6], data: [...expected!] }, 1e-12, 'hessian')
  })
})

/** Every layer in training and in inference against real Keras in float64: results, gradients, losses, moving statistics. */

import { afterAll, beforeAll, describe, it } from 'vitest'
import * as config from '../../ts/config.js'
import type { BatchNormalization } from '../../ts/layers/index.js'
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
    for (const [k, [mean, variance]] of one.moving!.entries()) {
      layer.apply(ops.add(ops.multiply(x, k + 1), k), { training: true }).dataSync()
      expectClose(layer.movingMean.dataSync(), mean!, 1e-12, `mean ${k}`)
      expectClose(layer.movingVariance.dataSync(), variance!, 1e-12, `variance ${k}`)
    }
  })
})

/** NaN is never an improvement; the first finite value is. */

import { Sequential } from 'ferrograd'
import { EarlyStopping, ModelCheckpoint, ReduceLROnPlateau } from 'ferrograd/callbacks'
import { Dense } from 'ferrograd/layers'
import { SGD } from 'ferrograd/optimizers'
import { describe, expect, test } from 'vitest'
import type { Callback } from '../../ts/callbacks/callback.js'

/** A fit whose validation loss is what the list says. */
async function fitted(callback: Callback, values: readonly number[]): Promise<Sequential> {
  const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'zeros' })])
  model.compile({ optimizer: new SGD({ learningRate: 1 }), loss: 'mae' })
  await model.fit([[1]], [[1e6]], {
    epochs: values.length,
    verbose: 0,
    validationData: [[[1]], [[9]]],
    callbacks: [{ onEpochEnd: (epoch, logs) => void Object.assign(logs, { val_loss: values[epoch] }) }, callback],
  })
  return model
}

const lost = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

describe.each(['min', 'max'] as const)('%s', (mode) => {
  const better = (values: readonly number[]): number[] => (mode === 'min' ? [...values] : values.map((value) => -value))

  test.each(lost)('%s first: early stopping keeps the best that is finite', async (first) => {
    const stopping = new EarlyStopping({ monitor: 'val_loss', mode, patience: 2, restoreBestWeights: true })
    const model = await fitted(stopping, [first, ...better([3, 2, 1, 4])])
    expect([stopping.bestEpoch, stopping.best]).toEqual([3, better([1])[0]])
    // A step adds 1: after the fourth epoch the weight is 4.
    expect(model.getWeights()[0]!.dataSync()[0]).toBe(4)
  })

  test.each(lost)('%s first: a checkpoint keeps the best that is finite', async (first) => {
    const best = new ModelCheckpoint({ monitor: 'val_loss', mode, saveBestOnly: true })
    await fitted(best, [first, ...better([3, 5]), Number.NaN, ...better([2]), Number.NaN])
    expect([best.epoch, best.best, best.weights![0]!.dataSync()[0]]).toEqual([4, better([2])[0], 5])
  })

  test.each(lost)('%s first: the rate falls after epochs without improvement alone', async (first) => {
    const plateau = new ReduceLROnPlateau({ monitor: 'val_loss', mode, patience: 2, factor: 0.5 })
    const model = await fitted(plateau, [first, ...better([3, 2, 1])])
    expect([plateau.best, model.optimizer.learningRate]).toEqual([better([1])[0], 1])
    const worse = await fitted(plateau, [first, Number.NaN, ...better([3])])
    expect([plateau.best, worse.optimizer.learningRate]).toEqual([better([3])[0], 0.5])
  })
})

test('the best epoch is the best one, also where no weights are kept', async () => {
  const stopping = new EarlyStopping({ monitor: 'val_loss', patience: 5 })
  await fitted(stopping, [Number.NaN, 4, 2, 3, 3])
  expect([stopping.bestEpoch, stopping.best]).toEqual([2, 2])
})

test('where nothing is finite, training stops and nothing is the best', async () => {
  const stopping = new EarlyStopping({ monitor: 'val_loss', patience: 2 })
  await fitted(stopping, new Array(5).fill(Number.NaN))
  expect([stopping.best, stopping.stoppedEpoch]).toEqual([undefined, 1])
})

import {
  EarlyStopping,
  LambdaCallback,
  LearningRateScheduler,
  ModelCheckpoint,
  ReduceLROnPlateau,
} from 'ferrograd/callbacks'
import { describe, expect, test } from 'vitest'
import type { Callback, Hooks } from '../../ts/callbacks/callback.js'
import { CallbackList, checkCallbacks } from '../../ts/callbacks/list.js'
import type { Model } from '../../ts/model/model.js'
import { camel } from '../../ts/options/names.js'
import { fixture } from '../oracle.js'

interface Case {
  readonly name: string
  readonly callback: string
  readonly options: Readonly<Record<string, unknown>> & { readonly monitor: string }
  readonly values?: readonly (number | 'NaN')[]
  readonly last_epoch?: number
  readonly stopped?: boolean
  readonly stopped_epoch?: number
  readonly best?: number | 'NaN'
  readonly weights_of_epoch?: number
  readonly learning_rates?: readonly number[]
  readonly saved_epochs?: readonly number[]
}

/** What callbacks need of a model; its weights are the number of the epoch. */
class Scripted {
  weights = -1
  stopTraining = false
  optimizer = { learningRate: 1 }
  getWeights(): number {
    return this.weights
  }
  setWeights(weights: number): void {
    this.weights = weights
  }
}

/** Calls the hooks as `fit` does; returns the last epoch. */
async function drive(
  callback: Callback,
  model: Scripted,
  log: string,
  values: readonly number[],
  after = (): void => undefined,
): Promise<number> {
  const list = new CallbackList([callback])
  list.begin(model as unknown as Model, {
    epochs: values.length,
    initialEpoch: 0,
    steps: 1,
    samples: 1,
    verbose: 0,
    logNames: ['loss', log],
  })
  await list.call('onTrainBegin', {})
  let last = 0
  for (const [epoch, value] of values.entries()) {
    last = epoch
    model.weights = epoch
    await list.callNumbered('onEpochBegin', epoch, {})
    await list.callNumbered('onEpochEnd', epoch, { [log]: value })
    after()
    if (model.stopTraining) break
  }
  await list.call('onTrainEnd', {})
  return last
}

const keras = fixture<Case>('callbacks').cases.filter(({ values }) => values !== undefined)
const renamed: Readonly<Record<string, string>> = { min_lr: 'minLr' }
const ours = ({ options }: Case): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [renamed[key] ?? camel(key), value]))
const of = (name: string): Case[] => keras.filter(({ callback }) => callback === name)

describe('as Keras does', () => {
  test.each(of('EarlyStopping'))('$name', async (given) => {
    const callback = new EarlyStopping(ours(given))
    const model = new Scripted()
    const last = await drive(callback, model, given.options.monitor, given.values!.map(Number))
    expect({ last, stopped: model.stopTraining, epoch: callback.stoppedEpoch, weights: model.weights }).toEqual({
      last: given.last_epoch,
      stopped: given.stopped,
      epoch: given.stopped_epoch,
      weights: given.weights_of_epoch,
    })
    expect(callback.best ?? null).toBe(typeof given.best === 'string' ? Number(given.best) : given.best)
  })

  test.each(of('ReduceLROnPlateau'))('$name', async (given) => {
    const model = new Scripted()
    const rates = [1]
    await drive(
      new ReduceLROnPlateau(ours(given)),
      model,
      given.options.monitor,
      given.values!.map(Number),
      () => void rates.push(model.optimizer.learningRate),
    )
    expect(rates).toHaveLength(given.learning_rates!.length)
    for (const [i, rate] of given.learning_rates!.entries()) expect(rates[i]).toBeCloseTo(rate, 6)
  })

  test.each(of('ModelCheckpoint'))('$name', async (given) => {
    const saved: number[] = []
    const callback = new ModelCheckpoint({ ...ours(given), onSave: (_, epoch) => void saved.push(epoch) })
    const model = new Scripted()
    await drive(callback, model, given.options.monitor, given.values!.map(Number))
    expect(saved).toEqual(given.saved_epochs)
    callback.restore()
    if (saved.length > 0) expect(model.weights).toBe(saved.at(-1))
  })
})

describe('monitors', () => {
  const begin = (callback: Hooks, logNames: readonly string[]): unknown => {
    callback.setParams?.({ epochs: 1, initialEpoch: 0, steps: 1, samples: 1, verbose: 0, logNames })
    return callback.onTrainBegin?.({})
  }

  test.each([
    [
      new EarlyStopping({ monitor: 'val_los' }),
      ['loss', 'val_loss'],
      /one of the logs loss, val_loss, got 'val_los'.*did you mean 'val_loss'/i,
    ],
    [new EarlyStopping(), ['loss', 'accuracy'], /Pass validationData or validationSplit/],
    [new ReduceLROnPlateau({ monitor: 'custom' }), ['loss', 'custom'], /Pass mode: 'min' or mode: 'max'/],
    [new ModelCheckpoint({ monitor: 'x', saveBestOnly: true }), ['loss'], /one of the logs loss, got 'x'/],
  ])('one that does not exist or cannot be judged is refused %#', (callback, logNames, message) => {
    expect(() => begin(callback, logNames)).toThrow(message)
    expect(() => begin(callback, logNames)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
  })

  test('either spelling will do', () => {
    expect(() => begin(new EarlyStopping({ monitor: 'valLoss' }), ['loss', 'val_loss'])).not.toThrow()
  })
})

describe('options', () => {
  test.each([
    [() => new EarlyStopping({ patience: -1 }), /EarlyStopping\.patience: expected an integer ≥ 0, got -1/],
    [() => new EarlyStopping({ patiance: 1 } as never), /did you mean 'patience'/i],
    [() => new ReduceLROnPlateau({ factor: 1 }), /ReduceLROnPlateau\.factor/],
    [() => new LearningRateScheduler({ schedule: 3 as never }), /a function of the epoch and the rate, got 3/],
    [() => new LambdaCallback({ onEpochEnds: () => undefined } as never), /did you mean 'onEpochEnd'/i],
    [
      () => checkCallbacks('fit.callbacks', [{ on_epoch_end: () => undefined }]),
      /fit\.callbacks\[0\].*did you mean 'onEpochEnd'/i,
    ],
    [() => checkCallbacks('fit.callbacks', [3]), /fit\.callbacks\[0\]: expected a callback/],
  ])('are checked %#', (make, message) => {
    expect(make).toThrow(message)
  })
})

test('LearningRateScheduler sets the rate before each epoch and logs it', async () => {
  const model = new Scripted()
  const rates: number[] = []
  await drive(
    new LearningRateScheduler({ schedule: (epoch, rate) => (epoch === 0 ? rate : rate / 2) }),
    model,
    'loss',
    [1, 1, 1],
    () => void rates.push(model.optimizer.learningRate),
  )
  expect(rates).toEqual([1, 0.5, 0.25])
})

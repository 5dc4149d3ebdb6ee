/** Callbacks inside a whole fit with validation, against Keras's history and weights in float64. */
import { config } from 'ferrograd'
import {
  EarlyStopping,
  type Hooks,
  LearningRateScheduler,
  ReduceLROnPlateau,
  SwapEMAWeights,
} from 'ferrograd/callbacks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelFromConfig } from '../../ts/model/from-config.js'
import { camel } from '../../ts/options/names.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'

interface Case {
  readonly name: string
  readonly callback: string
  readonly options: Readonly<Record<string, unknown>>
  readonly model: object
  readonly compile: unknown
  readonly weights: readonly Numbers[]
  readonly x: Numbers
  readonly y: Numbers
  readonly validation_x: Numbers
  readonly validation_y: Numbers
  readonly fit: { readonly epochs: number; readonly batch_size: number }
  readonly history?: Readonly<Record<string, readonly number[]>>
  readonly after_weights: readonly Numbers[]
}

const make: Readonly<Record<string, (options: object) => Hooks>> = {
  EarlyStopping: (options) => new EarlyStopping(options),
  ReduceLROnPlateau: (options) => new ReduceLROnPlateau(options),
  SwapEMAWeights: (options) => new SwapEMAWeights(options),
  LearningRateScheduler: () =>
    new LearningRateScheduler({ schedule: (epoch, rate) => (epoch % 2 ? rate * 0.5 : rate) }),
}

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

test.each(fixture<Case>('callbacks').cases.filter(({ history }) => history !== undefined))('$name', async (given) => {
  const model = modelFromConfig({ ...given.model, compile_config: given.compile })
  model.setWeights(given.weights.map((weight) => toTensor(weight)))
  const options = Object.fromEntries(Object.entries(given.options).map(([key, value]) => [camel(key), value]))
  const { history } = await model.fit(toTensor(given.x), toTensor(given.y), {
    epochs: given.fit.epochs,
    batchSize: given.fit.batch_size,
    shuffle: false,
    verbose: 0,
    validationData: [toTensor(given.validation_x), toTensor(given.validation_y)],
    callbacks: make[given.callback]!(options),
  })
  expect(Object.keys(history).sort()).toEqual(Object.keys(given.history!).sort())
  for (const [name, values] of Object.entries(given.history!)) {
    // Keras stores the learning rate in float32.
    const tolerance = name === 'learning_rate' ? 1e-7 : 1e-8
    expectClose(Float64Array.from(history[name]!), { shape: [values.length], data: values }, tolerance, name)
  }
  for (const [i, weight] of model.getWeights().entries())
    expectClose(weight.dataSync(), given.after_weights[i]!, 1e-8, `weight ${i}`)
})

/** HDF5 files of Keras 2 (tf_keras) and of Keras 3 in that form: opened, they predict and go on as Keras itself does. */
import { fileURLToPath } from 'node:url'
import { config, loadModel, type Model } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture, type Numbers } from '../oracle.js'
import { type Case, type Each, each, expectFit, expectPredictions, expectWeights, rows } from '../training/cases.js'

interface Legacy extends Case {
  readonly saved_weights: readonly Numbers[]
  readonly predicted: Each<Numbers>
}

const cases = ['keras2', 'keras3'].flatMap((name) => fixture<Legacy>(`legacy-files/${name}`).cases)
const path = (name: string): string => fileURLToPath(new URL(`../fixtures/legacy-files/${name}.h5`, import.meta.url))
const named = (name: string): Legacy => cases.find((one) => one.name === name)!

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

async function expectSame(model: Model, given: Legacy): Promise<void> {
  const x = each(given.x, (one) => rows(one))
  await expectPredictions(model, { ...given, predict: given.predicted }, x, 32, 1e-9)
}

/** Another model of the same layers. */
async function other(name: string): Promise<Model> {
  const model = await loadModel(path(name), { compile: false })
  for (const weight of model.weights) weight.set(weight.dataSync().map(() => 0.5))
  return model
}

describe('whole models', () => {
  test.each(cases)('$name predicts, and three epochs more are those of Keras', async (given) => {
    const model = await loadModel(path(given.name))
    await expectSame(model, given)
    // Keras 2 rounds rates and betas to float32.
    await expectFit(model, { ...given, tolerance: given.name.startsWith('keras2') ? 2e-6 : 1e-8 })
  })

  test.each(cases.filter(({ name }) => /adam|graph/.test(name)))('$name: saved by us, it still is', async (given) => {
    const copy = (await loadModel(path(given.name))).toConfig()
    expect(copy).toMatchObject({ class_name: expect.stringMatching(/Sequential|Functional/) })
  })

  test('one that a tool has packed into deflated chunks is the same', async () => {
    const [packed, plain] = await Promise.all(['keras2-packed', 'keras2-adam'].map((name) => loadModel(path(name))))
    const numbers = (model: Model): number[][] => model.getWeights().map((weight) => [...weight.dataSync()])
    expect(numbers(packed!)).toEqual(numbers(plain!))
  })

  test('weights alone are no model', async () => {
    await expect(loadModel(path('keras2-adam-weights'))).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringMatching(/model_config.*loadWeights/),
    })
  })
})

describe('weights', () => {
  test.each(cases)('$name: by the order of layers', async (given) => {
    const model = await other(given.name)
    expect(await model.loadWeights(path(`${given.name}-weights`))).toEqual({ missing: [], unexpected: [] })
    expectWeights(model, given.saved_weights, 1e-12)
  })

  test('out of a whole model, too', async () => {
    const model = await other('keras2-graph')
    await model.loadWeights(path('keras2-graph'))
    expectWeights(model, named('keras2-graph').saved_weights, 1e-12)
  })

  test('byName takes the layers whose names are there, and leaves the others', async () => {
    const model = await other('keras2-graph')
    const first = model.layers.find((layer) => layer.name === 'shared')!
    ;(first as { name: string }).name = 'else'
    const { missing, unexpected } = await model.loadWeights(path('keras2-graph-weights'), { byName: true })
    expect(missing).toEqual(['else/kernel', 'else/bias'])
    expect(unexpected.map((key) => key.split('/')[0])).toEqual(['shared', 'shared'])
    expect(new Set(first.weights[0]!.dataSync())).toEqual(new Set([0.5]))
    expect(new Set(model.getLayer('frozen').weights[0]!.dataSync())).not.toEqual(new Set([0.5]))
  })

  test('another number of layers, and other shapes, are refused and change nothing', async () => {
    const model = await other('keras2-adam')
    const before = model.weights.map((weight) => `${weight.dataSync()}`)
    await expect(model.loadWeights(path('keras2-words-weights'))).rejects.toMatchObject({
      code: expect.stringMatching(/ERR_SHAPE/),
    })
    await expect(model.loadWeights(path('keras2-graph-weights'))).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringMatching(/3 layers with weights.*got 5.*byName/s),
    })
    expect(model.weights.map((weight) => `${weight.dataSync()}`)).toEqual(before)
  })

  test('byName is an option of these files alone', async () => {
    const model = await other('keras2-adam')
    await expect(model.loadWeights('w.safetensors', { byName: true })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/byName: expected a path that ends in \.h5/),
    })
    await expect(model.saveWeights('w.h5')).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})

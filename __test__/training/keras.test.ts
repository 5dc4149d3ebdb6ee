/** Whole trainings against real Keras's in float64: the logs, the weights after them, evaluate and predict. */
import { config, type Model } from 'ferrograd'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Tensor } from '../../ts/core/tensor.js'
import { modelFromConfig } from '../../ts/model/from-config.js'
import { expectClose, fixture, type Numbers, toTensor } from '../oracle.js'
import { type Case, each, expectEnd, expectFit, expectLogs, expectWeights, rows } from './cases.js'

const mlp = fixture<Case>('mlp').cases
const models = fixture<Case>('models').cases
const graphs = fixture<Case>('graphs').cases
const calls = fixture<Case>('calls').cases
const masks = fixture<Case>('masks').cases
const pictures = fixture<Case>('picture_models').cases
const attention = fixture<Case>('attention_models').cases
const recurrent = fixture<Case>('recurrent_models').cases

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

/** Keras leaves Huber's delta out of its configuration; the models were drawn with 0.7. */
function withDelta(compile: Case['compile']): Case['compile'] {
  const { loss } = compile as { loss?: { class_name?: string; config?: object } }
  return loss?.class_name === 'Huber'
    ? { ...(compile as object), loss: { ...loss, config: { ...loss.config, delta: 0.7 } } }
    : compile
}

function build(given: Case): Model {
  const model = modelFromConfig({ ...given.model, compile_config: withDelta(given.compile) })
  model.setWeights(given.weights.map((weight) => toTensor(weight, config.floatx())))
  return model
}

async function fits(given: Case): Promise<void> {
  await expectFit(build(given), given)
}

describe('multi-layer perceptrons', () => {
  test.each(mlp.filter(({ kind }) => kind === 'steps'))('$name: ten steps', async (given) => {
    const model = build(given)
    const size = given.batch_size!
    for (const [step, wanted] of given.logs!.entries()) {
      const at = (numbers: Numbers): Tensor => rows(numbers, step * size, (step + 1) * size)
      expectLogs(await model.trainOnBatch(each(given.x, at), each(given.y, at)), wanted, 1e-10, `step ${step}`)
      const kept = given.after?.[step + 1]
      if (kept === undefined) continue
      expectWeights(model, kept.weights, 1e-10)
      const { variables } = model.optimizer
      for (const [i, { path, value }] of kept.optimizer.entries())
        expectClose(variables[i]!.dataSync(), value, 1e-10, path)
    }
    await expectEnd(model, given, 1e-10)
  })

  test.each(mlp.filter(({ kind }) => kind === 'running'))('$name: the logs are those of each batch', async (given) => {
    const model = build(given)
    for (const [step, wanted] of given.logs!.entries()) {
      const at = (numbers: Numbers): Tensor => rows(numbers, given.bounds![step], given.bounds![step + 1])
      expectLogs(await model.trainOnBatch(each(given.x, at), each(given.y, at)), wanted, 1e-10, `batch ${step}`)
    }
  })

  test.each(mlp.filter(({ kind }) => kind === 'fit'))('$name', fits)
})

/** Trained by Ftrl with dead units before a matrix: Keras sets rows that never had a gradient to 0, here they stay. */
const rowsUntouched = ['random-052', 'random-098', 'pictures-54', 'recurrent-43']

describe('random models', () => {
  test.each(models.filter(({ name }) => !rowsUntouched.includes(name)))('$name', fits)
})

describe('convolutional models', () => {
  test.each(pictures.filter(({ name }) => !rowsUntouched.includes(name)))('$name', fits)
})

describe('transformers', () => {
  test.each(attention)('$name', fits)
})

describe('recurrent models', () => {
  test.each(recurrent.filter(({ name }) => !rowsUntouched.includes(name)))('$name', fits)
})

describe('functional graphs', () => {
  test.each([...graphs, ...calls])('$name', fits)
})

describe('masks on their way into the loss', () => {
  test.each(masks)('$name', fits)
})

describe('in float32', () => {
  beforeAll(() => config.setFloatx('float32'))
  afterAll(() => config.setFloatx('float64'))

  test.each(mlp.filter(({ kind }) => kind === 'steps'))('$name: ten steps, to 1e-4', async (given) => {
    const model = build({ ...given, model: inFloat32(given.model) })
    const size = given.batch_size!
    for (const [step, wanted] of given.logs!.entries()) {
      const at = (numbers: Numbers): Tensor => rows(numbers, step * size, (step + 1) * size)
      expectLogs(await model.trainOnBatch(each(given.x, at), each(given.y, at)), wanted, 1e-4, `step ${step}`)
    }
    expectWeights(model, given.after!['10']!.weights, 1e-4)
  })
})

/** The same model with every float64 in its configuration turned to float32. */
function inFloat32(model: Case['model']): Case['model'] {
  return JSON.parse(JSON.stringify(model).replaceAll('float64', 'float32')) as Case['model']
}

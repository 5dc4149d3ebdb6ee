/** Whole trainings against real Keras's in float64: the logs, the weights after them, evaluate and predict. */
import { config, type Model } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tensor } from '../../ts/core/tensor.js'
import { tensor } from '../../ts/core/tensor.js'
import { modelFromConfig } from '../../ts/model/from-config.js'
import { camel } from '../../ts/options/names.js'
import { expectClose, fixture, floats, type Numbers, toTensor } from '../oracle.js'

type Each<T> = T | readonly T[] | Readonly<Record<string, T>>
type Logs = Readonly<Record<string, number>>

interface Case {
  readonly name: string
  readonly kind?: 'steps' | 'running' | 'fit'
  readonly tolerance?: number
  readonly model: Readonly<Record<string, unknown>>
  readonly compile: unknown
  readonly weights: readonly Numbers[]
  readonly x: Each<Numbers>
  readonly y: Each<Numbers>
  readonly sample_weight?: Each<Numbers>
  readonly validation_data?: { readonly x: Numbers; readonly y: Numbers; readonly sample_weight?: Numbers }
  readonly batch_size?: number
  readonly bounds?: readonly number[]
  readonly logs?: readonly Logs[]
  readonly after?: Readonly<
    Record<
      string,
      {
        readonly weights: readonly Numbers[]
        readonly optimizer: readonly { readonly path: string; readonly value: Numbers }[]
      }
    >
  >
  readonly end_rows?: number
  readonly end_batch_size?: number
  readonly fit?: Readonly<Record<string, unknown>>
  readonly history?: Readonly<Record<string, readonly number[]>>
  readonly after_weights?: readonly Numbers[]
  readonly evaluate?: Logs
  readonly predict?: Each<Numbers>
  readonly predict_rows?: number
}

const mlp = fixture<Case>('mlp').cases
const models = fixture<Case>('models').cases
const graphs = fixture<Case>('graphs').cases
const calls = fixture<Case>('calls').cases
const masks = fixture<Case>('masks').cases

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

/** The first (or some) rows of one array. */
function rows(numbers: Numbers, from = 0, to = numbers.shape[0]!): Tensor {
  const [, ...row] = numbers.shape
  const width = row.reduce((product, length) => product * length, 1)
  return tensor(floats(numbers).subarray(from * width, to * width), [to - from, ...row], 'float64')
}

const isNumbers = (value: unknown): value is Numbers => typeof value === 'object' && value !== null && 'shape' in value

function each<T>(value: Each<Numbers>, make: (one: Numbers) => T): Each<T> {
  if (isNumbers(value)) return make(value)
  if (Array.isArray(value)) return value.map(make)
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, Numbers>>).map(([name, one]) => [name, make(one)]),
  )
}

function expectWeights(model: Model, wanted: readonly Numbers[], tolerance: number): void {
  const got = model.getWeights()
  expect(got).toHaveLength(wanted.length)
  for (const [i, weight] of wanted.entries()) expectClose(got[i]!.dataSync(), weight, tolerance, `weight ${i}`)
}

/** The names of Keras's logs: ours has the penalty besides, where a model has one. */
function keysOfKeras(logs: object): string[] {
  return Object.keys(logs)
    .filter((name) => name !== 'penalty' && name !== 'val_penalty')
    .sort()
}

function expectLogs(got: Logs, wanted: Logs, tolerance: number, what: string): void {
  expect(keysOfKeras(got)).toEqual(Object.keys(wanted).sort())
  for (const [name, value] of Object.entries(wanted))
    expectClose(Float64Array.of(got[name]!), value, tolerance, `${what} ${name}`)
}

async function expectPredictions(
  model: Model,
  given: Case,
  x: Each<Tensor>,
  batchSize: number,
  tolerance: number,
): Promise<void> {
  const outputs = (await model.predict(x, { batchSize })) as Each<Tensor>
  const pairs = isNumbers(given.predict)
    ? [[given.predict, outputs] as const]
    : Object.entries(given.predict ?? {}).map(([key, numbers]) => [numbers, (outputs as never)[key]] as const)
  for (const [numbers, output] of pairs) {
    const size = floats(numbers).length
    expectClose((await (output as Tensor).data()).subarray(0, size), numbers, tolerance, 'predict')
  }
}

async function expectEnd(model: Model, given: Case, tolerance: number): Promise<void> {
  const batchSize = given.end_batch_size ?? 32
  const part = (numbers: Numbers): Tensor => rows(numbers, 0, given.end_rows)
  const x = each(given.x, part)
  const sampleWeight = given.sample_weight ? each(given.sample_weight, part) : undefined
  const options = { batchSize, ...(sampleWeight ? { sampleWeight } : {}) }
  if (given.evaluate)
    expectLogs(await model.evaluate(x, each(given.y, part), options), given.evaluate, tolerance, 'evaluate')
  if (given.predict) await expectPredictions(model, given, x, batchSize, tolerance)
}

function fitOptions(given: Case): object {
  const { sample_weight: weight, validation_data: validation } = given
  const named = Object.fromEntries(Object.entries(given.fit ?? {}).map(([key, value]) => [camel(key), value]))
  return {
    ...named,
    verbose: 0,
    ...(weight ? { sampleWeight: each(weight, (one) => rows(one)) } : {}),
    ...(validation
      ? { validationData: Object.fromEntries(Object.entries(validation).map(([key, one]) => [camel(key), rows(one)])) }
      : {}),
  }
}

async function fits(given: Case): Promise<void> {
  const tolerance = given.tolerance ?? 1e-10
  const model = build(given)
  const all = (numbers: Numbers): Tensor => rows(numbers)
  const { history } = await model.fit(each(given.x, all), each(given.y, all), fitOptions(given))
  expect(keysOfKeras(history)).toEqual(Object.keys(given.history!).sort())
  for (const [name, values] of Object.entries(given.history!)) {
    expectClose(Float64Array.from(history[name]!), { shape: [values.length], data: values }, tolerance, name)
  }
  expectWeights(model, given.after_weights!, tolerance)
  await expectEnd(model, given, tolerance)
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
const rowsUntouched = ['random-052', 'random-098']

describe('random models', () => {
  test.each(models.filter(({ name }) => !rowsUntouched.includes(name)))('$name', fits)
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

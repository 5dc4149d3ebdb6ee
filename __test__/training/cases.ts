/** A training that real Keras did, and how ours is held to it. */

import { type Model, type Tensor, tensor } from 'ferrograd'
import { expect } from 'vitest'
import { camel } from '../../ts/options/names.js'
import { expectClose, floats, type Numbers } from '../oracle.js'

export type Each<T> = T | readonly T[] | Readonly<Record<string, T>>
export type Logs = Readonly<Record<string, number>>

export interface Case {
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

/** The first (or some) rows of one array. */
export function rows(numbers: Numbers, from: number = 0, to: number = numbers.shape[0]!): Tensor {
  const [, ...row] = numbers.shape
  const width = row.reduce((product, length) => product * length, 1)
  return tensor(floats(numbers).subarray(from * width, to * width), [to - from, ...row], 'float64')
}

export const isNumbers = (value: unknown): value is Numbers =>
  typeof value === 'object' && value !== null && 'shape' in value

export function each<T>(value: Each<Numbers>, make: (one: Numbers) => T): Each<T> {
  if (isNumbers(value)) return make(value)
  if (Array.isArray(value)) return value.map(make)
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, Numbers>>).map(([name, one]) => [name, make(one)]),
  )
}

export function expectWeights(model: Model, wanted: readonly Numbers[], tolerance: number): void {
  const got = model.getWeights()
  expect(got).toHaveLength(wanted.length)
  for (const [i, weight] of wanted.entries()) expectClose(got[i]!.dataSync(), weight, tolerance, `weight ${i}`)
}

/** The names of Keras's logs: ours has the penalty besides, where a model has one. */
export function keysOfKeras(logs: object): string[] {
  return Object.keys(logs)
    .filter((name) => name !== 'penalty' && name !== 'val_penalty')
    .sort()
}

export function expectLogs(got: Logs, wanted: Logs, tolerance: number, what: string): void {
  expect(keysOfKeras(got)).toEqual(Object.keys(wanted).sort())
  for (const [name, value] of Object.entries(wanted))
    expectClose(Float64Array.of(got[name]!), value, tolerance, `${what} ${name}`)
}

export async function expectPredictions(
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

export async function expectEnd(model: Model, given: Case, tolerance: number): Promise<void> {
  const batchSize = given.end_batch_size ?? 32
  const part = (numbers: Numbers): Tensor => rows(numbers, 0, given.end_rows)
  const x = each(given.x, part)
  const sampleWeight = given.sample_weight ? each(given.sample_weight, part) : undefined
  const options = { batchSize, ...(sampleWeight ? { sampleWeight } : {}) }
  if (given.evaluate)
    expectLogs(await model.evaluate(x, each(given.y, part), options), given.evaluate, tolerance, 'evaluate')
  if (given.predict) await expectPredictions(model, given, x, batchSize, tolerance)
}

export function fitOptions(given: Case): object {
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

/** Trains as Keras did and compares all: the logs, the weights after them, evaluate and predict. */
export async function expectFit(model: Model, given: Case): Promise<void> {
  const tolerance = given.tolerance ?? 1e-10
  const all = (numbers: Numbers): Tensor => rows(numbers)
  const { history } = await model.fit(each(given.x, all), each(given.y, all), fitOptions(given))
  expect(keysOfKeras(history)).toEqual(Object.keys(given.history!).sort())
  for (const [name, values] of Object.entries(given.history!)) {
    expectClose(Float64Array.from(history[name]!), { shape: [values.length], data: values }, tolerance, name)
  }
  expectWeights(model, given.after_weights!, tolerance)
  await expectEnd(model, given, tolerance)
}

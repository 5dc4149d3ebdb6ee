/** A model and its features in one file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { config, input, loadModel, Model, Predictor, Sequential, type Tensor } from 'ferrograd'
import { category, Dataset, features, hashed, numeric } from 'ferrograd/data'
import { Concatenate, Dense, Embedding, Flatten } from 'ferrograd/layers'
import { afterAll, beforeEach, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'ferrograd-predictor-'))
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => config.setSeed(1))

const count = 600
const at = (i: number, k: number): number => Math.abs(Math.sin(i * 12.9898 + k * 78.233) * 43_758.5453) % 1
const plans = ['monthly', 'yearly', 'trial']
const rows = Array.from({ length: count }, (_, i) => {
  const [visits, plan] = [Math.floor(at(i, 1) * 30), plans[Math.floor(at(i, 2) * 3)]!]
  const score = 4 - 0.35 * visits + { monthly: 0, yearly: -3, trial: 3 }[plan]!
  return { visits: at(i, 3) < 0.05 ? Number.NaN : visits, plan, page: `/page/${i % 7}`, left: score > 0 ? 1 : 0 }
})
const table = { visits: numeric().impute('median').normalize(), plan: category(), page: hashed(4) }

test('what is trained on rows answers raw rows, before and after it was in a file', async () => {
  const data = Dataset.from(rows)
  const space = await features(table, { crosses: [['plan', 'page']], crossingDim: 5 }).adapt(data)
  const model = new Sequential([new Dense({ units: 1, activation: 'sigmoid', inputShape: [space.width] })])
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  await model.fit(data.map(space.inputsAndTarget('left')).batch(20), { epochs: 30, verbose: 0 })
  const predictor = new Predictor(space, model)
  const answers = async (asked: Predictor<(typeof rows)[number]>): Promise<number[]> =>
    Array.from(await (await asked.predict(rows)).data(), Number)
  const wanted = await answers(predictor as never)
  const right = wanted.filter((p, i) => p > 0.5 === (rows[i]!.left === 1)).length / count
  expect(right).toBeGreaterThan(0.9)

  const path = join(folder, 'churn.keras')
  await predictor.save(path)
  const loaded = await Predictor.load<(typeof rows)[number]>(path)
  expect(await answers(loaded as never)).toEqual(wanted)
  expect(loaded.features.columns).toEqual(space.columns)
  // One row, with what the data had none of.
  const one = await loaded.predict({ visits: null as never, plan: 'weekly', page: '/new', left: 0 })
  expect(one.shape).toEqual([1, 1])
  // The same file is a model alone.
  const alone = await loadModel(path)
  const numbers = (await alone.predict(space.encode(rows))) as Tensor
  expect(Array.from(await numbers.data(), Number)).toEqual(wanted)
})

test('features that are inputs by name', async () => {
  const space = await features({ visits: table.visits, plan: category().int() }, { outputMode: 'dict' }).adapt(
    Dataset.from(rows),
  )
  const visits = input({ shape: [1], name: 'visits' })
  const plan = input({ shape: [1], name: 'plan', dtype: 'int32' })
  const place = new Flatten().apply(new Embedding({ inputDim: 4, outputDim: 2 }).apply(plan))
  const joined = new Concatenate().apply([visits, place])
  const outputs = new Dense({ units: 1, activation: 'sigmoid' }).apply(joined)
  const model = new Model({ inputs: { visits, plan }, outputs })
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy' })
  const { history } = await model.fit(Dataset.from(rows).map(space.inputsAndTarget('left')).batch(20), {
    epochs: 10,
    verbose: 0,
  })
  expect(history.loss!.at(-1)!).toBeLessThan(0.8 * history.loss![0]!)
  const path = join(folder, 'dict.keras')
  await new Predictor(space, model as unknown as Model).save(path)
  const loaded = await Predictor.load(path)
  const [own, wanted] = [
    await loaded.predict(rows.slice(0, 5)),
    await model.predict(space.encode(rows.slice(0, 5)) as never),
  ]
  expect(await (own as Tensor).array()).toEqual(await (wanted as Tensor).array())
})

test('a model without features is refused by name', async () => {
  const path = join(folder, 'alone.keras')
  await new Sequential([new Dense({ units: 1, inputShape: [2] })]).save(path)
  await expect(Predictor.load(path)).rejects.toThrow(
    /expected a member features\.json, got .*loadModel reads models without/,
  )
  expect(() => new Predictor({} as never, new Sequential([]))).toThrow(
    'Predictor.features: expected what features(…) made',
  )
})

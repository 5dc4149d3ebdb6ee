/** Predictions of a batch happen where they are asked for, as long as that is short; the numbers are those of an epoch. */
import { type Tensor, tensor } from 'ferrograd'
import { expect, test } from 'vitest'
import { classifier, pause, points } from './models.js'

const { x, y } = points(64)
const numbersOf = async (prediction: Promise<Tensor | Tensor[]>): Promise<number[]> => [
  ...(await ((await prediction) as Tensor).data()),
]

test('a batch in one piece, in pieces, and with listeners gives the same numbers', async () => {
  const model = classifier()
  await model.fit(x, y, { epochs: 2, verbose: 0 })
  const whole = await numbersOf(model.predict(x, { batchSize: 64 }))
  const heard: string[] = []
  const callbacks = { onPredictBegin: () => void heard.push('begin'), onPredictEnd: () => void heard.push('end') }
  expect(await numbersOf(model.predict(x, { batchSize: 64, callbacks }))).toEqual(whole)
  expect(heard).toEqual(['begin', 'end'])
  expect(await numbersOf(model.predict(x, { batchSize: 10 }))).toEqual(whole)
  expect(await numbersOf(model.predictOnBatch(x))).toEqual(whole)
  const rows = await Promise.all(
    whole.map((_, i) => numbersOf(model.predict(tensor(x.values.slice(2 * i, 2 * i + 2), [1, 2])))),
  )
  expect(rows.flat()).toHaveLength(64)
  for (const [i, row] of rows.flat().entries()) expect(row).toBeCloseTo(whole[i]!, 6)
})

test('the data is read before the call returns, and the result is what the weights were then', async () => {
  const model = classifier()
  const wanted = await numbersOf(model.predict(x, { batchSize: 64 }))
  const values = Float32Array.from(x.values)
  const prediction = model.predict({ values, shape: [64, 2] }, { batchSize: 64 })
  values.fill(0)
  model.setWeights(model.getWeights().map((weight) => weight.mul(0)))
  expect(await numbersOf(prediction)).toEqual(wanted)
  expect(await numbersOf(model.predict(x))).toEqual(Array.from({ length: 64 }, () => 0.5))
})

test('a signal that is aborted rejects', async () => {
  const model = classifier()
  await expect(model.predict(x, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ERR_ABORTED' })
})

test('a loop of predictions lets timers through, and one amid a fit gets its numbers', async () => {
  const model = classifier()
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  const until = performance.now() + 200
  while (performance.now() < until) await model.predict(x, { batchSize: 64 })
  clearInterval(timer)
  expect(turns).toBeGreaterThan(5)
  const stop = new AbortController()
  const fit = model.fit(x, y, { epochs: 1_000_000, verbose: 0, signal: stop.signal })
  await pause(20)
  for (let i = 0; i < 20; i += 1) {
    const numbers = await numbersOf(model.predict(x, { batchSize: 64 }))
    expect(numbers.every((number) => number > 0 && number < 1)).toBe(true)
  }
  stop.abort()
  await expect(fit).rejects.toMatchObject({ code: 'ERR_ABORTED' })
})

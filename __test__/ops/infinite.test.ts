/** Numbers that are infinite, or whose sum is. */

import { expect, test } from 'vitest'
import { grad, ops, Sequential, tensor } from '../../ts/index.js'
import { Dense } from '../../ts/layers/index.js'
import { Mean } from '../../ts/metrics/index.js'

const inf = Number.POSITIVE_INFINITY
const rows = tensor([
  [-inf, -inf],
  [-inf, 0],
  [inf, 1],
])

test('logsumexp of −∞ alone is −∞, and its gradient is 0', () => {
  expect([...ops.logsumexp(rows, { axis: 1 }).dataSync()]).toEqual([-inf, 0, inf])
  const [hidden, half] = [tensor([-inf, -inf]), tensor([-inf, 0])]
  expect(ops.logsumexp(hidden).itemSync()).toBe(-inf)
  const slope = grad((x) => ops.logsumexp(x))
  expect([...slope(hidden).dataSync()]).toEqual([0, 0])
  expect([...slope(half).dataSync()]).toEqual([0, 1])
})

test('logsumexp of axes that are kept or not, and of several', () => {
  expect(ops.logsumexp(rows, { axis: 1, keepdims: true }).shape).toEqual([3, 1])
  expect(ops.logsumexp(tensor([[-inf, -inf]]), { axis: [0, 1] }).itemSync()).toBe(-inf)
})

test('softmax and its logarithm of −∞ alone are NaN, as in Keras', () => {
  const hidden = tensor([[-inf, -inf]])
  expect([...ops.softmax(hidden).dataSync()]).toEqual([Number.NaN, Number.NaN])
  expect([...ops.logSoftmax(hidden).dataSync()]).toEqual([Number.NaN, Number.NaN])
  const half = tensor([[-inf, 0]])
  expect([...ops.softmax(half).dataSync()]).toEqual([0, 1])
  expect([...ops.logSoftmax(half).dataSync()]).toEqual([-inf, 0])
})

test('the mean of numbers whose sum float32 does not hold is infinite; a metric over batches and a training are not misled', async () => {
  const large = tensor([3e38, 3e38])
  expect(ops.mean(large).itemSync()).toBe(inf)
  expect(ops.mean(ops.cast(large, 'float64')).itemSync()).toBeCloseTo(Math.fround(3e38), -30)
  const metric = new Mean()
  for (let batch = 0; batch < 2; batch++) metric.update(tensor([3e38]))
  expect(metric.result().itemSync()).toBe(Math.fround(3e38))
  const model = new Sequential([new Dense({ units: 1, inputShape: [1], kernelInitializer: 'ones' })])
  model.compile({ optimizer: 'sgd', loss: 'mae' })
  await expect(model.fit([[1], [1]], Float32Array.of(3e38, 3e38), { verbose: 0 })).rejects.toMatchObject({
    code: 'ERR_NON_FINITE',
  })
  expect(model.getWeights().map((weight) => weight.dataSync()[0])).toEqual([1, 0])
})

/** Logarithms of sums of exponentials where the scores are infinite. */

import { expect, test } from 'vitest'
import { grad, ops, tensor } from '../../ts/index.js'

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

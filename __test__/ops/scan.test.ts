import { grad, jit, ops, type Tensor, tensor } from 'ferrograd'
import { expect, test } from 'vitest'

const decay = (xs: Tensor): Tensor =>
  ops.scan(
    (carry: Tensor, x) => {
      const now = ops.add(ops.multiply(carry, 0.5), x)
      return { carry: now, output: now }
    },
    tensor(0, [], 'float64'),
    xs,
  ).outputs

test('walks forwards and backwards, eagerly and compiled', async () => {
  const xs = tensor([1, 2, 3], [3], 'float64')
  expect(decay(xs).arraySync()).toEqual([1, 2.5, 4.25])
  expect((await jit(decay)(xs)).arraySync()).toEqual([1, 2.5, 4.25])
  const { carry, outputs } = ops.scan(
    ([sum, count]: readonly [Tensor, Tensor], x) => ({ carry: [sum.add(x), count.add(1)] as const, output: sum }),
    [tensor([0, 0]), tensor(0)],
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { axis: 1, reverse: true },
  )
  expect(carry.map((one) => one.arraySync())).toEqual([[6, 15], 3])
  expect(outputs.arraySync()).toEqual([
    [5, 11],
    [3, 6],
    [0, 0],
  ])
})

test('is differentiable', () => {
  expect(grad((xs) => ops.sum(decay(xs)))(tensor([1, 2, 3], [3], 'float64')).arraySync()).toEqual([1.75, 1.5, 1])
})

test('refuses a carry that changes its shape, and an empty sequence', () => {
  const grows = () => ops.scan((c: Tensor, x) => ({ carry: ops.stack([c, x]), output: x }), tensor(0), [1, 2])
  expect(grows).toThrow('scan carry: expected float32[], got float32[2]')
  expect(() => decay(tensor([], [0], 'float64'))).toThrow('at least one element')
})

test('where chooses values and gradients, and a guarded side does not spoil them', () => {
  const f = (x: Tensor): Tensor => {
    const positive = ops.greater(x, 0)
    return ops.sum(ops.where(positive, ops.sqrt(ops.where(positive, x, 1)), 0))
  }
  expect(grad(f)([-4, 4]).arraySync()).toEqual([0, 0.25])
})
